/**
 * Puts a session's stream onto a screen, in its order.
 *
 * xterm takes bytes now and parses them later, while resets and sizes act at once. So those wait here until all bytes before
 * them were parsed, and what comes after them waits too. Nothing is counted as taken before the screen has it, so that
 * credit bounds what waits.
 */
import { QueryFilter } from '../../../protocol/query-filter.js';

/** The part of a screen that this needs. */
export interface StreamScreen {
  write(bytes: Uint8Array, done: () => void): void;
  reset(): void;
  resize(rows: number, cols: number): void;
}

interface Step {
  /** Not before all bytes before it were parsed. */
  readonly alone: boolean;
  readonly run: () => void;
}

export class ScreenStream {
  readonly #screen: StreamScreen;
  readonly #filter = new QueryFilter();
  /** A reset or a size that cannot be yet, and what came behind it. */
  #waiting: Step[] = [];
  #unparsed = 0;
  #closed = false;

  constructor(screen: StreamScreen) {
    this.#screen = screen;
  }

  output(bytes: Uint8Array, done: () => void): void {
    this.#then({ alone: false, run: () => this.#write(this.#filter.push(bytes), done) });
  }

  snapshot(rows: number, cols: number, bytes: Uint8Array, done: () => void): void {
    const run = (): void => {
      this.#screen.resize(rows, cols);
      this.#screen.reset();
      this.#filter.reset();
      this.#write(this.#filter.push(bytes), done);
    };
    this.#then({ alone: true, run });
  }

  resized(rows: number, cols: number, done: () => void): void {
    const run = (): void => {
      this.#screen.resize(rows, cols);
      done();
    };
    this.#then({ alone: true, run });
  }

  /** What waits is not shown any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #then(step: Step): void {
    this.#waiting.push(step);
    this.#goOn();
  }

  #write(bytes: Uint8Array, done: () => void): void {
    this.#unparsed++;
    this.#screen.write(bytes, () => {
      this.#unparsed--;
      if (this.#closed) return;
      done();
      this.#goOn();
    });
  }

  #goOn(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || (next.alone && this.#unparsed > 0)) return;
      this.#waiting.shift();
      next.run();
    }
  }
}
