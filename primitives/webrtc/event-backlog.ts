/**
 * The worker's events for the hub, while the hub takes none. What must not be lost waits here, in order; it is bounded by
 * the peers there can be. What comes from devices is refused instead.
 */
export interface EventSink<E> {
  /** False: not taken, offer it again when `drained` resolves. */
  emit(event: E): boolean;
  drained(): Promise<void>;
}

export class EventBacklog<E> {
  readonly #sink: EventSink<E>;
  readonly #waiting: E[] = [];
  #closed = false;

  constructor(sink: EventSink<E>) {
    this.#sink = sink;
  }

  /** Tells it, now or later. */
  tell(event: E): void {
    if (this.#closed || this.offer(event)) return;
    this.#waiting.push(event);
    if (this.#waiting.length === 1) void this.#drain();
  }

  /** Tells it now or not at all. */
  offer(event: E): boolean {
    return this.#waiting.length === 0 && this.#sink.emit(event);
  }

  /** The hub takes no more. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#sink.drained();
      if (this.#closed) return;
      while (this.#waiting[0] !== undefined && this.#sink.emit(this.#waiting[0])) this.#waiting.shift();
    }
  }
}
