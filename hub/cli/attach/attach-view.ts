/**
 * What the user's terminal shows of a session, as a machine without I/O: frames and sizes in, text for the terminal out.
 *
 * Output passes through as it is while the session has the terminal's size. While it has another (a client elsewhere
 * decides it) the screen's text is drawn as far as it fits. Each byte is shown once, in order; a hole in the offsets
 * is noticed, not shown. Questions to terminals are left out: the session's host answers them.
 */
import type { Clock } from '../../../base/clock.js';
import type { Disposable } from '../../../base/scope.js';
import { QueryFilter } from '../../../protocol/query-filter.js';
import type { TerminalFrame } from '../../../protocol/terminal-frames.js';
import {
  beginClipped,
  cleanSlate,
  clipped,
  leave,
  noNotice,
  notice,
  type Size,
  shown,
} from './outer-terminal.js';

/** A window that is being dragged has many sizes; it counts when it rests. */
export const SETTLE_MS = 150;
/** How long the first notice stays: with nothing new to show, and with something. A key takes it away at once. */
const NOTICE_MS = 3_000;
const NOTICE_OVER_OUTPUT_MS = 1_000;
/** A screen that is behind what is known here is asked for again after so long, then less and less often. */
const FIRST_RETRY_MS = 25;
const MAX_RETRY_MS = 1_000;

/** Text that makes a terminal of this size show the session's screen at `offset`. */
export type Screen = Pick<Extract<TerminalFrame, { type: 'snapshot' }>, 'offset' | 'rows' | 'cols' | 'bytes'>;
export type Output = Pick<Extract<TerminalFrame, { type: 'output' }>, 'offset' | 'bytes'>;

export interface ViewPorts {
  /** Writes to the terminal; when that is done, `consumed` bytes of the stream can be granted again. */
  readonly write: (data: Uint8Array | string, consumed: number) => void;
  /** The screen has to come anew: `screen` follows. */
  readonly wantScreen: () => void;
  /** The screen is wanted as text: `showText`. Called for every change; the caller sees to it that it is not too often. */
  readonly wantText: () => void;
}

export interface ScreenText {
  readonly text: string;
  readonly rows: number;
  readonly cols: number;
  readonly cursor: { readonly row: number; readonly col: number; readonly visible: boolean };
}

export interface ViewOptions {
  readonly size: Size;
  readonly clock: Clock;
  readonly ports: ViewPorts;
  /** Shown over the first screen for a moment. */
  readonly firstNotice: string;
  /** What a user can do about a session of another size. */
  readonly clippedHint: string;
}

export class AttachView {
  readonly #options: ViewOptions;
  readonly #filter: QueryFilter;
  /** The terminal's size, and the session's. */
  #size: Size;
  #sessionSize: Size | undefined;
  #isClipped = false;
  #position: number | undefined;
  /** The first screen with the notice over it, and what came since. */
  #noticed: { readonly snapshot: Screen; readonly since: Output[] } | undefined;
  #notice: string | undefined;
  #isCovered = false;
  #noticeTimer: Disposable | undefined;
  #settleTimer: Disposable | undefined;
  /** Asked for, and come but for an offset that the output has not reached. */
  #asked = false;
  #screenToCome: Screen | undefined;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: Disposable | undefined;
  /** What the passed output did to the terminal. */
  #alternateScreen = false;
  #colors = false;
  #synchronized = false;
  #began = false;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#size = options.size;
    this.#filter = new QueryFilter({
      onPrivateMode: (mode, on) => this.#modeSet(mode, on),
      onColors: () => {
        this.#colors = true;
      },
    });
  }

  /** Offset of the next byte to come; undefined before the first. */
  get position(): number | undefined {
    return this.#position;
  }

  /** Whether a notice took the place of something that should show again. */
  get isCovered(): boolean {
    return this.#isCovered;
  }

  /** Whether the session's size is another client's choice. */
  get isClipped(): boolean {
    return this.#isClipped;
  }

  /** A snapshot in the stream: the first, or one that takes the place of bytes that were missed. */
  snapshot(screen: Screen): void {
    this.#position = screen.offset;
    this.#sessionSize = { rows: screen.rows, cols: screen.cols };
    this.#dropNoticed();
    this.#screenToCome = undefined;
    const first = !this.#began;
    this.#began = true;
    this.#options.ports.write('', screen.bytes.length);
    if (!this.#take(screen)) return;
    if (first) this.#noticeFirst(screen);
    else this.#showNotice();
  }

  /** False: bytes before these are missing. */
  output({ offset, bytes }: Output): boolean {
    const position = this.#position ?? -1;
    if (offset > position) return false;
    if (offset + bytes.length <= position) {
      this.#options.ports.write('', bytes.length);
      return true;
    }
    // What was shown already is not shown again.
    const fresh = bytes.subarray(position - offset);
    this.#position = offset + bytes.length;
    const screen = this.#screenToCome;
    if (screen === undefined || screen.offset > this.#position) {
      this.#show({ offset: position, bytes: fresh }, bytes.length);
      return true;
    }
    const before = fresh.subarray(0, screen.offset - position);
    this.#show({ offset: position, bytes: before }, bytes.length);
    this.#takeScreenToCome();
    this.#show({ offset: screen.offset, bytes: fresh.subarray(before.length) }, 0);
    return true;
  }

  /** Has the screen come anew. The output goes on meanwhile. */
  refresh(): void {
    this.#retryTimer?.dispose();
    if (this.#asked) return;
    this.#asked = true;
    this.#screenToCome = undefined;
    this.#options.ports.wantScreen();
  }

  /** The answer to `wantScreen`; undefined if it could not be had. */
  screen(screen: Screen | undefined): void {
    this.#asked = false;
    if (screen === undefined || this.#isBehind(screen)) {
      // To go back would put lines a second time into the terminal's scrollback.
      this.#retryTimer = this.#options.clock.after(this.#retryMs, () => this.refresh());
      this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#screenToCome = screen;
    if (screen.offset === this.#position) this.#takeScreenToCome();
  }

  /** The session has another size from here on in the stream. */
  sessionResized(size: Size): void {
    if (isSameSize(size, this.#sessionSize)) return;
    this.#sessionSize = size;
    this.#settleSoon();
  }

  /** The terminal's window has. */
  resized(size: Size): void {
    this.#size = size;
    this.#settleSoon();
  }

  /** The user typed. */
  typed(): void {
    this.#releaseNoticed();
  }

  /** The answer to `wantText`. */
  showText({ text, cols, rows, cursor }: ScreenText): void {
    if (!this.#isClipped) return;
    const { clippedHint } = this.#options;
    const status = this.#notice ?? `the session is ${cols}x${rows}; ${clippedHint}`;
    this.#options.ports.write(clipped({ lines: text.split('\n'), cursor, status }, this.#size), 0);
  }

  /** Shows a line over the screen until `clearNotice`. */
  setNotice(text: string): void {
    this.#releaseNoticed();
    this.#notice = text;
    this.#showNotice();
  }

  /** The row is blank then, until the screen comes anew. */
  clearNotice(): void {
    if (this.#notice === undefined) return;
    this.#notice = undefined;
    if (this.#isClipped) this.#options.ports.wantText();
    else this.#options.ports.write(noNotice(this.#size), 0);
  }

  /** What puts the terminal back. Nothing is shown after it. */
  end(): string {
    this.#releaseNoticed();
    for (const timer of [this.#settleTimer, this.#retryTimer]) timer?.dispose();
    return leave(this.#size, { alternateScreen: this.#alternateScreen, colors: this.#colors });
  }

  #show(output: Output, consumed: number): void {
    const { ports } = this.#options;
    if (this.#isClipped) {
      ports.write('', consumed);
      ports.wantText();
    } else if (this.#noticed !== undefined) {
      // Granted when it is shown.
      ports.write('', Math.max(0, consumed - output.bytes.length));
      this.#noticed.since.push(output);
      if (this.#noticed.since.length === 1) this.#expireNoticed(NOTICE_OVER_OUTPUT_MS);
    } else {
      this.clearNotice();
      ports.write(this.#filter.push(output.bytes), consumed);
    }
  }

  #takeScreenToCome(): void {
    const screen = this.#screenToCome;
    this.#screenToCome = undefined;
    if (screen === undefined) return;
    // The output that was waited for came with a size.
    if (!isSameSize(screen, this.#sessionSize)) return this.refresh();
    this.#releaseNoticed();
    if (this.#take(screen)) this.#showNotice();
  }

  /** Shows a screen, if it has the terminal's size. */
  #take(screen: Screen): boolean {
    if (this.#fits()) {
      this.#isClipped = false;
      this.#paint(screen);
      return true;
    }
    this.#clip();
    return false;
  }

  #paint({ bytes }: Screen): void {
    this.#filter.reset();
    this.#isCovered = false;
    this.#alternateScreen = false;
    this.#synchronized = false;
    const text = [Buffer.from(cleanSlate(this.#size)), this.#filter.push(bytes)];
    // A program in the middle of a frame of its own goes on with it.
    if (!this.#synchronized) text.push(Buffer.from(shown));
    this.#options.ports.write(Buffer.concat(text), 0);
  }

  #noticeFirst(snapshot: Screen): void {
    this.#noticed = { snapshot, since: [] };
    this.#options.ports.write(notice(this.#options.firstNotice, this.#size), 0);
    this.#expireNoticed(NOTICE_MS);
  }

  #expireNoticed(afterMs: number): void {
    this.#noticeTimer?.dispose();
    this.#noticeTimer = this.#options.clock.after(afterMs, () => this.#releaseNoticed());
  }

  /** Shows the screen below the notice, and what has come meanwhile. */
  #releaseNoticed(): void {
    const noticed = this.#noticed;
    if (noticed === undefined) return;
    this.#noticed = undefined;
    this.#noticeTimer?.dispose();
    this.#paint(noticed.snapshot);
    for (const { bytes } of noticed.since) {
      this.#options.ports.write(this.#filter.push(bytes), bytes.length);
    }
  }

  /** Forgets them: something newer is shown. */
  #dropNoticed(): void {
    this.#noticeTimer?.dispose();
    for (const { bytes } of this.#noticed?.since ?? []) this.#options.ports.write('', bytes.length);
    this.#noticed = undefined;
  }

  #showNotice(): void {
    if (this.#notice === undefined) return;
    if (this.#isClipped) this.#options.ports.wantText();
    else this.#options.ports.write(notice(this.#notice, this.#size), 0);
    this.#isCovered = !this.#isClipped;
  }

  #settleSoon(): void {
    this.#settleTimer?.dispose();
    this.#settleTimer = this.#options.clock.after(SETTLE_MS, () => this.#settle());
  }

  /** Terminals arrange text anew in their own ways when their size changes: the true screen has to come. */
  #settle(): void {
    this.#releaseNoticed();
    if (this.#fits()) this.refresh();
    else this.#clip();
  }

  #clip(): void {
    this.#isClipped = true;
    this.#alternateScreen = false;
    this.#filter.reset();
    this.#options.ports.write(beginClipped(this.#size), 0);
    this.#options.ports.wantText();
  }

  #fits(): boolean {
    return isSameSize(this.#sessionSize ?? this.#size, this.#size);
  }

  /** It was asked for before something that is known here by now. */
  #isBehind(screen: Screen): boolean {
    return screen.offset < (this.#position ?? 0) || !isSameSize(screen, this.#sessionSize ?? screen);
  }

  #modeSet(mode: number, on: boolean): void {
    if (mode === 47 || mode === 1047 || mode === 1049) this.#alternateScreen = on;
    if (mode === 2026) this.#synchronized = on;
  }
}

function isSameSize(one: Size, other: Size | undefined): boolean {
  return one.rows === other?.rows && one.cols === other.cols;
}
