/**
 * Attributes of cells as SGR sequences: the shortest change from one pen to the next.
 */
import {
  BG_DIM,
  BG_HAS_EXTENDED,
  BG_ITALIC,
  BG_OVERLINE,
  BG_PROTECTED,
  COLOR_MASK,
  COLOR_MODE_MASK,
  FG_BLINK,
  FG_BOLD,
  FG_INVERSE,
  FG_INVISIBLE,
  FG_STRIKETHROUGH,
  PALETTE_16,
  PALETTE_256,
  PALETTE_MASK,
  RGB,
  RGB_MASK,
} from './xterm-internals.js';

const UNDERLINE_STYLE_MASK = 0x1c000000;

/** What characters are written with. Numbers are xterm's; `ext` holds underline style (bits 26-28) and colour. */
export interface Pen {
  fg: number;
  bg: number;
  ext: number;
  /** Number of the hyperlink, 0 for none. */
  link: number;
}

export const DEFAULT_PEN: Readonly<Pen> = { fg: 0, bg: 0, ext: 0, link: 0 };

/** Bits of fg and bg that SGR sets and clears, the underline aside: it always has a style, in `ext`. */
const FG_FLAGS = FG_INVERSE | FG_BOLD | FG_BLINK | FG_INVISIBLE | FG_STRIKETHROUGH;
const BG_FLAGS = BG_ITALIC | BG_DIM | BG_OVERLINE;

/** The colour without what earlier colours left in unused bits. */
export function color(value: number): number {
  switch (value & COLOR_MODE_MASK) {
    case PALETTE_16:
    case PALETTE_256:
      return value & (COLOR_MODE_MASK | PALETTE_MASK);
    case RGB:
      return value & COLOR_MASK;
    default:
      return 0;
  }
}

/** Underline style: 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed. */
export function underlineStyle(pen: Readonly<Pen>): number {
  return (pen.ext >>> 26) & 7;
}

/** The sequence that makes `from` draw like `to`, hyperlinks aside. Empty when nothing visible differs. */
export function sgr(from: Readonly<Pen>, to: Readonly<Pen>): string {
  const protect = ((from.bg ^ to.bg) & BG_PROTECTED) === 0 ? '' : protection(to);
  const changes = change(from, to);
  if (changes === '') return protect;
  // SGR 0 also ends protection, on some terminals.
  const lost = (changes === '0' || changes.startsWith('0;')) && (to.bg & BG_PROTECTED) !== 0;
  return `\x1b[${changes === '0' ? '' : changes}m${lost ? protection(to) : protect}`;
}

function protection(pen: Readonly<Pen>): string {
  return `\x1b[${(pen.bg & BG_PROTECTED) === 0 ? 0 : 1}"q`;
}

function change(from: Readonly<Pen>, to: Readonly<Pen>): string {
  if (same(from, to)) return '';
  const lost =
    ((from.fg & ~to.fg & FG_FLAGS) | (from.bg & ~to.bg & BG_FLAGS)) !== 0 ||
    (from.ext !== to.ext && from.ext !== 0);
  const parts = lost ? ['0'] : [];
  const base = lost ? DEFAULT_PEN : from;
  flags(parts, to.fg & ~base.fg, to.bg & ~base.bg);
  const style = underlineStyle(to);
  if (style !== underlineStyle(base)) parts.push(style === 1 ? '4' : `4:${style}`);
  if (color(to.fg) !== color(base.fg)) parts.push(colorCode(color(to.fg), 30));
  if (color(to.bg) !== color(base.bg)) parts.push(colorCode(color(to.bg), 40));
  if (color(to.ext) !== color(base.ext)) parts.push(underlineColor(color(to.ext)));
  return parts.join(';');
}

function same(a: Readonly<Pen>, b: Readonly<Pen>): boolean {
  return (
    ((a.fg ^ b.fg) & FG_FLAGS) === 0 &&
    ((a.bg ^ b.bg) & BG_FLAGS) === 0 &&
    a.ext === b.ext &&
    color(a.fg) === color(b.fg) &&
    color(a.bg) === color(b.bg)
  );
}

/** True if nothing that is written looks different. */
export function samePen(a: Readonly<Pen>, b: Readonly<Pen>): boolean {
  return same(a, b) && ((a.bg ^ b.bg) & BG_PROTECTED) === 0 && a.link === b.link;
}

function flags(parts: string[], fg: number, bg: number): void {
  if ((fg & FG_BOLD) !== 0) parts.push('1');
  if ((bg & BG_DIM) !== 0) parts.push('2');
  if ((bg & BG_ITALIC) !== 0) parts.push('3');
  if ((fg & FG_BLINK) !== 0) parts.push('5');
  if ((fg & FG_INVERSE) !== 0) parts.push('7');
  if ((fg & FG_INVISIBLE) !== 0) parts.push('8');
  if ((fg & FG_STRIKETHROUGH) !== 0) parts.push('9');
  if ((bg & BG_OVERLINE) !== 0) parts.push('53');
}

/** `base`: 30 for text, 40 for the background. */
function colorCode(value: number, base: 30 | 40): string {
  const index = value & PALETTE_MASK;
  switch (value & COLOR_MODE_MASK) {
    case PALETTE_16:
      return String(index < 8 ? base + index : base + 60 + (index - 8));
    case PALETTE_256:
      return `${base + 8};5;${index}`;
    case RGB:
      return `${base + 8};2;${channels(value, ';')}`;
    default:
      return String(base + 9);
  }
}

/** With colons: a terminal that does not know it would read semicolons as other attributes. */
function underlineColor(value: number): string {
  switch (value & COLOR_MODE_MASK) {
    case PALETTE_16:
    case PALETTE_256:
      return `58:5:${value & PALETTE_MASK}`;
    case RGB:
      return `58:2::${channels(value, ':')}`;
    default:
      return '59';
  }
}

function channels(value: number, separator: string): string {
  const rgb = value & RGB_MASK;
  return [rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff].join(separator);
}

/** What SGR would report for this pen: its own sequence, without ESC [ and m. */
export function describe(pen: Readonly<Pen>): string {
  const changes = change(DEFAULT_PEN, pen);
  return changes === '' ? '0' : `0;${changes}`;
}

/** True if a blank drawn with this pen shows more than its background. */
export function marksBlanks(pen: Readonly<Pen>): boolean {
  return (
    (pen.fg & (FG_INVERSE | FG_STRIKETHROUGH)) !== 0 ||
    (pen.bg & (BG_OVERLINE | BG_PROTECTED)) !== 0 ||
    underlineStyle(pen) !== 0 ||
    pen.link !== 0
  );
}

/** Reads the pen of a cell into `into`. */
export function loadPen(into: Pen, fg: number, bg: number, extended: Extended | undefined): Pen {
  const has = (bg & BG_HAS_EXTENDED) !== 0 && extended !== undefined;
  into.fg = fg;
  into.bg = bg;
  into.ext = has ? extendedBits(extended._ext) : 0;
  into.link = has ? extended.urlId : 0;
  return into;
}

interface Extended {
  readonly _ext: number;
  readonly urlId: number;
}

/** Underline style and colour, without what is left in unused bits. */
export function extendedBits(ext: number): number {
  return (ext & UNDERLINE_STYLE_MASK) | color(ext);
}
