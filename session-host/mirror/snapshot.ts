/**
 * The whole state of a terminal as VT text: after RIS and these bytes another terminal of the same size is in it.
 *
 * Order matters everywhere: what moves the cursor comes before it is placed, modes that change how text is written
 * come after the text, and the last thing is the character before the cursor, so that a repeat or a mark that follows
 * finds it. docs/decisions/xterm-headless.md says what cannot be expressed.
 */
import { concat } from './boundary.js';
import { designate, undesignate, untranslate } from './charsets.js';
import type { Links } from './links.js';
import type { ModeTracker } from './modes.js';
import { cellPen, cellText, cellWidth, defaultPen, Painter } from './paint.js';
import type { Palette } from './palette.js';
import type { SavedCursor, SavedCursors } from './saved-cursor.js';
import { DEFAULT_PEN, extendedBits, type Pen } from './sgr.js';
import { type Buffer, blankCells, type Cells, type Core } from './xterm-internals.js';

export interface ScreenState {
  readonly core: Core;
  readonly modes: ModeTracker;
  readonly palette: Palette;
  readonly links: Links;
  readonly savedCursors: SavedCursors;
  /** Bytes that the emulator has not seen, or of which it has seen only a part: they go last. */
  readonly unfinished: Uint8Array;
}

const MOUSE_MODES: Readonly<Record<string, number>> = { X10: 9, VT200: 1000, DRAG: 1002, ANY: 1003 };
const CURSOR_STYLES = { block: 2, underline: 4, bar: 6 } as const;

/** Text is turned into bytes in parts of this size, so that no step takes long. */
const CHUNK_CHARS = 32 * 1024;

/** Yields between lines, so that it can be done in slices; the terminal must not change until it is done. */
export function* takeSnapshot(
  state: ScreenState,
  scrollback: number,
): Generator<void, Uint8Array<ArrayBuffer>, void> {
  const writer = new SnapshotWriter(state);
  const steps = writer.write(scrollback);
  const chunks: Uint8Array[] = [];
  while (steps.next().done !== true) {
    if (writer.chars >= CHUNK_CHARS) chunks.push(writer.take());
    yield;
  }
  chunks.push(writer.take(), state.unfinished);
  return concat(chunks);
}

class SnapshotWriter {
  readonly #state: ScreenState;
  readonly #core: Core;
  readonly #painter: Painter;
  readonly #rows: number;
  readonly #cols: number;

  constructor(state: ScreenState) {
    this.#state = state;
    this.#core = state.core;
    const { rows, cols } = state.core._bufferService;
    this.#rows = rows;
    this.#cols = cols;
    this.#painter = new Painter(state.links, rows, cols);
  }

  get chars(): number {
    return this.#painter.out.length;
  }

  /** What has been written since the last call, as UTF-8. */
  take(): Uint8Array {
    const bytes = new TextEncoder().encode(this.#painter.out);
    this.#painter.out = '';
    return bytes;
  }

  *write(scrollback: number): Generator<void, void, void> {
    const { normal, alt, active } = this.#core._bufferService.buffers;
    const { keyboard } = this.#state.modes;
    this.#put('\x1b[20l', this.#state.palette.restore(), this.#titles());
    if (active === normal && (this.#hasSavedCursor(alt) || keyboard.alternate.length > 0)) {
      this.#put('\x1b[?47h');
      this.#saveCursor(alt);
      this.#put(this.#keyboard(keyboard.alternate), '\x1b[?47l\x1b[H');
    }
    this.#saveCursor(normal);
    yield* this.#painter.paint(this.#lines(normal, scrollback));
    this.#painter.setPen(DEFAULT_PEN);
    if (normal.ybase === 0 && continues(normal, 0)) this.#put('\x1b[3J');
    this.#put(this.#tabStops(normal), this.#keyboard(keyboard.normal));
    if (active === alt) {
      this.#put(this.#margins(normal));
      this.#enterAlternate(normal);
      this.#saveCursor(alt);
      yield* this.#painter.paint(this.#lines(alt, 0));
      this.#painter.setPen(DEFAULT_PEN);
      this.#put(this.#tabStops(alt), this.#keyboard(keyboard.alternate));
    }
    this.#finish(active);
  }

  /** Everything that is not a screen's content, then the cursor, then how it writes. */
  #finish(active: Buffer): void {
    const { _charsetService: charsets, _inputHandler: handler, coreService } = this.#core;
    const modes = coreService.decPrivateModes;
    this.#put(this.#clientModes(), this.#margins(active));
    if (modes.origin) this.#put('\x1b[?6h');
    if (modes.reverseWraparound) this.#put('\x1b[?45h');
    if (!modes.wraparound) this.#put('\x1b[?7l');
    const last = this.#placeCursor(active);
    this.#painter.setPen(currentPen(handler._curAttrData));
    // Also ends what the character before could be repeated by, if it was printed only to place the cursor.
    this.#put(coreService.isCursorHidden ? '\x1b[?25l' : '\x1b[?25h');
    this.#put(designate(charsets._charsets, charsets.glevel));
    if (coreService.modes.insertMode) this.#put('\x1b[4h');
    if (modes.synchronizedOutput) this.#put('\x1b[?2026h');
    this.#put(untranslate(last, charsets.charset));
  }

  /** Returns what must be printed when everything else is set. */
  #placeCursor(active: Buffer): string {
    const { _inputHandler: handler, coreService } = this.#core;
    const width = (handler._parser.precedingJoinState >> 1) & 3;
    const line = active.lines.get(active.ybase + active.y);
    if (line === undefined) return '';
    if (width > 0) {
      const column = active.x - width;
      if (column >= 0 && cellWidth(line, column) === width && cellText(line, column) !== '') {
        this.#moveTo(active, column);
        // In insert mode the character pushes the rest of the line to where it is.
        if (coreService.modes.insertMode) this.#put(`\x1b[${width}P`);
        return cellText(line, column);
      }
      if (active.x === this.#cols - 1) {
        // A wide character did not fit, with autowrap off. Another one does not fit either.
        if (cellText(line, active.x) === '' && cellWidth(line, active.x) === 1)
          this.#moveTo(active, active.x);
        else this.#pendingWrap(active, line);
        return '\u4e00';
      }
    }
    if (active.x >= this.#cols) this.#pendingWrap(active, line);
    else this.#moveTo(active, active.x);
    return '';
  }

  /** Only a character printed in the last column leaves the cursor behind it. */
  #pendingWrap(active: Buffer, line: Cells): void {
    const last = this.#cols - 1;
    const column = cellWidth(line, last) === 0 ? last - 1 : last;
    const text = cellText(line, column);
    if (text === '' && active === this.#core._bufferService.buffers.normal) {
      // The cell was erased since. The place of the cursor goes with it from one screen to the other.
      this.#put('\x1b[?47h', `\x1b[${active.y + 1};${this.#cols}H`, ' \x1b[?47l');
      return;
    }
    this.#moveTo(active, column);
    this.#painter.setPen(cellPen(line, column, defaultPen()));
    this.#put(text === '' ? ' ' : text);
  }

  #moveTo(active: Buffer, column: number): void {
    const top = this.#core.coreService.decPrivateModes.origin ? active.scrollTop : 0;
    this.#put(`\x1b[${active.y - top + 1};${column + 1}H`);
  }

  /** Enters the alternate screen as the program did: DECRC and 1049 leave the saved cursor as it is. */
  #enterAlternate(normal: Buffer): void {
    const saved = this.#state.savedCursors.of(normal);
    this.#put('\x1b8');
    this.#painter.penIs(penOf(saved));
    if (saved.y === normal.y) {
      this.#put('\x1b[?1049h');
    } else {
      this.#put('\x1b[?6l', `\x1b[${normal.y + 1};1H\x1b[?47h`);
    }
    this.#put(undesignate(saved.charsets, saved.glevel), '\x1b[?6l\x1b[H');
    this.#painter.setPen(DEFAULT_PEN);
    // What the screen was filled with when it was entered is painted over.
    if (saved.bg !== 0) this.#put('\x1b[2J');
  }

  #hasSavedCursor(buffer: Buffer): boolean {
    const { x, y, fg, bg, ext, charsets, glevel, origin } = this.#state.savedCursors.of(buffer);
    const plain = x === 0 && y === 0 && fg === 0 && bg === 0 && ext === 0 && glevel === 0 && !origin;
    return !plain || charsets.some((charset) => charset !== undefined);
  }

  /** On an empty screen without margins, which it leaves empty with the cursor in the corner. */
  #saveCursor(buffer: Buffer): void {
    if (!this.#hasSavedCursor(buffer)) return;
    const saved = this.#state.savedCursors.of(buffer);
    const pending = saved.x >= this.#cols;
    if (saved.origin) this.#put('\x1b[?6h');
    this.#put(`\x1b[${saved.y + 1};${Math.min(saved.x, this.#cols - 1) + 1}H`, pending ? ' ' : '');
    this.#painter.setPen(penOf(saved));
    this.#put(designate(saved.charsets, saved.glevel), '\x1b7');
    this.#put(undesignate(saved.charsets, saved.glevel), saved.origin ? '\x1b[?6l' : '');
    this.#painter.setPen(DEFAULT_PEN);
    this.#put(pending ? '\x1b[2J\x1b[H' : '\x1b[H');
  }

  /**
   * The screen's lines, and some above. Where the first of them continues another, that one goes before it, or a blank
   * one that scrolls away: lines can move down, and then it shows which belong together.
   */
  *#lines(buffer: Buffer, above: number): Generator<Cells, void, void> {
    let first = buffer.ybase - Math.min(above, buffer.ybase);
    if (continues(buffer, first)) {
      if (first > 0) first--;
      else if (buffer.ybase === 0) yield blankCells(this.#cols);
    }
    for (let index = first; index < buffer.lines.length; index++) {
      const line = buffer.lines.get(index);
      if (line !== undefined) yield line;
    }
  }

  #margins({ scrollTop, scrollBottom }: Buffer): string {
    if (scrollTop === 0 && scrollBottom === this.#rows - 1) return '';
    return `\x1b[${scrollTop + 1};${scrollBottom + 1}r`;
  }

  #tabStops({ tabs }: Buffer): string {
    let isDefault = true;
    let set = '\x1b[3g';
    for (let column = 0; column < this.#cols; column++) {
      if ((tabs[column] === true) !== (column % 8 === 0)) isDefault = false;
      if (tabs[column] === true) set += `\x1b[1;${column + 1}H\x1bH`;
    }
    return isDefault ? '' : set;
  }

  /** Modes of the keyboard, the mouse and the cursor's look. */
  #clientModes(): string {
    const { coreService, coreMouseService, optionsService } = this.#core;
    const { modes: tracked } = this.#state;
    const modes = coreService.decPrivateModes;
    let out = '';
    if (modes.applicationCursorKeys) out += '\x1b[?1h';
    if (modes.applicationKeypad) out += '\x1b=';
    if (modes.bracketedPasteMode) out += '\x1b[?2004h';
    if (modes.sendFocus) out += '\x1b[?1004h';
    const mouse = MOUSE_MODES[coreMouseService.activeProtocol];
    if (mouse !== undefined) out += `\x1b[?${mouse}h`;
    if (tracked.mouseEncoding !== 0) out += `\x1b[?${tracked.mouseEncoding}h`;
    if (optionsService.options.cursorBlink) out += '\x1b[?12h';
    if (optionsService.options.convertEol) out += '\x1b[20h';
    for (const mode of tracked.passive) out += `\x1b[?${mode}h`;
    for (const [resource, value] of tracked.keyModifiers) {
      out += `\x1b[>${resource};${value}m`;
    }
    const style = modes.cursorStyle === undefined ? 0 : CURSOR_STYLES[modes.cursorStyle];
    return `${out}\x1b[${style - (style > 0 && modes.cursorBlink === true ? 1 : 0)} q`;
  }

  #keyboard(stack: readonly number[]): string {
    return stack.map((flags) => `\x1b[>${flags}u`).join('');
  }

  #titles(): string {
    const { title, iconName, titleStack, iconStack } = this.#state.modes;
    let out = '';
    for (const text of titleStack) out += `\x1b]2;${text}\x1b\\\x1b[22;2t`;
    for (const text of iconStack) out += `\x1b]1;${text}\x1b\\\x1b[22;1t`;
    if (title !== undefined) out += `\x1b]2;${title}\x1b\\`;
    if (iconName !== undefined) out += `\x1b]1;${iconName}\x1b\\`;
    return out;
  }

  #put(...texts: readonly string[]): void {
    for (const text of texts) this.#painter.out += text;
  }
}

function continues(buffer: Buffer, index: number): boolean {
  return buffer.lines.get(index)?.isWrapped === true;
}

function penOf({ fg, bg, ext }: SavedCursor): Pen {
  return { fg, bg, ext: extendedBits(ext), link: 0 };
}

/** The pen of the next character; it keeps an underline colour even while nothing is underlined. */
function currentPen({ fg, bg, extended }: Core['_inputHandler']['_curAttrData']): Pen {
  return { fg, bg, ext: extendedBits(extended._ext), link: extended.urlId };
}
