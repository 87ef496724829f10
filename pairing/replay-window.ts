/**
 * Which counters came already: each is taken once, in any order, as in DTLS (RFC 6347, section 4.1.2.6). Relays need not
 * keep order, and lose what is under way when a connection breaks.
 */

/** A counter so far behind the newest one is taken for a repetition. */
export const WINDOW = 1024;

export class ReplayWindow {
  readonly #seen = new Set<number>();
  #newest = -1;

  /** Whether the counter may be new; to be asked before the work of opening what it came with. */
  isFresh(counter: number): boolean {
    return counter > this.#newest - WINDOW && !this.#seen.has(counter);
  }

  /** What it came with is authentic. */
  add(counter: number): void {
    this.#seen.add(counter);
    if (counter <= this.#newest) return;
    this.#newest = counter;
    if (this.#seen.size <= WINDOW * 2) return;
    for (const old of this.#seen) if (old <= counter - WINDOW) this.#seen.delete(old);
  }
}
