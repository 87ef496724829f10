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
/** The host's screens may be a few milliseconds behind its bytes. */
const OLDER_MS = 25;
/** Then an older one has to do. */
const MAX_OLDER_SCREENS = 8;

type Snapshot = Extract<TerminalFrame, { type: 'snapshot' }>;
type Output = Extract<TerminalFrame, { type: 'output' }>;

export interface ViewPorts {
  /** Writes to the terminal; when that is done, `consumed` bytes of the stream can be granted again. */
  readonly write: (data: Uint8Array | string, consumed: number) => void;
  /** The screen has to come anew: a snapshot. */
  readonly refresh: () => void;
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
  #noticed: { readonly snapshot: Snapshot; readonly since: Output[] } | undefined;
  #notice: string | undefined;
  #isCovered = false;
  #noticeTimer: Disposable | undefined;
  #settleTimer: Disposable | undefined;
  /** Screens in a row that were older than what shows. */
  #olderScreens = 0;
  #olderTimer: Disposable | undefined;
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

  snapshot(frame: Snapshot): void {
    if (frame.offset < (this.#position ?? 0) && this.#olderScreens < MAX_OLDER_SCREENS) {
      this.#options.ports.write('', frame.bytes.length);
      this.#skipOlder();
      return;
    }
    this.#olderScreens = 0;
    this.#position = frame.offset;
    this.#sessionSize = { rows: frame.rows, cols: frame.cols };
    this.#dropNoticed();
    if (!this.#fits()) {
      this.#options.ports.write('', frame.bytes.length);
      this.#clip();
      return;
    }
    this.#isClipped = false;
    this.#paint(frame, frame.bytes.length);
    if (this.#began) this.#showNotice();
    else this.#noticeFirst(frame);
    this.#began = true;
  }

  /** False: bytes before these are missing. */
  output(received: Output): boolean {
    const known = (this.#position ?? -1) - received.offset;
    if (known < 0) return false;
    const frame = { ...received, bytes: received.bytes.subarray(known) };
    if (known > 0) this.#options.ports.write('', received.bytes.length - frame.bytes.length);
    if (frame.bytes.length === 0) return true;
    this.#position = received.offset + received.bytes.length;
    if (this.#isClipped) {
      this.#options.ports.write('', frame.bytes.length);
      this.#options.ports.wantText();
    } else if (this.#noticed !== undefined) {
      this.#noticed.since.push(frame);
      if (this.#noticed.since.length === 1) this.#expireNoticed(NOTICE_OVER_OUTPUT_MS);
    } else {
      this.clearNotice();
      this.#pass(frame);
    }
    return true;
  }

  /** The session has another size from here on in the stream. */
  sessionResized(size: Size): void {
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
    this.#settleTimer?.dispose();
    this.#olderTimer?.dispose();
    return leave(this.#size, { alternateScreen: this.#alternateScreen, colors: this.#colors });
  }

  #paint(frame: Snapshot, consumed: number): void {
    this.#filter.reset();
    this.#isCovered = false;
    this.#alternateScreen = false;
    this.#synchronized = false;
    const screen = this.#filter.push(frame.bytes);
    const text = [Buffer.from(cleanSlate(this.#size)), screen];
    // A program in the middle of a frame of its own goes on with it.
    if (!this.#synchronized) text.push(Buffer.from(shown));
    this.#options.ports.write(Buffer.concat(text), consumed);
  }

  #pass({ bytes }: Output): void {
    this.#options.ports.write(this.#filter.push(bytes), bytes.length);
  }

  #noticeFirst(snapshot: Snapshot): void {
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
    this.#paint(noticed.snapshot, 0);
    for (const frame of noticed.since) this.#pass(frame);
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

  /**
   * The screen that came is older than what shows: to go back would put lines a second time into the terminal's
   * scrollback. It is asked for again, and the output goes on meanwhile.
   */
  #skipOlder(): void {
    this.#olderScreens++;
    this.#olderTimer?.dispose();
    this.#olderTimer = this.#options.clock.after(OLDER_MS, () => this.#options.ports.refresh());
  }

  #settleSoon(): void {
    this.#settleTimer?.dispose();
    this.#settleTimer = this.#options.clock.after(SETTLE_MS, () => this.#settle());
  }

  /** Terminals arrange text anew in their own ways when their size changes: the true screen has to come. */
  #settle(): void {
    this.#releaseNoticed();
    if (this.#fits()) this.#options.ports.refresh();
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
    const { rows, cols } = this.#sessionSize ?? this.#size;
    return rows === this.#size.rows && cols === this.#size.cols;
  }

  #modeSet(mode: number, on: boolean): void {
    if (mode === 47 || mode === 1047 || mode === 1049) this.#alternateScreen = on;
    if (mode === 2026) this.#synchronized = on;
  }
}
