/** A session's terminal as a hub would show it: what is put out, what is typed, whose size it has. */
import type { TerminalAttach, TerminalSink } from '../../../../web/link/types.js';

const encoder = new TextEncoder();
const PAGE_BYTES = 32 * 1024;

export class FakeTerminal {
  /** What the screen shows to whoever attaches. */
  screen: string;
  rows: number;
  cols: number;
  /** Output before the screen. */
  past: string;
  readonly typed: string[] = [];
  readonly views: object[] = [];
  attached = 0;
  hidden = 0;
  /** Types back what is typed. */
  echoes = true;
  /** Attaches wait until it is set free. */
  held = false;
  readonly #sinks = new Set<TerminalSink>();

  constructor(screen: string, rows: number, cols: number, past = '') {
    this.screen = screen;
    this.rows = rows;
    this.cols = cols;
    this.past = past;
  }

  attach(sink: TerminalSink, viewOnly: () => boolean): TerminalAttach {
    this.attached++;
    sink.status('waiting');
    const begin = (): void => {
      if (this.held) return;
      sink.snapshot({ rows: this.rows, cols: this.cols, bytes: encoder.encode(this.screen) });
      sink.status('live');
    };
    this.#sinks.add(sink);
    queueMicrotask(begin);
    return {
      type: (text) => {
        if (viewOnly()) return sink.refused('This device may only look on.');
        this.typed.push(text);
        if (this.echoes) this.put(text.replaceAll('\r', '\r\n$ '));
      },
      view: (change) => {
        this.views.push(change);
        const { rows, cols } = change;
        if (rows !== undefined && cols !== undefined) this.resize(rows, cols);
      },
      hide: () => void this.hidden++,
      show: begin,
      history: async (before = this.past.length) => {
        const end = Math.min(before, this.past.length);
        const offset = Math.max(0, end - PAGE_BYTES);
        return { offset, bytes: encoder.encode(this.past.slice(offset, end)) };
      },
      close: () => void this.#sinks.delete(sink),
    };
  }

  put(text: string): void {
    this.screen += text;
    for (const sink of this.#sinks) sink.output(encoder.encode(text), () => undefined);
  }

  resize(rows: number, cols: number): void {
    if (rows === this.rows && cols === this.cols) return;
    Object.assign(this, { rows, cols });
    for (const sink of this.#sinks) sink.resized(rows, cols);
  }

  status(status: 'waiting' | 'live'): void {
    for (const sink of this.#sinks) sink.status(status);
  }

  end(): void {
    for (const sink of this.#sinks) sink.ended('exited');
  }
}
