/**
 * One session on the page: the screen, what comes in, what is typed, whose size it has and how large it is drawn. What the
 * components show of it is `state`; they call the methods, and this knows no components.
 *
 * Keeps true: the session's size is its own until somebody takes it here, by the button, or on a computer by focus and
 * typing; until then the drawing is scaled to the space, and panned where that would be too small to read.
 */
import { isHubError, messageOf } from '../../../base/errors.js';
import { Cell } from '../../link/observable.js';
import type { Hub, TerminalAttach } from '../../link/types.js';
import { leavesTerminal, opensSwitcher } from '../frame/shortcuts.js';
import { theme } from '../theme.js';
import { terminalColors } from './colors.js';
import { bounded, fontFor, type Grid, gridFor, revealed } from './fit.js';
import { ScreenStream } from './screen-stream.js';
import {
  afterKey,
  keyBytes,
  type Modifiers,
  modified,
  type NamedKey,
  nextSticky,
  noModifiers,
} from './sticky-keys.js';
import { Screen } from './xterm.js';

export interface TerminalState {
  readonly status: 'waiting' | 'live';
  /** Something was shown: waiting then means that it may be old. */
  readonly shown: boolean;
  readonly ended: 'exited' | 'removed' | undefined;
  readonly rows: number;
  readonly cols: number;
  /** The session has the size of this window. */
  readonly mine: boolean;
  readonly fontPx: number;
  readonly atBottom: boolean;
  readonly selected: boolean;
  /** Input that was not taken, until the next that is. */
  readonly refused: string | undefined;
  readonly modifiers: Modifiers;
}

export interface TerminalPlace {
  /** Where the screen goes; it is what is panned. */
  readonly pan: HTMLElement;
  readonly hub: Hub;
  readonly uuid: string;
  readonly size: Grid;
  readonly label: string;
  /** A mouse and a keyboard: the size is taken by using it. */
  readonly computer: boolean;
  /** The user left by its chord. */
  readonly onLeave: () => void;
}

/** How often use asks for the size, if the session does not take it. */
const TAKE_EVERY_MS = 1_000;
/** Between the end of a window's change and telling the session. */
const SETTLE_MS = 120;

export class TerminalControl {
  readonly state: Cell<TerminalState>;
  readonly screen: Screen;
  readonly #place: TerminalPlace;
  readonly #stream: ScreenStream;
  readonly #attach: TerminalAttach;
  readonly #ends: (() => void)[] = [];
  /** The size that was asked for here, last. */
  #asked: Grid | undefined;
  /** What the user chose; undefined: as large as fits. */
  #zoom_px: number | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;
  #perPx = { width: 0.602, height: 1.36 };
  #viewOnly: boolean;
  #usedMs = Number.NEGATIVE_INFINITY;

  constructor(place: TerminalPlace) {
    const { hub, pan, size } = place;
    this.#place = place;
    this.#viewOnly = hub.device.value.view_only;
    this.state = new Cell<TerminalState>({
      status: 'waiting',
      shown: false,
      ended: undefined,
      ...size,
      mine: false,
      fontPx: this.#preferred_px,
      atBottom: true,
      selected: false,
      refused: undefined,
      modifiers: noModifiers,
    });
    this.screen = new Screen({
      colors: terminalColors[theme.value],
      fontPx: this.#preferred_px,
      readOnly: this.#viewOnly,
      label: place.label,
    });
    this.screen.resize(size.rows, size.cols);
    this.screen.open(pan);
    this.#measure();
    this.#stream = new ScreenStream(this.screen);
    this.#listen();
    this.#scale();
    this.#attach = this.#attached();
  }

  #set(change: Partial<TerminalState>): void {
    const entries = Object.entries(change) as [keyof TerminalState, unknown][];
    if (entries.some(([name, value]) => this.state.value[name] !== value))
      this.state.set({ ...this.state.value, ...change });
  }

  #attached(): TerminalAttach {
    const stream = this.#stream;
    const sized = (rows: number, cols: number): void => {
      this.#set({ rows, cols, mine: this.#asked?.rows === rows && this.#asked.cols === cols });
      this.#scale();
    };
    return this.#place.hub.attach(
      this.#place.uuid,
      {
        snapshot: ({ rows, cols, bytes }) =>
          stream.snapshot(rows, cols, bytes, () => {
            sized(rows, cols);
            this.#set({ shown: true });
          }),
        output: (bytes, done) => stream.output(bytes, done),
        resized: (rows, cols) => stream.resized(rows, cols, () => sized(rows, cols)),
        status: (status) => this.#set({ status }),
        ended: (ended) => this.#set({ ended }),
        refused: (refused) => this.#set({ refused }),
      },
      {},
    );
  }

  #listen(): void {
    const { screen, state } = this;
    const { pan, hub, onLeave, computer } = this.#place;
    screen.onInput((text) => this.type(text));
    screen.onScroll(() => this.#set({ atBottom: screen.atBottom }));
    screen.onSelection(() => this.#set({ selected: screen.selection !== '' }));
    screen.onFocus(() => {
      hub.seen(this.#place.uuid);
      if (computer) this.#takeByUse();
    });
    screen.onKey((event) => {
      if (event.type !== 'keydown') return true;
      if (leavesTerminal(event)) {
        event.preventDefault();
        onLeave();
        return false;
      }
      if (opensSwitcher(event, true)) return false;
      return !this.#clipboardKey(event);
    });
    screen.onCells = () => {
      this.#measure();
      this.#spaceChanged();
    };
    const resized = new ResizeObserver(() => this.#spaceChanged());
    resized.observe(pan);
    this.#ends.push(
      () => resized.disconnect(),
      theme.subscribe((now) => {
        screen.colors = terminalColors[now];
      }),
      hub.device.subscribe(({ view_only }) => {
        this.#viewOnly = view_only;
        screen.readOnly = view_only;
        state.set({ ...state.value });
      }),
    );
  }

  /** Ctrl-Shift-C copies; Ctrl-Shift-V is the browser's, which pastes. */
  #clipboardKey(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return false;
    if (event.code === 'KeyV') return true;
    if (event.code !== 'KeyC' || this.screen.selection === '') return false;
    event.preventDefault();
    document.execCommand('copy');
    return true;
  }

  get #preferred_px(): number {
    const root_px = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    return bounded((this.#place.computer ? 13 : 12) * (root_px / 16));
  }

  get #space(): { readonly width: number; readonly height: number } {
    const { pan } = this.#place;
    return { width: pan.clientWidth, height: pan.clientHeight };
  }

  /** How large a cell is for each pixel of font. */
  #measure(): void {
    const { cell, fontPx } = this.screen;
    if (cell !== undefined && fontPx > 0)
      this.#perPx = { width: cell.width / fontPx, height: cell.height / fontPx };
  }

  /** Draws as large as is wanted and fits. */
  #scale(): void {
    const { rows, cols, mine } = this.state.value;
    const wanted = this.#zoom_px ?? this.#preferred_px;
    const free = this.#zoom_px !== undefined || mine;
    const font_px = free
      ? bounded(wanted)
      : fontFor(this.#space, { rows, cols }, this.#perPx, wanted, this.#place.computer);
    this.screen.fontPx = font_px;
    this.#set({ fontPx: font_px });
  }

  #spaceChanged(): void {
    clearTimeout(this.#settle);
    this.#scale();
    this.revealCursor();
    // An on-screen keyboard comes and goes; the session's size does not follow it.
    if (this.state.value.mine && this.#place.computer)
      this.#settle = setTimeout(() => this.takeSize(), SETTLE_MS);
  }

  /** Makes the session as large as this window. */
  takeSize(): void {
    const { ended } = this.state.value;
    if (this.#viewOnly || ended !== undefined) return;
    this.screen.fontPx = bounded(this.#zoom_px ?? this.#preferred_px);
    this.#measure();
    const { cell } = this.screen;
    const space = this.#space;
    if (cell === undefined || space.width === 0) return;
    const asked = gridFor(space, cell);
    this.#asked = asked;
    this.#attach.view({ ...asked, focused: true });
    const { rows, cols } = this.state.value;
    this.#set({ mine: rows === asked.rows && cols === asked.cols, fontPx: this.screen.fontPx });
    if (!this.state.value.mine) this.#scale();
  }

  #takeByUse(): void {
    const now_ms = performance.now();
    // A size that is pinned is not asked for with every key.
    if (this.state.value.mine || now_ms - this.#usedMs < TAKE_EVERY_MS) return;
    this.#usedMs = now_ms;
    this.takeSize();
  }

  /** One step larger or smaller; undefined: as large as fits. */
  zoom(step: 1 | -1 | undefined): void {
    this.#zoom_px = step === undefined ? undefined : bounded(Math.round(this.screen.fontPx + step));
    this.#zoomed();
  }

  /** Of two fingers. */
  zoomTo(font_px: number): void {
    this.#zoom_px = bounded(Math.round(font_px * 4) / 4);
    this.#zoomed();
  }

  #zoomed(): void {
    this.#scale();
    // Whoever has the size wants it to fit again.
    if (!this.state.value.mine) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.takeSize(), SETTLE_MS);
  }

  type(text: string): void {
    const { modifiers, ended } = this.state.value;
    if (this.#viewOnly || ended !== undefined) return;
    const { computer } = this.#place;
    if (computer) this.#takeByUse();
    this.#set({ refused: undefined, modifiers: afterKey(modifiers) });
    this.#attach.type(modified(text, modifiers));
    if (!computer) this.revealCursor();
  }

  /** A key of the key row. */
  press(key: NamedKey): void {
    const { modifiers } = this.state.value;
    const bytes = keyBytes(key, modifiers, this.screen.applicationCursor);
    this.#set({ modifiers: afterKey(modifiers) });
    if (!this.screen.atBottom) this.screen.scrollToBottom();
    this.#attach.type(bytes);
    this.revealCursor();
  }

  modifier(which: keyof Modifiers): void {
    const { modifiers } = this.state.value;
    this.#set({ modifiers: { ...modifiers, [which]: nextSticky[modifiers[which]] } });
  }

  paste(text: string): void {
    this.screen.paste(text);
  }

  /** Pans so that the cursor can be seen. */
  revealCursor(): void {
    const { pan } = this.#place;
    const { cell, cursor } = this.screen;
    if (cell === undefined) return;
    const x = cursor.col * cell.width;
    const y = cursor.row * cell.height;
    pan.scrollLeft = revealed(pan.scrollLeft, pan.clientWidth, x, x + cell.width);
    pan.scrollTop = revealed(pan.scrollTop, pan.clientHeight, y, y + cell.height);
  }

  hide(): void {
    this.#attach.hide();
  }

  show(): void {
    this.#attach.show();
  }

  /** What was put out before byte `before`. A failure is said, and is no end. */
  async history(
    before: number | undefined,
  ): Promise<{ readonly offset: number; readonly bytes: Uint8Array } | string> {
    try {
      return await this.#attach.history(before);
    } catch (thrown) {
      return isHubError(thrown) ? thrown.message : messageOf(thrown);
    }
  }

  dispose(): void {
    clearTimeout(this.#settle);
    for (const end of this.#ends) end();
    this.#stream.close();
    this.#attach.close();
    this.screen.dispose();
  }
}
