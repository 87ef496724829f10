/**
 * Character sets (G0 to G3): xterm keeps translation tables, a snapshot needs the letters that designate them.
 */
import type { Charset, CharsetService } from './xterm-internals.js';

const LETTERS = '0A4CRQKYEZH=';
const DESIGNATORS = ['(', ')', '*', '+'];
const SHIFTS = ['\x0f', '\x0e', '\x1bn', '\x1bo'];

const letters = new Map<Charset, string>();

/** Learns which table is which, from a terminal that has just been made. `select` designates G0. */
export function learnCharsets(service: CharsetService, select: (letter: string) => void): void {
  if (letters.size > 0) return;
  for (const letter of LETTERS) {
    select(letter);
    letters.set(service._charsets[0], letter);
  }
  select('B');
}

/** Sequences that make these sets current on a terminal whose sets are all ASCII. */
export function designate(charsets: readonly Charset[], glevel: number): string {
  let out = '';
  DESIGNATORS.forEach((designator, set) => {
    const letter = letters.get(charsets[set]);
    if (letter !== undefined) out += `\x1b${designator}${letter}`;
  });
  return glevel === 0 ? out : out + (SHIFTS[glevel] ?? '');
}

/** Undoes `designate`. */
export function undesignate(charsets: readonly Charset[], glevel: number): string {
  let out = '';
  DESIGNATORS.forEach((designator, set) => {
    if (letters.has(charsets[set])) out += `\x1b${designator}B`;
  });
  return glevel === 0 ? out : out + SHIFTS[0];
}

/** What to print so that `text` appears while `charset` is current. Some sets show an ASCII character as another. */
export function untranslate(text: string, charset: Charset): string {
  if (charset === undefined) return text;
  const first = text.charAt(0);
  const source = Object.entries(charset).find(
    ([, shown]) => shown.charAt(0) === first && first < '\x7f',
  )?.[0];
  return source === undefined ? text : source + text.slice(1);
}
