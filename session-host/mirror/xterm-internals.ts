/**
 * The parts of @xterm/headless 6.0.0 that its public interface does not show and the mirror needs: cells as they are
 * stored, the pen, saved cursors, the parser's state. The version is pinned exactly (package.json), and
 * test/session-host/mirror/internals.test.ts fails when an update moves one of them.
 */

/** Cell flags as xterm packs them. See its common/buffer/Constants.ts. */
export const CODEPOINT_MASK = 0x1fffff;
export const IS_COMBINED = 0x200000;
export const HAS_CONTENT = 0x3fffff;
export const WIDTH_SHIFT = 22;

export const COLOR_MODE_MASK = 0x3000000;
export const PALETTE_16 = 0x1000000;
export const PALETTE_256 = 0x2000000;
export const RGB = 0x3000000;
export const RGB_MASK = 0xffffff;
export const PALETTE_MASK = 0xff;
/** A colour with its mode, as it is in fg, bg and the underline colour. */
export const COLOR_MASK = 0x3ffffff;

export const FG_INVERSE = 0x4000000;
export const FG_BOLD = 0x8000000;
export const FG_BLINK = 0x20000000;
export const FG_INVISIBLE = 0x40000000;
export const FG_STRIKETHROUGH = 0x80000000;

export const BG_ITALIC = 0x4000000;
export const BG_DIM = 0x8000000;
export const BG_HAS_EXTENDED = 0x10000000;
export const BG_PROTECTED = 0x20000000;
export const BG_OVERLINE = 0x40000000;

/** Numbers in a line's data per cell: content, fg, bg. */
export const CELL_SIZE = 3;

/** States of the parser that the mirror tells apart. */
export const GROUND = 0;
export const ESCAPE_INTERMEDIATE = 2;
export const CSI_ENTRY = 3;
export const CSI_IGNORE = 6;
export const SOS_PM_APC_STRING = 7;
export const OSC_STRING = 8;
export const DCS_ENTRY = 9;
export const DCS_IGNORE = 11;
export const DCS_PASSTHROUGH = 13;
/** State of the OSC parser in which everything up to the end of the string is ignored. */
export const OSC_ABORT = 3;

export interface ExtendedAttrs {
  /** Underline style in bits 26-28, underline colour in bits 0-25. The getter `ext` hides the style of a link. */
  _ext: number;
  urlId: number;
  underlineColor: number;
  clone(): ExtendedAttrs;
}

export interface Attributes {
  fg: number;
  bg: number;
  extended: ExtendedAttrs;
  /** Makes BG_HAS_EXTENDED agree with `extended`. */
  updateExtended(): void;
}

export interface Cell extends Attributes {
  content: number;
}

/** What a line holds. */
export interface Cells {
  readonly _data: Uint32Array;
  readonly _combined: Record<number, string | undefined>;
  readonly _extendedAttrs: Record<number, ExtendedAttrs | undefined>;
  /** Continues the line before. */
  isWrapped: boolean;
}

export interface Line extends Cells {
  readonly length: number;
  getWidth(index: number): number;
  hasContent(index: number): number;
  setCellFromCodepoint(index: number, codePoint: number, width: number, attrs: Attributes): void;
  addCodepointToCell(index: number, codePoint: number, width: number): void;
  resize(cols: number, fill: Attributes): boolean;
  cleanupMemory(): number;
  copyCellsFrom(from: Line, fromColumn: number, toColumn: number, count: number, backwards: boolean): void;
  insertCells(pos: number, count: number, fill: Cell): void;
  translateToString(trimRight: boolean): string;
}

export function blankCells(cols: number): Cells {
  const _data = new Uint32Array(cols * CELL_SIZE);
  for (let at = 0; at < _data.length; at += CELL_SIZE) _data[at] = 1 << WIDTH_SHIFT;
  return { _data, _combined: {}, _extendedAttrs: {}, isWrapped: false };
}

export interface Buffer {
  readonly lines: { readonly length: number; maxLength: number; get(index: number): Line | undefined };
  x: number;
  y: number;
  readonly ybase: number;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly tabs: Record<number, boolean | undefined>;
  readonly _memoryCleanupQueue: { clear(): void };
}

/** Translates ASCII; undefined is ASCII itself. */
export type Charset = Readonly<Record<string, string>> | undefined;

export interface CharsetService {
  charset: Charset;
  glevel: number;
  readonly _charsets: Charset[];
  setgLevel(level: number): void;
  setgCharset(set: number, charset: Charset): void;
}

export interface Params {
  readonly params: Int32Array;
  readonly length: number;
  hasSubParams(index: number): boolean;
  getSubParams(index: number): Int32Array | null;
}

export type Handler = (params: Params) => boolean | Promise<boolean>;

export interface StringHandler {
  end?(success: boolean): boolean | Promise<boolean>;
  unhook?(success: boolean): boolean | Promise<boolean>;
}

export interface Parser {
  currentState: number;
  /** What the last printed character was, for REP and marks that follow; 0 after any control. */
  precedingJoinState: number;
  readonly _csiHandlers: Record<number, Handler[]>;
  readonly _escHandlers: Record<number, Handler[]>;
  readonly _executeHandlers: Record<number, Handler>;
  readonly _oscParser: {
    _state: number;
    readonly _active: readonly StringHandler[];
    readonly _handlers: Record<number, StringHandler[]>;
    reset(): void;
    _put(data: Uint32Array, start: number, end: number): void;
  };
  readonly _dcsParser: {
    readonly _active: readonly StringHandler[];
    readonly _handlers: Record<number, StringHandler[]>;
    reset(): void;
    put(data: Uint32Array, start: number, end: number): void;
  };
}

export interface InputHandler {
  readonly _parser: Parser;
  readonly _curAttrData: Attributes;
  parse(data: Uint8Array): void | Promise<boolean>;
  print(data: Uint32Array, start: number, end: number): void;
  saveCursor(): boolean;
  restoreCursor(): boolean;
  tabSet(): boolean;
  charAttributes(params: Params): boolean;
  eraseInDisplay(params: Params, respectProtect?: boolean): boolean;
  setCursorStyle(params: Params): boolean;
  fullReset(): boolean;
  _eraseInBufferLine(
    y: number,
    start: number,
    end: number,
    clearWrap: boolean,
    respectProtect: boolean,
  ): void;
  _resetBufferLine(y: number, respectProtect: boolean): void;
  softReset(params: Params): boolean;
  _eraseAttrData(): Attributes;
  _restrictCursor(maxCol?: number): void;
}

export interface LinkData {
  readonly id?: string | undefined;
  readonly uri: string;
}

export interface LinkService {
  registerLink(data: LinkData): number;
  addLineToLink(id: number, y: number): void;
  getLinkData(id: number): LinkData | undefined;
}

export interface Core {
  readonly _inputHandler: InputHandler;
  readonly _charsetService: CharsetService;
  readonly _oscLinkService: object;
  readonly _bufferService: {
    readonly rows: number;
    readonly cols: number;
    readonly buffers: { readonly normal: Buffer; readonly alt: Buffer; readonly active: Buffer };
  };
  readonly optionsService: { readonly options: { convertEol: boolean; cursorBlink: boolean } };
  readonly coreMouseService: { readonly activeProtocol: string };
  readonly coreService: {
    isCursorHidden: boolean;
    readonly modes: { readonly insertMode: boolean };
    readonly decPrivateModes: {
      readonly applicationCursorKeys: boolean;
      readonly applicationKeypad: boolean;
      readonly bracketedPasteMode: boolean;
      readonly cursorBlink: boolean | undefined;
      readonly cursorStyle: 'block' | 'underline' | 'bar' | undefined;
      origin: boolean;
      readonly reverseWraparound: boolean;
      readonly sendFocus: boolean;
      readonly synchronizedOutput: boolean;
      readonly wraparound: boolean;
    };
  };
}
