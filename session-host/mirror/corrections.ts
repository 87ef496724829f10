/**
 * Where @xterm/headless 6.0.0 departs from terminals in a way that a snapshot could not express, or could be stopped by
 * a few bytes of output. docs/decisions/xterm-headless.md has the list with the failing cases.
 *
 * Methods are replaced on the instance (the handlers that xterm registered look them up at every call), lines on their
 * prototype. Nothing here changes what well-formed output of real programs looks like, except that it becomes right.
 */
import { charWidth } from '../../base/char-width.js';
import { Links } from './links.js';
import { SavedCursors } from './saved-cursor.js';
import {
  BG_HAS_EXTENDED,
  type Buffer,
  CELL_SIZE,
  COLOR_MASK,
  type Core,
  HAS_CONTENT,
  IS_COMBINED,
  type Line,
  WIDTH_SHIFT,
} from './xterm-internals.js';

/** Marks beyond this many UTF-16 units in one cell are dropped. Real clusters are shorter. */
export const MAX_CELL_CHARS = 32;

export interface Corrected {
  readonly savedCursors: SavedCursors;
  readonly links: Links;
}

export function correct(core: Core): Corrected {
  const links = new Links(() => linksInUse(core));
  Object.assign(core._oscLinkService, {
    registerLink: links.registerLink.bind(links),
    addLineToLink: links.addLineToLink.bind(links),
    getLinkData: links.getLinkData.bind(links),
  });
  const savedCursors = new SavedCursors(core);
  correctCursor(core, savedCursors);
  correctResets(core, savedCursors);
  correctErase(core);
  correctAttributes(core);
  correctPrint(core);
  const line = core._bufferService.buffers.normal.lines.get(0);
  if (line !== undefined) correctLines(Object.getPrototypeOf(line) as Line);
  return { savedCursors, links };
}

function correctCursor(core: Core, savedCursors: SavedCursors): void {
  const handler = core._inputHandler;
  handler.saveCursor = () => {
    savedCursors.save();
    return true;
  };
  handler.restoreCursor = () => {
    savedCursors.restore();
    return true;
  };
  // A tab stop is at a column of the screen, also when a wrap is pending.
  handler.tabSet = () => {
    const { active } = core._bufferService.buffers;
    active.tabs[Math.min(active.x, core._bufferService.cols - 1)] = true;
    return true;
  };
  const setCursorStyle = handler.setCursorStyle.bind(handler);
  handler.setCursorStyle = (params) => (params.params[0] ?? 0) > 6 || setCursorStyle(params);
}

/** RIS resets everything, DECSTR the saved cursor. */
function correctResets(core: Core, savedCursors: SavedCursors): void {
  const handler = core._inputHandler;
  const fullReset = handler.fullReset.bind(handler);
  handler.fullReset = () => {
    core.coreService.isCursorHidden = false;
    core.optionsService.options.convertEol = false;
    core.optionsService.options.cursorBlink = false;
    return fullReset();
  };
  const softReset = handler.softReset.bind(handler);
  handler.softReset = (params) => {
    savedCursors.forget(core._bufferService.buffers.active);
    return softReset(params);
  };
}

/** ED 1 in the last column throws on a fresh screen, and unwraps a line of the scrollback on others. */
function correctErase(core: Core): void {
  const handler = core._inputHandler;
  const eraseInDisplay = handler.eraseInDisplay.bind(handler);
  handler.eraseInDisplay = (params, respectProtect = false) => {
    const { rows, cols, buffers } = core._bufferService;
    const { active } = buffers;
    if (params.params[0] !== 1 || active.x + 1 < cols) return eraseInDisplay(params, respectProtect);
    handler._restrictCursor(cols);
    handler._eraseInBufferLine(active.y, 0, cols, true, respectProtect);
    const next = active.y + 1 < rows ? active.lines.get(active.ybase + active.y + 1) : undefined;
    if (next !== undefined) next.isWrapped = false;
    for (let row = active.y - 1; row >= 0; row--) handler._resetBufferLine(row, respectProtect);
    return true;
  };
}

/** SGR 59 makes underlines white instead of giving them the text's colour. */
function correctAttributes(core: Core): void {
  const handler = core._inputHandler;
  const charAttributes = handler.charAttributes.bind(handler);
  handler.charAttributes = (params) => {
    const done = charAttributes(params);
    const pen = handler._curAttrData;
    if (
      (pen.extended._ext & COLOR_MASK) === COLOR_MASK &&
      params.params.subarray(0, params.length).includes(59)
    ) {
      pen.extended = pen.extended.clone();
      pen.extended._ext &= ~COLOR_MASK;
    }
    return done;
  };
}

/**
 * A mark in the first column has nothing to join; xterm would give it a cell without width. And with autowrap off, what
 * is written over half of a wide character in the last column would leave the other half.
 */
function correctPrint(core: Core): void {
  const handler = core._inputHandler;
  const print = handler.print.bind(handler);
  handler.print = (data, start, end) => {
    let first = start;
    if (core._bufferService.buffers.active.x === 0) {
      while (first < end && charWidth(data[first] as number) === 0) first++;
    }
    if (first < end) print(data, first, end);
    if (core.coreService.decPrivateModes.wraparound) return;
    const { active } = core._bufferService.buffers;
    const line = active.lines.get(active.ybase + active.y);
    if (line !== undefined) mendLine(line);
  };
}

const corrected = new WeakSet<Line>();

/** For all terminals of the thread, once. */
function correctLines(prototype: Line): void {
  if (corrected.has(prototype)) return;
  corrected.add(prototype);
  const insertCells = Reflect.get(prototype, 'insertCells');
  const addCodepointToCell = Reflect.get(prototype, 'addCodepointToCell');
  // The second half of a wide character that is split would move on without the first.
  prototype.insertCells = function (this: Line, pos, count, fill) {
    const first = pos % this.length;
    if (first > 0 && this.getWidth(first) === 0 && !this.hasContent(first)) {
      this.setCellFromCodepoint(first, 0, 1, fill);
    }
    insertCells.call(this, pos, count, fill);
  };
  // Reflow would carry the marks of cells over to cells next to them.
  prototype.copyCellsFrom = function (this: Line, from, fromColumn, toColumn, count, backwards) {
    for (let step = 0; step < count; step++) {
      const offset = backwards ? count - 1 - step : step;
      copyCell(from, fromColumn + offset, this, toColumn + offset);
    }
  };
  // A mark never changes the width of what it joins; a blank it joins is a space; and there is an end to them.
  prototype.addCodepointToCell = function (this: Line, index, codePoint) {
    const content = this._data[index * CELL_SIZE];
    if (content === undefined) return;
    if ((content & HAS_CONTENT) === 0) {
      this._combined[index] = ` ${String.fromCodePoint(codePoint)}`;
      this._data[index * CELL_SIZE] = content | IS_COMBINED;
    } else if ((content & IS_COMBINED) === 0 || (this._combined[index]?.length ?? 0) < MAX_CELL_CHARS) {
      addCodepointToCell.call(this, index, codePoint, 0);
    }
  };
}

function copyCell(from: Line, fromColumn: number, to: Line, toColumn: number): void {
  const [source, target] = [fromColumn * CELL_SIZE, toColumn * CELL_SIZE];
  const content = from._data[source] ?? 0;
  const bg = from._data[source + 2] ?? 0;
  to._data[target] = content;
  to._data[target + 1] = from._data[source + 1] ?? 0;
  to._data[target + 2] = bg;
  if ((content & IS_COMBINED) !== 0) to._combined[toColumn] = from._combined[fromColumn];
  if ((bg & BG_HAS_EXTENDED) !== 0) to._extendedAttrs[toColumn] = from._extendedAttrs[fromColumn];
}

/** After a resize: halves of wide characters that were cut, and tab stops beyond the edge, are gone. */
export function correctResize(core: Core, savedCursors: SavedCursors): void {
  const { buffers, rows, cols } = core._bufferService;
  // Shrunk while it was not shown, the alternate screen would keep lines above it.
  if (buffers.alt.lines.length === 0) buffers.alt.lines.maxLength = rows;
  for (const buffer of [buffers.normal, buffers.alt]) {
    for (let index = 0; index < buffer.lines.length; index++) {
      const line = buffer.lines.get(index);
      if (line === undefined) continue;
      // The alternate screen would keep what is beyond the edge and show it when it grows again.
      if (line.length > cols) line.resize(cols, core._inputHandler._eraseAttrData());
      mendLine(line);
      line.cleanupMemory();
    }
    // Done here; xterm would do it in timers of its own, and complain on the console when they are late.
    buffer._memoryCleanupQueue.clear();
    for (const column of Object.keys(buffer.tabs)) {
      if (Number(column) >= cols) delete buffer.tabs[Number(column)];
    }
    savedCursors.resized(buffer);
  }
  core._inputHandler._parser.precedingJoinState = 0;
}

function mendLine(line: Line): void {
  const data = line._data;
  let tailExpected = false;
  for (let column = 0; column < line.length; column++) {
    const at = column * CELL_SIZE;
    const content = data[at] as number;
    const width = content >>> WIDTH_SHIFT;
    const isTail = width === 0 && (content & HAS_CONTENT) === 0;
    if (tailExpected !== isTail) {
      // Either a head without its tail (the column before), or a tail without its head (this one).
      data[(tailExpected ? column - 1 : column) * CELL_SIZE] = 1 << WIDTH_SHIFT;
    }
    tailExpected = width === 2;
  }
  if (tailExpected) data[(line.length - 1) * CELL_SIZE] = 1 << WIDTH_SHIFT;
}

/** Looks at every cell; rare. */
function linksInUse(core: Core): ReadonlySet<number> {
  const inUse = new Set<number>([core._inputHandler._curAttrData.extended.urlId]);
  const { normal, alt } = core._bufferService.buffers;
  for (const buffer of [normal, alt]) collectLinks(buffer, inUse);
  return inUse;
}

function collectLinks(buffer: Buffer, inUse: Set<number>): void {
  for (let index = 0; index < buffer.lines.length; index++) {
    const line = buffer.lines.get(index);
    if (line === undefined) continue;
    for (const column of Object.keys(line._extendedAttrs)) {
      const bg = line._data[Number(column) * CELL_SIZE + 2] ?? 0;
      const link = line._extendedAttrs[Number(column)]?.urlId ?? 0;
      if (link !== 0 && (bg & BG_HAS_EXTENDED) !== 0) inUse.add(link);
    }
  }
}
