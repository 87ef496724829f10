/**
 * How much output of one attach may be on its way to its terminal.
 *
 * The host sends as long as it has credit; credit comes back as the terminal takes bytes, in few frames. What an earlier
 * attach of the same terminal still has in work counts too, so that the terminal never has more than the window to do.
 */
export const WINDOW_BYTES = 128 * 1024;
/** Given back at once from here on: often enough that the host never waits for it. */
const GRANT_BYTES = WINDOW_BYTES / 8;

export class CreditWindow {
  readonly #grant: (bytes: number) => void;
  /** Came, and the terminal has not taken it. */
  #working = 0;
  /** Taken, and not given back yet. */
  #due = 0;

  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
  }

  /** A new attach begins: the credit it starts with. */
  open(): number {
    this.#due = 0;
    return Math.max(0, WINDOW_BYTES - this.#working);
  }

  /** Output came. Gives what is to be called when the terminal has taken it. */
  took(bytes: number): () => void {
    this.#working += bytes;
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.#working -= bytes;
      this.#give(bytes);
    };
  }

  /** A snapshot came, which the terminal takes in one go. */
  tookAtOnce(bytes: number): void {
    this.#give(bytes);
  }

  #give(bytes: number): void {
    this.#due += bytes;
    if (this.#due < GRANT_BYTES) return;
    const due = this.#due;
    this.#due = 0;
    this.#grant(due);
  }
}
