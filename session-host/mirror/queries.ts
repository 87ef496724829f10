/**
 * Answers to what programs ask their terminal. The mirror alone answers, in the order of the questions, whether or not
 * anybody is attached; xterm's own answers are not used.
 *
 * Sources: xterm's ctlseqs, the kitty keyboard protocol, DEC STD 070 for DECRQM and DECRQSS.
 */
import type { ModeTracker } from './modes.js';
import type { Palette } from './palette.js';
import type { ParserHooks } from './parser-hooks.js';
import { describe, extendedBits } from './sgr.js';
import { BG_PROTECTED, type Core } from './xterm-internals.js';

/** A VT220 with colours. */
const DEVICE_ATTRIBUTES = '\x1b[?62;22c';
/** As a recent xterm: programs choose their mouse and keyboard protocols by the version. */
const SECONDARY_ATTRIBUTES = '\x1b[>41;388;0c';
const TERTIARY_ATTRIBUTES = '\x1bP!|00000000\x1b\\';
const VERSION = '\x1bP>|botster\x1b\\';
/** Nobody knows the size of a cell on the clients' screens; programs want the proportion. */
const CELL_WIDTH_PX = 10;
const CELL_HEIGHT_PX = 20;

/** XTGETTCAP: terminfo names, and what xterm-256color with true colour says. */
const CAPABILITIES: Readonly<Record<string, string>> = {
  TN: 'xterm-256color',
  name: 'xterm-256color',
  Co: '256',
  colors: '256',
  RGB: '8/8/8',
  Smulx: '\x1b[4:%p1%dm',
  Setulc: '\x1b[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm',
  Ss: '\x1b[%p1%d q',
  Se: '\x1b[2 q',
};
/** Names in one request that are answered. */
const MAX_CAPABILITIES = 16;

/** DECRPM values. */
const UNKNOWN = 0;
const SET = 1;
const RESET = 2;
const ALWAYS_SET = 3;
const ALWAYS_RESET = 4;

export interface QueriesOptions {
  readonly core: Core;
  readonly hooks: ParserHooks;
  readonly modes: ModeTracker;
  readonly palette: Palette;
  readonly reply: (text: string) => void;
}

export function answerQueries(options: QueriesOptions): void {
  const { core, hooks, modes, palette, reply } = options;
  const answer = (text: string): boolean => {
    reply(text);
    return true;
  };
  hooks.csi('c', ([which = 0]) => which !== 0 || answer(DEVICE_ATTRIBUTES));
  hooks.csi('>c', ([which = 0]) => which !== 0 || answer(SECONDARY_ATTRIBUTES));
  hooks.csi('=c', ([which = 0]) => which !== 0 || answer(TERTIARY_ATTRIBUTES));
  hooks.csi('>q', ([which = 0]) => which !== 0 || answer(VERSION));
  hooks.csi('n', ([what]) => {
    if (what === 5) return answer('\x1b[0n');
    return what !== 6 || answer(`\x1b[${cursorPosition(core)}R`);
  });
  hooks.csi('?n', ([what]) => {
    if (what === 6) return answer(`\x1b[?${cursorPosition(core)};1R`);
    return what !== 996 || answer(`\x1b[?997;${palette.isDark ? 1 : 2}n`);
  });
  hooks.csi('$p', ([mode = 0]) => answer(`\x1b[${mode};${ansiMode(core, mode)}$y`));
  hooks.csi('?$p', ([mode = 0]) => answer(`\x1b[?${mode};${privateMode(core, modes, mode)}$y`));
  hooks.csi('?u', () => answer(`\x1b[?${modes.keyboardFlags}u`));
  hooks.csi('?m', ([resource = 0]) => {
    const value = modes.keyModifiers.get(resource) ?? 0;
    return answer(`\x1b[>${resource};${value}m`);
  });
  hooks.csi('t', ([what = 0]) => {
    // The stack of titles is the modes'.
    if (what === 22 || what === 23) return false;
    const size = sizeReport(core, what);
    if (size !== undefined) reply(size);
    return true;
  });
  hooks.dcs('$q', (setting) => {
    const value = statusString(core, setting);
    return answer(value === undefined ? '\x1bP0$r\x1b\\' : `\x1bP1$r${value}${setting}\x1b\\`);
  });
  hooks.dcs('+q', (names) => {
    for (const name of names.split(';').slice(0, MAX_CAPABILITIES)) reply(capability(name));
    return true;
  });
}

/** `row;column` from 1, in origin mode counted from the margin. */
function cursorPosition(core: Core): string {
  const { buffers, cols } = core._bufferService;
  const { x, y, scrollTop } = buffers.active;
  const top = core.coreService.decPrivateModes.origin ? scrollTop : 0;
  return `${y - top + 1};${Math.min(x, cols - 1) + 1}`;
}

function ansiMode(core: Core, mode: number): number {
  switch (mode) {
    case 2:
      return ALWAYS_RESET;
    case 4:
      return onOff(core.coreService.modes.insertMode);
    case 12:
      return ALWAYS_SET;
    case 20:
      return onOff(core.optionsService.options.convertEol);
    default:
      return UNKNOWN;
  }
}

function privateMode(core: Core, tracked: ModeTracker, mode: number): number {
  const { coreService, coreMouseService, optionsService } = core;
  const modes = coreService.decPrivateModes;
  const mouse = coreMouseService.activeProtocol;
  switch (mode) {
    case 1:
      return onOff(modes.applicationCursorKeys);
    case 5:
    case 1007:
      return onOff(tracked.passive.has(mode));
    case 6:
      return onOff(modes.origin);
    case 7:
      return onOff(modes.wraparound);
    case 8:
      return ALWAYS_SET;
    case 9:
      return onOff(mouse === 'X10');
    case 12:
      return onOff(optionsService.options.cursorBlink);
    case 25:
      return onOff(!coreService.isCursorHidden);
    case 45:
      return onOff(modes.reverseWraparound);
    case 47:
    case 1047:
    case 1049:
      return onOff(tracked.alternateScreen);
    case 66:
      return onOff(modes.applicationKeypad);
    case 67:
      return ALWAYS_RESET;
    case 1000:
      return onOff(mouse === 'VT200');
    case 1002:
      return onOff(mouse === 'DRAG');
    case 1003:
      return onOff(mouse === 'ANY');
    case 1004:
      return onOff(modes.sendFocus);
    case 1005:
    case 1006:
    case 1015:
    case 1016:
      return onOff(tracked.mouseEncoding === mode);
    case 1048:
      return SET;
    case 2004:
      return onOff(modes.bracketedPasteMode);
    case 2026:
      return onOff(modes.synchronizedOutput);
    default:
      return UNKNOWN;
  }
}

function onOff(on: boolean): number {
  return on ? SET : RESET;
}

/** Reports of XTWINOPS. Titles are not reported: what a program prints could type commands. */
function sizeReport(core: Core, what: number): string | undefined {
  const { rows, cols } = core._bufferService;
  switch (what) {
    case 14:
      return `\x1b[4;${rows * CELL_HEIGHT_PX};${cols * CELL_WIDTH_PX}t`;
    case 16:
      return `\x1b[6;${CELL_HEIGHT_PX};${CELL_WIDTH_PX}t`;
    case 18:
      return `\x1b[8;${rows};${cols}t`;
    case 19:
      return `\x1b[9;${rows};${cols}t`;
    default:
      return undefined;
  }
}

/** The parameters of a setting that DECRQSS names by the end of its sequence. */
function statusString(core: Core, setting: string): string | undefined {
  const { active } = core._bufferService.buffers;
  const pen = core._inputHandler._curAttrData;
  const { cursorStyle, cursorBlink } = core.coreService.decPrivateModes;
  switch (setting) {
    case 'm':
      return describe({ fg: pen.fg, bg: pen.bg, ext: extendedBits(pen.extended._ext), link: 0 });
    case 'r':
      return `${active.scrollTop + 1};${active.scrollBottom + 1}`;
    case ' q': {
      const style = { block: 2, underline: 4, bar: 6 }[cursorStyle ?? 'block'];
      return String(style - (cursorBlink === true ? 1 : 0));
    }
    case '"q':
      return (pen.bg & BG_PROTECTED) === 0 ? '0' : '1';
    case '"p':
      return '62;1';
    default:
      return undefined;
  }
}

/** `name` is in hexadecimal, like the answer. */
function capability(name: string): string {
  const text = /^(?:[\da-f]{2})+$/i.test(name) ? Buffer.from(name, 'hex').toString('latin1') : '';
  const value = Object.hasOwn(CAPABILITIES, text) ? CAPABILITIES[text] : undefined;
  if (value === undefined) return `\x1bP0+r${/^[\da-f]*$/i.test(name) ? name.slice(0, 64) : ''}\x1b\\`;
  return `\x1bP1+r${name}=${Buffer.from(value, 'latin1').toString('hex').toUpperCase()}\x1b\\`;
}
