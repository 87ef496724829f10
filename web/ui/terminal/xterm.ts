/**
 * A screen in the page: xterm.js with its WebGL renderer, or its own where there is no WebGL or the context was lost. The only
 * importer of @xterm/xterm and @xterm/addon-webgl (docs/decisions/xterm-web.md).
 *
 * Keeps true: characters take the columns that the session's mirror gives them; links lead to http and https only, and away
 * from this page; what programs ask of a terminal is answered by the mirror, never here (whoever writes passes output
 * through QueryFilter).
 */
import { WebglAddon } from '@xterm/addon-webgl';
import { type ILink, Terminal } from '@xterm/xterm';
import { charWidth } from '../../../base/char-width.js';
import type { TerminalColors } from './colors.js';
import { type FoundLink, linksIn, safeLink } from './links.js';

const SCROLLBACK_LINES = 10_000;
export const FONT_FAMILY =
  'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
/** A line's parts that are looked at for links, above and below the one that is pointed at. */
const MAX_WRAPPED_LINES = 20;

export interface ScreenOptions {
  readonly colors: TerminalColors;
  readonly fontPx: number;
  /** Shows, and takes nothing. */
  readonly readOnly: boolean;
  readonly scrollbackLines?: number;
  readonly label: string;
}

export interface CellSize {
  readonly width: number;
  readonly height: number;
}

export class Screen {
  readonly #terminal: Terminal;
  #webgl: WebglAddon | undefined;

  constructor({ colors, fontPx, readOnly, scrollbackLines = SCROLLBACK_LINES, label }: ScreenOptions) {
    const terminal = new Terminal({
      // For unicode and registerLinkProvider's wrapped lines.
      allowProposedApi: true,
      scrollback: scrollbackLines,
      fontFamily: FONT_FAMILY,
      fontSize: fontPx,
      lineHeight: 1.15,
      theme: colors.theme,
      minimumContrastRatio: colors.minimumContrast,
      cursorBlink: false,
      cursorInactiveStyle: readOnly ? 'none' : 'outline',
      disableStdin: readOnly,
      macOptionIsMeta: false,
      macOptionClickForcesSelection: true,
      rescaleOverlappingGlyphs: true,
      screenReaderMode: false,
      scrollOnUserInput: true,
      linkHandler: { activate: (_event, text) => openLink(text), allowNonHttpProtocols: false },
    });
    terminal.unicode.register({
      version: 'botster',
      wcwidth: charWidth,
      charProperties: properties,
    });
    terminal.unicode.activeVersion = 'botster';
    terminal.registerLinkProvider({
      provideLinks: (row, callback) => callback(this.#linksAt(row - 1)),
    });
    this.#terminal = terminal;
    this.#label = label;
  }

  readonly #label: string;
  /** Cells have another size than before, although the font has not. */
  onCells: () => void = () => undefined;

  open(parent: HTMLElement): void {
    this.#terminal.open(parent);
    this.#terminal.textarea?.setAttribute('aria-label', this.#label);
    this.#terminal.textarea?.setAttribute('inputmode', 'text');
    // For tests and the browser's console: the text is on a canvas.
    Object.assign(parent, { screen: this });
    this.#useWebgl();
  }

  #useWebgl(): void {
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => this.#drawWithoutWebgl());
      this.#terminal.loadAddon(webgl);
      this.#webgl = webgl;
      this.#checkCanvas();
    } catch {
      // No WebGL: xterm's own renderer draws.
      this.#webgl = undefined;
    }
  }

  /** The other renderer's cells have another width. */
  #drawWithoutWebgl(): void {
    this.#webgl?.dispose();
    this.#webgl = undefined;
    requestAnimationFrame(() => this.onCells());
  }

  /**
   * Browsers that emulate another screen say a wrong number of device pixels, and a part of the screen would be drawn over
   * all of it.
   */
  #checkCanvas(): void {
    const canvas = this.#terminal.element?.querySelector<HTMLCanvasElement>(
      '.xterm-screen canvas:not([class])',
    );
    if (!canvas) return;
    const observer = new ResizeObserver(() => {
      const wanted = canvas.clientWidth * devicePixelRatio;
      // After xterm's own observer, which sets the canvas.
      requestAnimationFrame(() => {
        if (!canvas.isConnected || Math.abs(canvas.width - wanted) <= 0.1 * wanted) return;
        this.#drawWithoutWebgl();
        observer.disconnect();
      });
    });
    observer.observe(canvas);
  }

  /** What draws. */
  get renderer(): 'webgl' | 'dom' {
    return this.#webgl === undefined ? 'dom' : 'webgl';
  }

  write(bytes: Uint8Array | string, done: () => void): void {
    this.#terminal.write(bytes, done);
  }

  reset(): void {
    this.#terminal.reset();
  }

  resize(rows: number, cols: number): void {
    if (rows !== this.rows || cols !== this.cols) this.#terminal.resize(cols, rows);
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  get cols(): number {
    return this.#terminal.cols;
  }

  /** In CSS pixels; undefined before it was drawn. */
  get cell(): CellSize | undefined {
    const drawn = this.#terminal.element?.querySelector('.xterm-screen')?.getBoundingClientRect();
    if (drawn === undefined || drawn.width === 0) return undefined;
    return { width: drawn.width / this.cols, height: drawn.height / this.rows };
  }

  get fontPx(): number {
    return this.#terminal.options.fontSize ?? 0;
  }

  set fontPx(size: number) {
    if (this.#terminal.options.fontSize !== size) this.#terminal.options.fontSize = size;
  }

  set colors({ theme, minimumContrast }: TerminalColors) {
    this.#terminal.options.theme = theme;
    this.#terminal.options.minimumContrastRatio = minimumContrast;
  }

  set readOnly(readOnly: boolean) {
    this.#terminal.options.disableStdin = readOnly;
  }

  /** Where the cursor is on the screen, from 0. */
  get cursor(): { readonly row: number; readonly col: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active;
    return { row: cursorY, col: cursorX };
  }

  get alternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  get applicationCursor(): boolean {
    return this.#terminal.modes.applicationCursorKeysMode;
  }

  /** The wheel is the program's: as mouse events, or as arrow keys where there is nothing to scroll. */
  get programScrolls(): boolean {
    return this.#terminal.modes.mouseTrackingMode !== 'none' || this.alternate;
  }

  /** Lines above the screen. */
  get linesAbove(): number {
    return this.#terminal.buffer.active.baseY;
  }

  /** The first line that is shown, counted from the oldest. */
  get top(): number {
    return this.#terminal.buffer.active.viewportY;
  }

  get atBottom(): boolean {
    return this.top >= this.linesAbove;
  }

  scrollLines(lines: number): void {
    this.#terminal.scrollLines(lines);
  }

  scrollTo(line: number): void {
    this.#terminal.scrollToLine(line);
  }

  scrollToBottom(): void {
    this.#terminal.scrollToBottom();
  }

  /** The text of the lines that are shown. */
  text(): string {
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: this.rows }, (_, row) =>
      active.getLine(active.viewportY + row)?.translateToString(true),
    );
    return lines.join('\n').trimEnd();
  }

  focus(): void {
    this.#terminal.focus();
  }

  blur(): void {
    this.#terminal.blur();
  }

  get focused(): boolean {
    return this.#terminal.textarea !== undefined && document.activeElement === this.#terminal.textarea;
  }

  get selection(): string {
    return this.#terminal.getSelection();
  }

  /** From one cell to another, both included, in reading order. Rows count from the oldest line. */
  select(
    from: { readonly row: number; readonly col: number },
    to: { readonly row: number; readonly col: number },
  ): void {
    const back = to.row < from.row || (to.row === from.row && to.col < from.col);
    const [first, last] = back ? [to, from] : [from, to];
    this.#terminal.select(
      first.col,
      first.row,
      (last.row - first.row) * this.cols + last.col - first.col + 1,
    );
  }

  /** The columns of the word at a place; the place itself where there is none. */
  wordAt(row: number, col: number): { readonly from: number; readonly to: number } {
    const text = this.#terminal.buffer.active.getLine(row)?.translateToString(false) ?? '';
    const inWord = (at: number): boolean => /[^\s'"`()[\]{}<>|,;]/.test(text[at] ?? ' ');
    let from = col;
    let to = col;
    while (inWord(col) && from > 0 && inWord(from - 1)) from--;
    while (inWord(col) && inWord(to + 1)) to++;
    return { from, to };
  }

  clearSelection(): void {
    this.#terminal.clearSelection();
  }

  /** As if it came from the clipboard: bracketed where the program wants that. */
  paste(text: string): void {
    this.#terminal.paste(text);
  }

  /** As if it was typed. */
  type(text: string): void {
    this.#terminal.input(text, true);
  }

  onInput(listener: (text: string) => void): void {
    this.#terminal.onData(listener);
    // Mouse reports of programs that know no other encoding: bytes, one for each character.
    this.#terminal.onBinary(listener);
  }

  onScroll(listener: () => void): void {
    this.#terminal.onScroll(listener);
    this.#terminal.element?.addEventListener('wheel', () => requestAnimationFrame(listener), {
      passive: true,
    });
  }

  onSelection(listener: () => void): void {
    this.#terminal.onSelectionChange(listener);
  }

  onFocus(listener: () => void): void {
    this.#terminal.textarea?.addEventListener('focus', listener);
  }

  onDrawn(listener: () => void): void {
    this.#terminal.onRender(listener);
  }

  /** Before the terminal: false takes the key away from it. */
  onKey(listener: (event: KeyboardEvent) => boolean): void {
    this.#terminal.attachCustomKeyEventHandler(listener);
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  /** Links of the (possibly wrapped) line that `row` belongs to. */
  #linksAt(row: number): ILink[] | undefined {
    const { active } = this.#terminal.buffer;
    let first = row;
    while (row - first < MAX_WRAPPED_LINES && active.getLine(first)?.isWrapped === true) first--;
    let text = '';
    for (let at = first; at < first + 2 * MAX_WRAPPED_LINES; at++) {
      const line = active.getLine(at);
      if (line === undefined || (at > first && !line.isWrapped)) break;
      text += line.translateToString(false);
    }
    const found = linksIn(text);
    return found.length === 0 ? undefined : found.map((link) => this.#link(first, link));
  }

  #link(first: number, { at, text }: FoundLink): ILink {
    const place = (offset: number) => ({
      x: (offset % this.cols) + 1,
      y: first + Math.floor(offset / this.cols) + 1,
    });
    return {
      text,
      range: { start: place(at), end: place(at + text.length - 1) },
      activate: () => openLink(text),
    };
  }
}

function openLink(text: string): void {
  const url = safeLink(text);
  if (url !== undefined) window.open(url, '_blank', 'noopener,noreferrer');
}

/** As the mirror: width in bits 1 and 2; bit 0: joins the character before, of whatever width that is. */
function properties(codePoint: number, preceding: number): number {
  const width = charWidth(codePoint);
  return width === 0 ? (preceding & 6) | 1 : width << 1;
}
