/**
 * What DECSC saves, once per screen: the place, the pen, character sets, origin mode and a pending wrap.
 *
 * xterm.js remembers the row by its distance from the top of the scrollback, and half of the pen. Terminals save the
 * row of the screen and the whole pen, and so does the mirror; a snapshot could not say the other.
 */
import { BG_HAS_EXTENDED, type Buffer, type Charset, type Core } from './xterm-internals.js';

export interface SavedCursor {
  /** Column from 0; the number of columns means that a wrap is pending. */
  readonly x: number;
  readonly y: number;
  readonly fg: number;
  readonly bg: number;
  /** Underline style and colour. */
  readonly ext: number;
  readonly charsets: readonly Charset[];
  readonly glevel: number;
  readonly origin: boolean;
}

const HOME: SavedCursor = { x: 0, y: 0, fg: 0, bg: 0, ext: 0, charsets: [], glevel: 0, origin: false };

export class SavedCursors {
  readonly #core: Core;
  /** By screen. xterm makes new ones at a full reset, which forgets what was saved. */
  readonly #saved = new WeakMap<Buffer, SavedCursor>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** What DECRC on this screen restores. */
  of(buffer: Buffer): SavedCursor {
    return this.#saved.get(buffer) ?? HOME;
  }

  save(): void {
    const core = this.#core;
    const { x, y } = core._bufferService.buffers.active;
    const pen = core._inputHandler._curAttrData;
    const { glevel, _charsets } = core._charsetService;
    this.#saved.set(core._bufferService.buffers.active, {
      x,
      y,
      fg: pen.fg,
      bg: pen.bg & ~BG_HAS_EXTENDED,
      ext: pen.extended._ext,
      charsets: [0, 1, 2, 3].map((set) => _charsets[set]),
      glevel,
      origin: core.coreService.decPrivateModes.origin,
    });
  }

  /** An open hyperlink stays open: it is not part of the cursor. */
  restore(): void {
    const core = this.#core;
    const buffer = core._bufferService.buffers.active;
    const saved = this.of(buffer);
    const pen = core._inputHandler._curAttrData;
    pen.fg = saved.fg;
    pen.bg = saved.bg;
    pen.extended = pen.extended.clone();
    pen.extended._ext = saved.ext;
    pen.updateExtended();
    for (let set = 0; set < 4; set++) core._charsetService.setgCharset(set, saved.charsets[set]);
    core._charsetService.setgLevel(saved.glevel);
    core.coreService.decPrivateModes.origin = saved.origin;
    buffer.x = saved.x;
    buffer.y = saved.y;
    core._inputHandler._restrictCursor(core._bufferService.cols);
  }

  /** DECSTR. */
  forget(buffer: Buffer): void {
    this.#saved.delete(buffer);
  }

  /** The screen has another size: what was saved is inside of it. */
  resized(buffer: Buffer): void {
    const saved = this.#saved.get(buffer);
    if (saved === undefined) return;
    const { rows, cols } = this.#core._bufferService;
    this.#saved.set(buffer, { ...saved, x: Math.min(saved.x, cols - 1), y: Math.min(saved.y, rows - 1) });
  }
}
