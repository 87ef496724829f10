/**
 * What is said to the user's own terminal around a session: the way in, a clean slate for a snapshot, notices, and
 * the way out.
 *
 * Never a full reset: that would take the user's scrollback. Every mode that a program may set is put back by name.
 * Terminals ignore what they do not know.
 */

export interface Size {
  readonly rows: number;
  readonly cols: number;
}

const ESC = '\u001b';
const CSI = `${ESC}[`;
const OSC = `${ESC}]`;
const ST = `${ESC}\\`;

/** Ends a sequence or string that was cut. */
const ABANDON = `\u0018${ST}`;
/** To the end of the stack: the program may have pushed any number. Main and alternate screen have one each. */
const KEYBOARD_LEGACY = `${CSI}<99u`;
const SYNC_ON = `${CSI}?2026h`;
const SYNC_OFF = `${CSI}?2026l`;

/** Private modes that are off by default. Two sequences: some terminals take sixteen numbers at most. */
const modesOff = `${CSI}?1;5;9;45;66;1000;1002;1003l` + `${CSI}?1004;1005;1006;1015;1016;2004;2031;2048l`;

/** Modes, keyboard, character sets, cursor: all but what moves the cursor. Ends with styles off. */
const softReset = [
  `${CSI}!p`,
  modesOff,
  `${CSI}?7;25h`,
  `${CSI}4;20l`,
  `${ESC}>`,
  `${ESC}(B\u000f`,
  `${CSI}0 q`,
  `${OSC}8;;${ST}`,
  // Where a terminal takes this for a style, the reset of styles takes it back.
  `${CSI}>4m`,
  `${CSI}0m`,
  KEYBOARD_LEGACY,
].join('');

/** Margins and tab stops. Moves the cursor. */
function resetLayout(cols: number): string {
  let stops = `${CSI}r${CSI}?69l\r${CSI}3g`;
  for (let col = 9; col <= cols; col += 8) stops += `${CSI}${col}G${ESC}H`;
  return stops;
}

/** Keeps the title for later, and moves what the screen shows up into the scrollback. */
export function enter({ rows }: Size): string {
  return `${CSI}22;0t\r${'\n'.repeat(rows)}`;
}

/** An empty screen in the state of a new terminal. What follows shows at once with it, until `shown`. */
export function cleanSlate({ cols }: Size): string {
  return `${ABANDON}${SYNC_ON}${KEYBOARD_LEGACY}${CSI}?1049l${softReset}${resetLayout(cols)}${CSI}H${CSI}J`;
}

export const shown = SYNC_OFF;

export interface LeftBehind {
  readonly alternateScreen: boolean;
  readonly colors: boolean;
}

/** The terminal as it was, the cursor on a new line below what the session showed. */
export function leave({ cols }: Size, { alternateScreen, colors }: LeftBehind): string {
  return [
    ABANDON,
    SYNC_OFF,
    KEYBOARD_LEGACY,
    alternateScreen ? `${CSI}?1049l` : '',
    `${ESC}7${resetLayout(cols)}${ESC}8`,
    softReset,
    colors ? `${OSC}104${ST}${[110, 111, 112, 117, 119].map((code) => `${OSC}${code}${ST}`).join('')}` : '',
    `${CSI}23;0t`,
    `\r\n${CSI}J`,
  ].join('');
}

/** A line over the last row. The cursor stays. */
export function notice(text: string, { rows, cols }: Size): string {
  return `${ABANDON}${ESC}7${CSI}${rows};1H${bar(text, cols)}${ESC}8`;
}

/** Takes it away, leaving a blank row. */
export function noNotice({ rows }: Size): string {
  return `${ESC}7${CSI}${rows};1H${CSI}0m${CSI}2K${ESC}8`;
}

/** Reverse text that fills a row without touching its last column, where terminals wrap. */
function bar(text: string, cols: number): string {
  return `${CSI}0;7m${` ${text} `.slice(0, Math.max(0, cols - 1))}${CSI}0m${CSI}K`;
}

/** Part of a screen that is larger or smaller than the terminal. */
export interface ClippedScreen {
  readonly lines: readonly string[];
  readonly cursor: { readonly row: number; readonly col: number; readonly visible: boolean };
  readonly status: string;
}

/** Before the first clipped screen: lines that are too long end at the edge. */
export function beginClipped(size: Size): string {
  return `${cleanSlate(size)}${CSI}?7l${shown}`;
}

/** The rows around the cursor, and a status line. */
export function clipped({ lines, cursor, status }: ClippedScreen, size: Size): string {
  const rows = Math.max(1, size.rows - 1);
  const top = Math.max(0, Math.min(cursor.row - rows + 1, lines.length - 1));
  const drawn = Array.from(
    { length: rows },
    (_, row) => `${CSI}${row + 1};1H${lines[top + row] ?? ''}${CSI}K`,
  );
  const at = `${CSI}${cursor.row - top + 1};${cursor.col + 1}H`;
  const shows = cursor.visible && cursor.col < size.cols;
  return [
    `${SYNC_ON}${CSI}?25l`,
    ...drawn,
    size.rows > 1 ? `${CSI}${size.rows};1H${bar(status, size.cols)}` : '',
    shows ? `${at}${CSI}?25h` : '',
    SYNC_OFF,
  ].join('');
}
