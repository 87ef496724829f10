/**
 * Lines of a screen as VT text: writing it at the start of a cleared line gives the same cells and wraps.
 *
 * Blanks that nobody can tell from untouched cells are skipped; coloured ones are erased cells again; those that show
 * an underline or the like are spaces. A line that continues the one before is reached by wrapping, as it was.
 */
import type { Links } from './links.js';
import { color, DEFAULT_PEN, loadPen, marksBlanks, type Pen, samePen, sgr } from './sgr.js';
import {
  CELL_SIZE,
  type Cells,
  CODEPOINT_MASK,
  HAS_CONTENT,
  IS_COMBINED,
  WIDTH_SHIFT,
} from './xterm-internals.js';

export function defaultPen(): Pen {
  return { ...DEFAULT_PEN };
}

/** The text of a cell; empty for a blank. */
export function cellText(line: Cells, column: number): string {
  const content = line._data[column * CELL_SIZE] ?? 0;
  if ((content & IS_COMBINED) !== 0) return line._combined[column] ?? '';
  const code = content & CODEPOINT_MASK;
  return code === 0 ? '' : String.fromCodePoint(code);
}

export function cellWidth(line: Cells, column: number): number {
  return (line._data[column * CELL_SIZE] ?? 0) >>> WIDTH_SHIFT;
}

/** Reads the pen of a cell into `into`. */
export function cellPen(line: Cells, column: number, into: Pen): Pen {
  const at = column * CELL_SIZE;
  return loadPen(into, line._data[at + 1] ?? 0, line._data[at + 2] ?? 0, line._extendedAttrs[column]);
}

/** True if the cell is written as a character, be it a space. */
function isPrinted(line: Cells, column: number, scratch: Pen): boolean {
  return (
    ((line._data[column * CELL_SIZE] ?? 0) & HAS_CONTENT) !== 0 || marksBlanks(cellPen(line, column, scratch))
  );
}

export class Painter {
  /** What has been written so far. */
  out = '';
  /** The pen that a terminal has after `out`. */
  readonly #pen = defaultPen();
  readonly #scratch = defaultPen();
  readonly #links: Links;
  readonly #cols: number;
  readonly #rows: number;

  constructor(links: Links, rows: number, cols: number) {
    this.#links = links;
    this.#rows = rows;
    this.#cols = cols;
  }

  setPen(pen: Readonly<Pen>): void {
    this.out += sgr(this.#pen, pen);
    if (pen.link !== this.#pen.link) this.out += this.#link(pen.link);
    Object.assign(this.#pen, pen);
  }

  /** The terminal took its pen from elsewhere (DECRC); an open link stays. */
  penIs(pen: Readonly<Pen>): void {
    Object.assign(this.#pen, pen, { link: this.#pen.link });
  }

  /** Paints `lines` from the first row on; the screen is empty, the cursor in its corner. Yields between lines. */
  *paint(lines: Iterable<Cells>): Generator<void, void, void> {
    let index = 0;
    let line: Cells | undefined;
    let under = 0;
    for (const next of lines) {
      if (line !== undefined) {
        const early = next.isWrapped && this.#wrapsEarly(line, next);
        this.#paintLine(line, under, early);
        under = this.#moveOn(line, next, { early, scrolls: index++ >= this.#rows - 1 });
        yield;
      }
      line = next;
    }
    if (line !== undefined) this.#paintLine(line, under, false);
  }

  /** From the end of `line` to the start of `next`. Returns the background of its untouched cells. */
  #moveOn(line: Cells, next: Cells, { early, scrolls }: { early: boolean; scrolls: boolean }): number {
    const scratch = this.#scratch;
    if (next.isWrapped) {
      const last = this.#cols - 1;
      const full = cellWidth(line, last) === 0 || isPrinted(line, last, scratch);
      if (early || (full && isPrinted(next, 0, scratch))) {
        // The first character of the next line makes the wrap, and colours what scrolls in.
        return scrolls ? color(cellPen(next, 0, scratch).bg) : 0;
      }
      if (this.#rows > 1) {
        this.#forceWrap(line, full);
        return 0;
      }
    }
    if (color(this.#pen.bg) !== 0) this.setPen(DEFAULT_PEN);
    this.out += '\r\n';
    return 0;
  }

  /** True if the last cell is blank because the wide character that begins the next line did not fit. */
  #wrapsEarly(line: Cells, next: Cells): boolean {
    const last = this.#cols - 1;
    if (cellWidth(next, 0) !== 2 || cellWidth(line, last) !== 1 || cellText(line, last) !== '') return false;
    const wide = cellPen(next, 0, defaultPen());
    const blank = cellPen(line, last, this.#scratch);
    if (marksBlanks(wide) || marksBlanks(blank)) return samePen(wide, blank);
    return color(wide.bg) === color(blank.bg);
  }

  /** Wraps with characters that are erased again. */
  #forceWrap(line: Cells, full: boolean): void {
    const last = this.#cols - 1;
    this.setPen(DEFAULT_PEN);
    this.out += full ? 'x' : `\x1b[${this.#cols}Gxx`;
    if (!full) {
      this.out += `\x1b[A\x1b[${this.#cols}G`;
      this.#erase(color(cellPen(line, last, this.#scratch).bg), 1);
      this.setPen(DEFAULT_PEN);
      this.out += '\x1b[B';
    }
    this.out += '\r\x1b[X';
  }

  /** `under`: the background of untouched cells. `early`: the last cell is left alone, with the cursor in front of it. */
  #paintLine(line: Cells, under: number, early: boolean): void {
    const data = line._data;
    const pen = this.#scratch;
    const end = early ? this.#cols - 1 : this.#cols;
    let gap = 0;
    for (let column = 0; column < end; ) {
      const content = data[column * CELL_SIZE] ?? 0;
      cellPen(line, column, pen);
      const blank = (content & HAS_CONTENT) === 0;
      if (blank && !marksBlanks(pen)) {
        const bg = color(pen.bg);
        const run = this.#blankRun(line, column, end, bg);
        if (bg !== under) {
          this.#move(gap);
          this.#erase(bg, run);
          gap = 0;
        }
        gap += run;
        column += run;
        continue;
      }
      this.#move(gap);
      gap = 0;
      this.setPen(pen);
      this.out += blank ? ' ' : cellText(line, column);
      column += content >>> WIDTH_SHIFT || 1;
    }
    if (early) this.#move(gap);
  }

  /** How many blanks of this background follow each other. */
  #blankRun(line: Cells, from: number, end: number, bg: number): number {
    const data = line._data;
    const pen = defaultPen();
    let column = from + 1;
    while (column < end) {
      if (((data[column * CELL_SIZE] ?? 0) & HAS_CONTENT) !== 0) break;
      cellPen(line, column, pen);
      if (marksBlanks(pen) || color(pen.bg) !== bg) break;
      column++;
    }
    return column - from;
  }

  #erase(bg: number, count: number): void {
    if (color(this.#pen.bg) !== bg) this.setPen({ ...DEFAULT_PEN, bg });
    this.out += count === 1 ? '\x1b[X' : `\x1b[${count}X`;
  }

  #move(columns: number): void {
    if (columns > 0) this.out += columns === 1 ? '\x1b[C' : `\x1b[${columns}C`;
  }

  #link(number: number): string {
    const link = number === 0 ? undefined : this.#links.getLinkData(number);
    if (link === undefined) return '\x1b]8;;\x1b\\';
    return `\x1b]8;${link.id === undefined ? '' : `id=${link.id}`};${link.uri}\x1b\\`;
  }
}
