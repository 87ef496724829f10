/**
 * Ctrl and Alt of the key row: once for the next key, or locked by a second tap; and the bytes of keys that phones do not
 * have. Pure.
 */
export type Sticky = 'off' | 'once' | 'locked';

export interface Modifiers {
  readonly ctrl: Sticky;
  readonly alt: Sticky;
}

export const noModifiers: Modifiers = { ctrl: 'off', alt: 'off' };

export const nextSticky = { off: 'once', once: 'locked', locked: 'off' } as const satisfies Record<
  Sticky,
  Sticky
>;

/** What is left after a key. */
export function afterKey({ ctrl, alt }: Modifiers): Modifiers {
  return { ctrl: ctrl === 'locked' ? 'locked' : 'off', alt: alt === 'locked' ? 'locked' : 'off' };
}

export type NamedKey =
  | 'Escape'
  | 'Tab'
  | 'Enter'
  | 'ArrowUp'
  | 'ArrowDown'
  | 'ArrowLeft'
  | 'ArrowRight'
  | 'Home'
  | 'End'
  | 'PageUp'
  | 'PageDown';

const letters: Readonly<Partial<Record<NamedKey, string>>> = {
  ArrowUp: 'A',
  ArrowDown: 'B',
  ArrowRight: 'C',
  ArrowLeft: 'D',
  Home: 'H',
  End: 'F',
};
const plain: Readonly<Partial<Record<NamedKey, string>>> = { Escape: '\u001b', Tab: '\t', Enter: '\r' };
const numbers: Readonly<Partial<Record<NamedKey, number>>> = { PageUp: 5, PageDown: 6 };

/** What a terminal sends for a key. `application`: the program asked for application cursor keys. */
export function keyBytes(key: NamedKey, modifiers: Modifiers, application: boolean): string {
  const ctrl = modifiers.ctrl !== 'off';
  const alt = modifiers.alt !== 'off';
  const code = 1 + (alt ? 2 : 0) + (ctrl ? 4 : 0);
  const letter = letters[key];
  if (letter !== undefined)
    return code === 1 ? `\u001b${application ? 'O' : '['}${letter}` : `\u001b[1;${code}${letter}`;
  const number = numbers[key];
  if (number !== undefined) return code === 1 ? `\u001b[${number}~` : `\u001b[${number};${code}~`;
  return (alt ? '\u001b' : '') + (plain[key] ?? '');
}

/** Typed text with the modifiers that are set. Only single characters have a Ctrl form; the rest stays as it is. */
export function modified(text: string, { ctrl, alt }: Modifiers): string {
  if ([...text].length !== 1) return text;
  const changed = ctrl === 'off' ? text : control(text);
  return alt === 'off' ? changed : `\u001b${changed}`;
}

function control(character: string): string {
  const code = character.toUpperCase().charCodeAt(0);
  if (code >= 0x40 && code <= 0x5f) return String.fromCharCode(code & 0x1f);
  if (character === ' ' || character === '2') return '\u0000';
  if (character === '?') return '\u007f';
  return character === '/' ? '\u001f' : character;
}
