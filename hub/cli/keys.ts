/**
 * Keys by name: `ctrl-p`, `up`, `f5`, `x`; and the bytes that terminals send for them.
 *
 * A key combination is written as docker does, several are separated by commas: `ctrl-p,ctrl-q`.
 */
import { fail, type HubError } from '../../base/errors.js';

export interface Key {
  /** As the user wrote it, in small letters. */
  readonly name: string;
  /** What a terminal sends for it. */
  readonly bytes: string;
  /** Unicode code point and modifier number (1 + 4 for control), as the newer keyboard protocols name keys. */
  readonly codePoint?: number;
  readonly modifiers?: number;
}

const CTRL = 5;
const ESC = '\u001b';

const named: Readonly<Record<string, string>> = {
  enter: '\r',
  tab: '\t',
  'shift-tab': `${ESC}[Z`,
  escape: ESC,
  esc: ESC,
  space: ' ',
  backspace: '\u007f',
  comma: ',',
  up: `${ESC}[A`,
  down: `${ESC}[B`,
  right: `${ESC}[C`,
  left: `${ESC}[D`,
  home: `${ESC}[H`,
  end: `${ESC}[F`,
  insert: `${ESC}[2~`,
  delete: `${ESC}[3~`,
  pageup: `${ESC}[5~`,
  pagedown: `${ESC}[6~`,
  f1: `${ESC}OP`,
  f2: `${ESC}OQ`,
  f3: `${ESC}OR`,
  f4: `${ESC}OS`,
  f5: `${ESC}[15~`,
  f6: `${ESC}[17~`,
  f7: `${ESC}[18~`,
  f8: `${ESC}[19~`,
  f9: `${ESC}[20~`,
  f10: `${ESC}[21~`,
  f11: `${ESC}[23~`,
  f12: `${ESC}[24~`,
};

/** Those that send SS3 while the program has "application cursor keys" on. */
const cursorKeys = ['up', 'down', 'right', 'left', 'home', 'end'];

/** Reads a list of keys. Errors: cli.unknown_key. */
export function parseKeys(text: string): Key[] | HubError<'cli.unknown_key'> {
  const keys: Key[] = [];
  for (const name of text.split(',')) {
    const key = parseKey(name.trim() || name);
    if (key === undefined) return unknownKey(name, text);
    keys.push(key);
  }
  return keys;
}

/** The bytes of keys for a program in this mode. */
export function keyBytes(keys: readonly Key[], applicationCursor: boolean): string {
  return keys
    .map(({ name, bytes }) =>
      applicationCursor && cursorKeys.includes(name) ? bytes.replace('[', 'O') : bytes,
    )
    .join('');
}

/** A list of keys as people read it: `Ctrl-\ Ctrl-\`. */
export function shownKeys(keys: readonly Key[]): string {
  return keys.map(({ name }) => name.replace(/^(.)/, (first) => shownFirst(first, name))).join(' ');
}

function shownFirst(first: string, name: string): string {
  return name.length > 1 ? first.toUpperCase() : first;
}

function parseKey(written: string): Key | undefined {
  // A character is itself; names are in any case.
  if ([...written].length === 1)
    return { name: written, bytes: written, codePoint: codePointOf(written), modifiers: 1 };
  const name = written.toLowerCase();
  const bytes = named[name];
  if (bytes !== undefined) return { name, bytes };
  const control = /^(?:ctrl|c)-(.|space)$/u.exec(name)?.[1];
  return control === undefined ? undefined : controlKey(control === 'space' ? ' ' : control);
}

/** `ctrl-` and one of a-z @ [ \ ] ^ _ space. */
function controlKey(char: string): Key | undefined {
  const code = char === ' ' ? 0 : char.toUpperCase().charCodeAt(0) - 64;
  if (code < 0 || code > 31) return undefined;
  return {
    name: `ctrl-${char === ' ' ? 'space' : char}`,
    bytes: String.fromCharCode(code),
    codePoint: codePointOf(char),
    modifiers: CTRL,
  };
}

function codePointOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function unknownKey(name: string, text: string): HubError<'cli.unknown_key'> {
  return fail(
    'cli.unknown_key',
    `There is no key "${name}" in "${text}". Keys are single characters, ctrl-a to ctrl-z, ctrl-@ [ \\ ] ^ _, ` +
      `${Object.keys(named).join(', ')}; several are separated by commas.`,
  );
}
