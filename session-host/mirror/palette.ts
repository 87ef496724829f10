/**
 * The terminal's colours: what programs set and ask for with OSC 4, 10, 11, 12 and their resets.
 * The defaults are those of a dark theme. A client shows its own colours unless the program set some.
 */
import type { ParserHooks } from './parser-hooks.js';

/** Indexes beyond the palette: text, background, cursor. */
const FOREGROUND = 256;
const BACKGROUND = 257;
const CURSOR = 258;
const SPECIAL = [FOREGROUND, BACKGROUND, CURSOR] as const;

/** xterm.js' own sixteen, which our clients show. */
const BASE = [
  0x2e3436, 0xcc0000, 0x4e9a06, 0xc4a000, 0x3465a4, 0x75507b, 0x06989a, 0xd3d7cf, 0x555753, 0xef2929,
  0x8ae234, 0xfce94f, 0x729fcf, 0xad7fa8, 0x34e2e2, 0xeeeeec,
] as const;
const CUBE = [0, 95, 135, 175, 215, 255] as const;
const DEFAULT_TEXT = 0xe5e5e5;
const DEFAULT_BACKGROUND = 0x1e1e1e;

export class Palette {
  /** What differs from the defaults. */
  readonly changed = new Map<number, number>();

  constructor(hooks: ParserHooks, reply: (text: string) => void) {
    hooks.osc(4, (text) => this.#indexed(text, reply));
    hooks.osc(104, (text) => this.#resetIndexed(text));
    SPECIAL.forEach((index, at) => {
      hooks.osc(10 + at, (text) => this.#special(text, at, reply));
      hooks.osc(110 + at, () => {
        this.changed.delete(index);
        return true;
      });
    });
    hooks.esc('c', () => {
      this.changed.clear();
      return false;
    });
  }

  /** Programs that ask for the colour scheme want to know this. */
  get isDark(): boolean {
    const color = this.#color(BACKGROUND);
    return 299 * (color >> 16) + 587 * ((color >> 8) & 0xff) + 114 * (color & 0xff) < 128_000;
  }

  /** Sequences that set, on a terminal with whatever colours, what the program set. */
  restore(): string {
    let out = '\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\';
    for (const [index, color] of this.changed) {
      const code = index < 256 ? `4;${index}` : `${index - FOREGROUND + 10}`;
      out += `\x1b]${code};${spec(color, 1)}\x1b\\`;
    }
    return out;
  }

  #indexed(text: string, reply: (text: string) => void): boolean {
    const slots = text.split(';');
    for (let at = 0; at + 1 < slots.length; at += 2) {
      const index = paletteIndex(slots[at]);
      if (index === undefined) continue;
      if (slots[at + 1] === '?') reply(`\x1b]4;${index};${spec(this.#color(index), 257)}\x1b\\`);
      else this.#set(index, parseColor(slots[at + 1] ?? ''));
    }
    return true;
  }

  /** OSC 10 may carry the colours of 11 and 12 as well, and so on. */
  #special(text: string, first: number, reply: (text: string) => void): boolean {
    text.split(';').forEach((slot, at) => {
      const index = SPECIAL[first + at];
      if (index === undefined) return;
      if (slot === '?') reply(`\x1b]${10 + first + at};${spec(this.#color(index), 257)}\x1b\\`);
      else this.#set(index, parseColor(slot));
    });
    return true;
  }

  #resetIndexed(text: string): boolean {
    const given =
      text === '' ? Array.from({ length: 256 }, (_, index) => index) : text.split(';').map(paletteIndex);
    for (const index of given) if (index !== undefined) this.changed.delete(index);
    return true;
  }

  #set(index: number, color: number | undefined): void {
    if (color !== undefined) this.changed.set(index, color);
  }

  #color(index: number): number {
    const set = this.changed.get(index);
    if (set !== undefined) return set;
    if (index === CURSOR) return this.#color(FOREGROUND);
    return defaultColor(index);
  }
}

function paletteIndex(text = ''): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const index = Number(text);
  return index < 256 ? index : undefined;
}

function defaultColor(index: number): number {
  if (index === FOREGROUND) return DEFAULT_TEXT;
  if (index === BACKGROUND) return DEFAULT_BACKGROUND;
  if (index < 16) return BASE[index] ?? 0;
  if (index >= 232) return (8 + (index - 232) * 10) * 0x010101;
  const at = index - 16;
  const [red, green, blue] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6];
  return ((CUBE[red] ?? 0) << 16) | ((CUBE[green] ?? 0) << 8) | (CUBE[blue] ?? 0);
}

/** `rgb:` with 2 (factor 1) or 4 (factor 257) digits. */
function spec(color: number, factor: 1 | 257): string {
  const part = (value: number): string => (value * factor).toString(16).padStart(factor === 1 ? 2 : 4, '0');
  return `rgb:${part(color >> 16)}/${part((color >> 8) & 0xff)}/${part(color & 0xff)}`;
}

/** XParseColor's `rgb:h/h/h` to `rgb:hhhh/hhhh/hhhh` and `#rgb` to `#rrrrggggbbbb`; names are not known. */
export function parseColor(text: string): number | undefined {
  const lower = text.toLowerCase();
  const parts = /^rgb:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})$/.exec(lower);
  if (parts !== null) {
    return join(
      parts.slice(1).map((part) => Math.round((Number.parseInt(part, 16) / (16 ** part.length - 1)) * 255)),
    );
  }
  const hex = /^#((?:[\da-f]{3}){1,4})$/.exec(lower)?.[1];
  if (hex === undefined) return undefined;
  const digits = hex.length / 3;
  return join(
    [0, 1, 2].map((at) => {
      const part = hex.slice(at * digits, (at + 1) * digits);
      return Number.parseInt(part.padEnd(2, '0').slice(0, 2), 16);
    }),
  );
}

function join([red = 0, green = 0, blue = 0]: readonly number[]): number {
  return (red << 16) | (green << 8) | blue;
}
