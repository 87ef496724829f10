/**
 * The whole state of a screen as plain data, so that two can be compared.
 *
 * What nobody can see, now or later, is left out: colours of text in blanks, leftovers in unused bits, tab stops and
 * numbers of links as xterm stores them.
 */

import { cellPen, cellText, cellWidth, defaultPen } from '../../../session-host/mirror/paint.js';
import type { Screen } from '../../../session-host/mirror/screen.js';
import { color, extendedBits, marksBlanks } from '../../../session-host/mirror/sgr.js';
import type { Line, Buffer as TerminalBuffer } from '../../../session-host/mirror/xterm-internals.js';

const FLAGS = [
  ['inverse', 'fg', 0x4000000],
  ['bold', 'fg', 0x8000000],
  ['blink', 'fg', 0x20000000],
  ['invisible', 'fg', 0x40000000],
  ['strike', 'fg', 0x80000000],
  ['italic', 'bg', 0x4000000],
  ['dim', 'bg', 0x8000000],
  ['protected', 'bg', 0x20000000],
  ['overline', 'bg', 0x40000000],
] as const;

export interface StateOptions {
  /** Lines above the screen that are compared. */
  readonly scrollback: number;
  /** Blanks and spaces are the same: a blank that had to be written is a space. */
  readonly blanksAreSpaces: boolean;
}

export function stateOf(screen: Screen, { scrollback, blanksAreSpaces }: StateOptions): unknown {
  const { core, modes, palette, links, savedCursors, unfinished } = screen.state;
  const { normal, alt, active } = core._bufferService.buffers;
  const { cols } = core._bufferService;
  const pen = core._inputHandler._curAttrData;

  const penState = (fg: number, bg: number, ext: number, link: number): string => {
    const flags = FLAGS.filter(([, part, bit]) => ((part === 'fg' ? fg : bg) & bit) !== 0).map(
      ([name]) => name,
    );
    const data = link === 0 ? undefined : links.getLinkData(link);
    return [
      `fg=${color(fg).toString(16)} bg=${color(bg).toString(16)} ul=${extendedBits(ext).toString(16)}`,
      ...flags,
      ...(data === undefined ? [] : [`link=${data.id ?? ''};${data.uri}`]),
    ].join(' ');
  };

  const cell = (line: Line, column: number, pending: boolean): string => {
    const cellsPen = cellPen(line, column, defaultPen());
    let text = cellText(line, column);
    const width = cellWidth(line, column);
    if (text === '' && width === 1) {
      if (!marksBlanks(cellsPen)) {
        if (pending && column === cols - 1) text = ' ';
        return `${blanksAreSpaces ? ' ' : text}|bg=${color(cellsPen.bg).toString(16)}`;
      }
      text = ' ';
    }
    if (text === ' ' && !marksBlanks(cellsPen) && (blanksAreSpaces || (pending && column === cols - 1))) {
      return ` |bg=${color(cellsPen.bg).toString(16)}`;
    }
    return `${text}/${width}|${penState(cellsPen.fg, cellsPen.bg, cellsPen.ext, cellsPen.link)}`;
  };

  const lines = (buffer: TerminalBuffer, above: number): unknown[] => {
    const first = buffer.ybase - Math.min(above, buffer.ybase);
    const rows: unknown[] = [];
    for (let index = first; index < buffer.lines.length; index++) {
      const line = buffer.lines.get(index)!;
      const pending = buffer === active && index === buffer.ybase + buffer.y && buffer.x >= cols;
      const cells = Array.from({ length: cols }, (_, column) => cell(line, column, pending));
      // Whether the first one continues another shows when it moves down.
      rows.push({ wrapped: index > first && line.isWrapped, cells });
    }
    return rows;
  };

  const saved = (buffer: TerminalBuffer): unknown => {
    const { x, y, fg, bg, ext, charsets, glevel, origin } = savedCursors.of(buffer);
    return {
      x,
      y,
      pen: penState(fg, bg, ext, 0),
      charsets: [0, 1, 2, 3].map((set) => charsets[set]),
      glevel,
      origin,
    };
  };

  const ofBuffer = (buffer: TerminalBuffer, above: number): unknown => ({
    lines: lines(buffer, above),
    y: buffer.y,
    margins: [buffer.scrollTop, buffer.scrollBottom],
    tabs: Array.from({ length: cols }, (_, column) => buffer.tabs[column] === true),
  });

  return {
    size: [core._bufferService.rows, cols],
    screen: active === alt ? 'alternate' : 'normal',
    normal: ofBuffer(normal, scrollback),
    alternate: active === alt ? ofBuffer(alt, 0) : undefined,
    cursor: [active.x, active.y],
    pen: penState(pen.fg, pen.bg, pen.extended._ext, pen.extended.urlId),
    saved: [saved(normal), saved(alt)],
    charsets: [0, 1, 2, 3].map((set) => core._charsetService._charsets[set]),
    charset: core._charsetService.charset,
    glevel: core._charsetService.glevel,
    modes: {
      ...core.coreService.decPrivateModes,
      insert: core.coreService.modes.insertMode,
      hidden: core.coreService.isCursorHidden,
      newline: core.optionsService.options.convertEol,
      blink: core.optionsService.options.cursorBlink,
      mouse: core.coreMouseService.activeProtocol,
      mouseEncoding: modes.mouseEncoding,
      passive: [...modes.passive].sort(),
      keyModifiers: [...modes.keyModifiers].sort(([a], [b]) => a - b),
      keyboard: structuredClone(modes.keyboard),
    },
    titles: [modes.title ?? '', modes.iconName ?? '', [...modes.titleStack], [...modes.iconStack]],
    colors: [...palette.changed].sort(([a], [b]) => a - b),
    parser: core._inputHandler._parser.currentState,
    repeats: (core._inputHandler._parser.precedingJoinState >> 1) & 3,
    unfinished: Buffer.from(unfinished).toString('latin1'),
  };
}
