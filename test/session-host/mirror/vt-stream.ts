/**
 * Streams of terminal output for property tests: text, real sequences with odd parameters, and garbage.
 */
import fc from '../../support/fast-check.js';

const int = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const csi = (params: fc.Arbitrary<string>, finals: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(params, fc.constantFrom(...finals)).map(([param, final]) => `\x1b[${param}${final}`);
const count = fc.oneof(fc.constant(''), int(12).map(String), oneOf('0', '999', '2147483647'));
const position = fc.tuple(int(14), int(26)).map(([row, column]) => `${row};${column}`);

const word = fc.oneof(
  fc.string({
    unit: fc.constantFrom(...'abcdefghij klmnopqrstuvwxyz_-|#~{}[]\\'),
    minLength: 1,
    maxLength: 24,
  }),
  fc.string({ unit: fc.constantFrom('一', '二', '三', 'ハ', '가', 'a'), minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('🚀', '✅', '❤️', '👩‍💻', '🇩🇪', 'x', '—', '…', '•', '─', '│', '╭', '▒'),
    minLength: 1,
    maxLength: 8,
  }),
  fc.string({
    unit: fc.constantFrom('e\u0301', 'a\u0300\u0323', '\u0301', '\u200d', 'n', '一\u3099'),
    minLength: 1,
    maxLength: 6,
  }),
);

const control = oneOf(
  '\n',
  '\r',
  '\r\n',
  '\b',
  '\t',
  '\x0b',
  '\x0c',
  '\x0e',
  '\x0f',
  '\x07',
  '\x00',
  '\x7f',
  '\x18',
  '\x1a',
);

const color = fc.oneof(
  fc.tuple(oneOf('3', '4', '9', '10'), int(7)).map(([base, index]) => `${base}${index}`),
  fc.tuple(oneOf('38', '48'), int(255)).map(([base, index]) => `${base};5;${index}`),
  fc.tuple(oneOf('38', '48'), int(255), int(255)).map(([base, red, blue]) => `${base};2;${red};${blue};7`),
  fc
    .tuple(oneOf('38', '48', '58'), int(255), int(255))
    .map(([base, green, blue]) => `${base}:2::9:${green}:${blue}`),
  int(255).map((index) => `58:5:${index}`),
  oneOf('39', '49', '59'),
);
const attribute = fc.oneof(
  oneOf(
    '',
    '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '7',
    '8',
    '9',
    '21',
    '22',
    '23',
    '24',
    '25',
    '27',
    '28',
    '29',
    '53',
    '55',
  ),
  oneOf('4:0', '4:1', '4:2', '4:3', '4:4', '4:5'),
  color,
);
const sgr = csi(
  fc.array(attribute, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(';')),
  ['m'],
);

const cursor = fc.oneof(
  csi(count, ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'I', 'Z', '`', 'a', 'd', 'e']),
  csi(position, ['H', 'f']),
  oneOf('\x1b7', '\x1b8', '\x1b[s', '\x1b[u', '\x1bD', '\x1bE', '\x1bM', '\u0084', '\u0085'),
);

const edit = fc.oneof(
  csi(count, ['@', 'L', 'M', 'P', 'S', 'T', 'X', 'b', ' @', ' A', "'}", "'~"]),
  csi(oneOf('', '0', '1', '2', '3'), ['J', 'K']),
  csi(oneOf('?', '?1', '?2'), ['J', 'K']),
  csi(oneOf('', '0', '1', '2'), ['"q']),
  oneOf('\x1b#8'),
);

const region = fc.oneof(
  csi(
    fc.tuple(int(8), int(12)).map(([top, bottom]) => `${top};${bottom}`),
    ['r'],
  ),
  oneOf('\x1b[r'),
);

const mode = fc.oneof(
  csi(
    fc
      .uniqueArray(
        fc.constantFrom(
          1,
          5,
          6,
          7,
          9,
          12,
          25,
          45,
          66,
          1000,
          1002,
          1003,
          1004,
          1005,
          1006,
          1007,
          1015,
          1016,
          2004,
          2026,
        ),
        { minLength: 1, maxLength: 3 },
      )
      .map((modes) => `?${modes.join(';')}`),
    ['h', 'l'],
  ),
  csi(oneOf('4', '20', '4;20'), ['h', 'l']),
  oneOf('\x1b=', '\x1b>'),
  csi(oneOf('', '0', '1', '2', '3', '4', '5', '6', '7'), [' q']),
);

const screenSwitch = csi(oneOf('?47', '?1047', '?1048', '?1049'), ['h', 'l']);
const tabs = oneOf('\x1bH', '\x1b[g', '\x1b[0g', '\x1b[3g', '\t', '\t\t', '\u0088');
const charset = fc.oneof(
  fc
    .tuple(oneOf('(', ')', '*', '+', '-', '.'), oneOf('0', 'A', 'B', '4', 'K', 'C', '='))
    .map(([set, to]) => `\x1b${set}${to}`),
  oneOf('\x0e', '\x0f', '\x1bn', '\x1bo', '\x1b|', '\x1b}', '\x1b~', '\x1b%G'),
);
const keyboard = fc.oneof(
  csi(
    int(31).map((flags) => `>${flags}`),
    ['u'],
  ),
  csi(
    int(3).map((pops) => `<${pops}`),
    ['u'],
  ),
  csi(
    fc.tuple(int(31), fc.integer({ min: 1, max: 3 })).map(([flags, how]) => `=${flags};${how}`),
    ['u'],
  ),
  oneOf('\x1b[>4;2m', '\x1b[>4m', '\x1b[>m', '\x1b[>1;3m', '\x1b[>4n', '\x1b[?u'),
);

const end = oneOf('\x07', '\x1b\\', '\u009c');
const osc = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, end).map(([body, st]) => `\x1b]${body}${st}`);
const rgb = oneOf('rgb:12/34/56', '#abc', '#a1b2c3', 'rgb:f/0/f', 'nonsense', '?');
const strings = fc.oneof(
  osc(fc.tuple(oneOf('0', '1', '2'), word).map(([number, text]) => `${number};${text}`)),
  osc(oneOf('8;;http://a.b/c', '8;id=x;http://a.b/c', '8;;', '8;id=y:k=v;file:///tmp;x', '8;nonsense')),
  osc(fc.tuple(int(300), rgb).map(([index, spec]) => `4;${index};${spec}`)),
  osc(fc.tuple(oneOf('10', '11', '12'), rgb, rgb).map(([number, a, b]) => `${number};${a};${b}`)),
  osc(oneOf('104', '104;1;2', '110', '111', '112', '7;file:///tmp', '9;hi', '133;A', '52;c;?', 'x', '')),
  oneOf('\x1b[22;0t', '\x1b[22;2t', '\x1b[22;1t', '\x1b[23;0t', '\x1b[23;2t', '\x1b[23;1t'),
  oneOf(
    '\x1bP$qm\x1b\\',
    '\x1bP+q544e\x1b\\',
    '\x1bPq#0;2;0;0;0~-\x1b\\',
    '\x1b_Gi=1;AAAA\x1b\\',
    '\x1b^pm\x1b\\',
  ),
  oneOf('\x1b[c', '\x1b[6n', '\x1b[?6n', '\x1b[?2026$p', '\x1b[18t', '\x1b[>q'),
);

const reset = oneOf('\x1b[!p', '\x1bc');
/** Sequences that never end, or make no sense. */
const broken = oneOf(
  '\x1b',
  '\x1b[',
  '\x1b[3',
  '\x1b[?1;',
  '\x1b[1<2m',
  '\x1b]0;abc',
  '\x1bP$q',
  '\x1b(',
  '\x1b[1$',
  '\x1b_',
  '\u009b',
  '\u009d2;t',
);

const garbage: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 1, maxLength: 6 });

/** Attributes that can be seen on blanks: a snapshot has to write such blanks as spaces. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with one
const MARKS = /\x1b\[[^m]*m|\x1b\]8;|"q/;

function streamOf(chars: (text: string) => string): fc.Arbitrary<Uint8Array> {
  const text = fc
    .oneof(
      { arbitrary: word, weight: 14 },
      { arbitrary: control, weight: 7 },
      { arbitrary: sgr, weight: 7 },
      { arbitrary: cursor, weight: 7 },
      { arbitrary: edit, weight: 6 },
      { arbitrary: region, weight: 2 },
      { arbitrary: mode, weight: 4 },
      { arbitrary: screenSwitch, weight: 2 },
      { arbitrary: tabs, weight: 2 },
      { arbitrary: charset, weight: 2 },
      { arbitrary: keyboard, weight: 2 },
      { arbitrary: strings, weight: 4 },
      { arbitrary: broken, weight: 1 },
      { arbitrary: reset, weight: 1 },
    )
    .map((piece) => Buffer.from(chars(piece), 'utf8'));
  return fc
    .array(fc.oneof({ arbitrary: text, weight: 40 }, { arbitrary: garbage, weight: 1 }), { maxLength: 60 })
    .map((pieces) => Buffer.concat(pieces));
}

/** Bytes as a program might write them. */
export const vtStream = streamOf((text) => text);

/** The same without underlines, links and the like. */
export const unmarkedStream = streamOf((text) => (MARKS.test(text) ? '\x1b[1;31;44m' : text));

/** With a single row, the mark that a line continues the one before cannot always be set again. */
export const terminalSize = fc.record({
  rows: fc.integer({ min: 2, max: 9 }),
  cols: fc.integer({ min: 2, max: 24 }),
});
