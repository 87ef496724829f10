/**
 * Reading what a session put out before what the live screen still has: a second screen, read only, that is filled from the
 * recorded bytes and stands still while the live one goes on.
 *
 * Bytes cannot be put in front of what a terminal has: with each older page all of them are written anew, and the place is
 * kept by its distance from the end. Lines that were written at another width, or by a program that draws on the whole
 * screen, come out as they would in a terminal of the present size; what full-screen programs drew is left out.
 */
import { Cell } from '../../link/observable.js';
import { theme } from '../theme.js';
import { terminalColors } from './colors.js';
import { Screen } from './xterm.js';

/** More is for the machine: the page stays fast. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_LINES = 100_000;
/** Where the first whole line begins is looked for so far. */
const MAX_FIRST_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
/** Out of full-screen mode, no mouse, no cursor: what is read stands in the scrollback. */
const TO_READ = '\u001b[?1049l\u001b[?9;1000;1002;1003l\u001b[?25l';

export type OlderState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'more' }
  /** Up to the beginning, or as far as is kept. */
  | { readonly kind: 'all' }
  /** The page shows no more than this. */
  | { readonly kind: 'limit' }
  | { readonly kind: 'failed'; readonly message: string };

export interface OlderSource {
  /** Pages of bytes before an offset, or why there are none. */
  page(before: number | undefined): Promise<{ readonly offset: number; readonly bytes: Uint8Array } | string>;
  readonly end: number;
  readonly rows: number;
  readonly cols: number;
  readonly fontPx: number;
  /** Lines above the end: there the reader begins. */
  readonly fromEnd: number;
}

export class OlderOutput {
  readonly state = new Cell<OlderState>({ kind: 'loading' });
  readonly screen: Screen;
  readonly #source: OlderSource;
  readonly #onEnd: () => void;
  #pages: Uint8Array[] = [];
  #offset: number | undefined;
  #bytes = 0;
  #loads = 0;
  #closed = false;
  /** Moved by the user since the last fill. */
  #settled = false;
  readonly #endTheme: () => void;

  constructor(host: HTMLElement, source: OlderSource, onEnd: () => void) {
    this.#source = source;
    this.#onEnd = onEnd;
    this.screen = new Screen({
      colors: terminalColors[theme.value],
      fontPx: source.fontPx,
      readOnly: true,
      scrollbackLines: MAX_LINES,
      label: 'Older output, read only',
    });
    this.screen.resize(source.rows, source.cols);
    this.screen.open(host);
    this.screen.onScroll(() => this.#scrolled());
    this.#endTheme = theme.subscribe((now) => {
      this.screen.colors = terminalColors[now];
    });
    void this.#load(source.fromEnd);
  }

  #scrolled(): void {
    if (!this.#settled || this.#closed) return;
    if (this.screen.atBottom) this.#onEnd();
    else if (this.screen.top === 0 && this.state.value.kind === 'more')
      void this.#load(this.screen.linesAbove);
  }

  /** Gets older pages: twice as much each time. `fromEnd`: lines between the place and the end. */
  async #load(fromEnd: number): Promise<void> {
    this.state.set({ kind: 'loading' });
    const count = 2 ** Math.min(this.#loads++, 4);
    let over: OlderState = { kind: 'more' };
    for (let page = 0; page < count && over.kind === 'more'; page++) over = await this.#page();
    if (this.#closed) return;
    await this.#fill(fromEnd);
    this.state.set(over);
  }

  async #page(): Promise<OlderState> {
    const before = this.#offset ?? (this.#source.end > 0 ? this.#source.end : undefined);
    const page = await this.#source.page(before);
    if (typeof page === 'string') return { kind: 'failed', message: page };
    if (page.bytes.length === 0) return { kind: 'all' };
    this.#pages.unshift(page.bytes);
    this.#offset = page.offset;
    this.#bytes += page.bytes.length;
    if (page.offset === 0) return { kind: 'all' };
    return this.#bytes >= MAX_BYTES ? { kind: 'limit' } : { kind: 'more' };
  }

  async #fill(fromEnd: number): Promise<void> {
    const { screen } = this;
    this.#settled = false;
    screen.reset();
    const [first, ...others] = this.#pages;
    if (first !== undefined) {
      const whole = this.#offset === 0 ? first : fromFirstLine(first);
      for (const bytes of [whole, ...others]) screen.write(bytes, () => undefined);
    }
    await new Promise<void>((resolve) => screen.write(TO_READ, resolve));
    if (this.#closed) return;
    screen.scrollTo(Math.max(0, screen.linesAbove - fromEnd));
    // The scroll events of all this come first.
    requestAnimationFrame(() => {
      this.#settled = true;
    });
  }

  close(): void {
    this.#closed = true;
    this.#endTheme();
    this.screen.dispose();
  }
}

function fromFirstLine(bytes: Uint8Array): Uint8Array {
  const newline = bytes.subarray(0, MAX_FIRST_LINE_BYTES).indexOf(NEWLINE);
  return newline < 0 ? bytes : bytes.subarray(newline + 1);
}
