/**
 * Who waits until the facts before an answer of the worker have been handled. Answers come straight, facts by way of the
 * inbox, so without this an answer could be used before the list of sessions that it belongs to, or undo a fact.
 */
export class Answers {
  #handled = 0;
  /** By number. */
  readonly #waiting = new Map<number, () => void>();

  until(answer: number): Promise<void> {
    if (answer <= this.#handled) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(answer, resolve));
  }

  /** All facts before this answer have been handled, and so those before the answers before it. */
  handled(answer: number): void {
    this.#handled = Math.max(this.#handled, answer);
    for (const [number, resolve] of this.#waiting) {
      if (number > this.#handled) continue;
      this.#waiting.delete(number);
      resolve();
    }
  }

  /** Lets everybody go on. */
  release(): void {
    this.handled(Math.max(this.#handled, ...this.#waiting.keys()));
  }
}
