/**
 * Which control sequences are questions: a terminal answers them with bytes that look like typing.
 *
 * From the control sequence lists of xterm, kitty, VTE and iTerm2. Requests that a terminal answers only if the program
 * uses a feature of its own (images with an id) are not in it.
 */

/** Kinds of strings, by the letter after ESC. */
export type StringKind = ']' | 'P' | '_';

/**
 * `more`: what has come of the string does not tell yet. The other verdicts stay the same whatever follows.
 */
export type StringVerdict = 'query' | 'pass' | 'more';

/** Final bytes by what stands before them: prefix and intermediates without the numbers. */
const csiQueries = new Set([
  // Device attributes (DA1, DA2, DA3), terminal name and version (XTVERSION).
  'c',
  '>c',
  '=c',
  '>q',
  // Status and cursor position (DSR, DECXCPR), modes (DECRQM), parameters (DECREQTPARM).
  'n',
  '?n',
  '$p',
  '?$p',
  'x',
  // Keyboard: kitty's flags, xterm's modifier options (XTQMODKEYS).
  '?u',
  '?m',
  // Reports of checksum, presentation, state, supplemental set, displayed extent, locator, colours, rendition.
  '*y',
  '$w',
  '$u',
  '&u',
  '"v',
  "'|",
  '#R',
  '#|',
  // Graphics attributes (XTSMGRAPHICS) are read, set and reset with an answer.
  '?S',
]);

/** CSI Ps t: state, position, sizes, titles of the window. */
const windowReports = new Set([11, 13, 14, 15, 16, 18, 19, 20, 21]);

/** `parameters`: all between CSI and the final byte. */
export function isCsiQuery(parameters: string, final: string): boolean {
  if (parameters === '' || /^[0-9:;]*$/.test(parameters)) {
    return final === 't' ? windowReports.has(Number.parseInt(parameters, 10)) : csiQueries.has(final);
  }
  return csiQueries.has(parameters.replace(/[0-9:;]/g, '') + final);
}

/** `text`: what has come between the introducer and the terminator, all of it if `complete`. */
export function stringVerdict(kind: StringKind, text: string, complete: boolean): StringVerdict {
  switch (kind) {
    case ']':
      return oscVerdict(text, complete);
    case 'P':
      return dcsVerdict(text, complete);
    case '_':
      return apcVerdict(text, complete);
  }
}

/** XTGETTCAP, XTGETXRES, DECRQSS, by what stands between the numbers and the data. */
const dcsQueries = ['+q', '+Q', '$q'];

function dcsVerdict(text: string, complete: boolean): StringVerdict {
  // Bytes below a blank do not count.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  const begin = /^[0-9:;<=>?\u0000-\u001f]*([ -/\u0000-\u001f]*)([@-~])?/.exec(text);
  const [whole = '', intermediates = '', final] = begin ?? [];
  if (final === undefined) return !complete && whole === text ? 'more' : 'pass';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  return dcsQueries.includes(intermediates.replace(/[\u0000-\u001f]/g, '') + final) ? 'query' : 'pass';
}

/** Kitty graphics that only ask (a=q). */
function apcVerdict(text: string, complete: boolean): StringVerdict {
  if (text === '') return complete ? 'pass' : 'more';
  if (!text.startsWith('G')) return 'pass';
  const end = text.indexOf(';');
  if (end === -1 && !complete) return 'more';
  const keys = text.slice(1, end === -1 ? undefined : end).split(',');
  return keys.includes('a=q') ? 'query' : 'pass';
}

function oscVerdict(text: string, complete: boolean): StringVerdict {
  const digits = /^[0-9]*/.exec(text)?.[0] ?? '';
  if (digits.length === text.length && !complete) return 'more';
  if (digits === '') return 'pass';
  const number = Number(digits);
  const ask = number >= 10 && number <= 19 ? colors : oscQueries.get(number);
  return ask === undefined ? 'pass' : ask(text.slice(digits.length + 1), complete);
}

/** Whether an OSC changes colours of the terminal itself. */
export function setsColors(text: string): boolean {
  return /^0*(?:4|5|1[0-9]|21);/.test(text);
}

type Ask = (text: string, complete: boolean) => StringVerdict;

/** Some field is a question mark. */
const colors: Ask = (text, complete) => {
  if (!complete) return 'more';
  return text.split(';').some((field) => field.startsWith('?')) ? 'query' : 'pass';
};

const always: Ask = () => 'query';

const oscQueries: ReadonlyMap<number, Ask> = new Map([
  // Colours of the palette; 10 to 19 are the special ones.
  [4, colors],
  [5, colors],
  // Kitty's colours, pointer shape; the font.
  [21, (text, complete) => onceComplete(complete, /(?:^|;)[^;=]*=\?/.test(text))],
  [22, (text, complete) => onceComplete(complete, text.startsWith('?'))],
  [50, (text, complete) => onceComplete(complete, text.endsWith('?'))],
  // Clipboard: what stands after the second semicolon. A long one is known from its first character.
  [52, (text, complete) => afterField(text, complete, (data) => data.startsWith('?'))],
  // What features are allowed.
  [60, always],
  [61, always],
  // Kitty's notifications: whether they are supported.
  [99, (text, complete) => beforeField(text, complete, (keys) => keys.split(':').includes('p=?'))],
  // iTerm2.
  [
    1337,
    (text, complete) => beginsWith(['ReportCellSize', 'ReportVariable=', 'RequestUpload='], text, complete),
  ],
]);

function onceComplete(complete: boolean, asks: boolean): StringVerdict {
  if (!complete) return 'more';
  return asks ? 'query' : 'pass';
}

function afterField(text: string, complete: boolean, asks: (rest: string) => boolean): StringVerdict {
  const end = text.indexOf(';');
  if (end === -1 || end === text.length - 1) return complete ? 'pass' : 'more';
  return asks(text.slice(end + 1)) ? 'query' : 'pass';
}

function beforeField(text: string, complete: boolean, asks: (field: string) => boolean): StringVerdict {
  const end = text.indexOf(';');
  if (end === -1 && !complete) return 'more';
  return asks(end === -1 ? text : text.slice(0, end)) ? 'query' : 'pass';
}

function beginsWith(words: readonly string[], text: string, complete: boolean): StringVerdict {
  if (words.some((word) => text.startsWith(word))) return 'query';
  return !complete && words.some((word) => word.startsWith(text)) ? 'more' : 'pass';
}
