/**
 * A bounded first-in-first-out queue in one growing ring: push, shift and replace are O(1).
 *
 * Each item has a sequence number that never changes while it waits, so that an owner can remember where an item is
 * and replace it in place. Storage starts small and doubles up to the limit, so an idle queue costs nothing.
 * A full queue refuses; what that means is the owner's business.
 */

const INITIAL_SLOTS = 16;

export class RingQueue<T> {
  /** Most items it holds. */
  readonly limit: number;
  #slots: (T | undefined)[] = new Array<T | undefined>(INITIAL_SLOTS).fill(undefined);
  /** Sequence numbers of the oldest item and of the next one. Slot = sequence modulo the (power of two) size. */
  #head = 0;
  #tail = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.#tail - this.#head;
  }

  get full(): boolean {
    return this.length >= this.limit;
  }

  /** The sequence number of the oldest item; of the next one to come when empty. */
  get head(): number {
    return this.#head;
  }

  /** Appends and returns the item's sequence number, or -1 when the queue is full. */
  push(item: T): number {
    if (this.full) return -1;
    if (this.length === this.#slots.length) this.#grow();
    const sequence = this.#tail++;
    this.#slots[this.#slot(sequence)] = item;
    return sequence;
  }

  /** Takes the oldest item; undefined when empty. */
  shift(): T | undefined {
    if (this.#head === this.#tail) return undefined;
    const slot = this.#slot(this.#head++);
    const item = this.#slots[slot];
    this.#slots[slot] = undefined;
    return item;
  }

  /** The waiting item with this sequence number. */
  at(sequence: number): T | undefined {
    return this.#holds(sequence) ? this.#slots[this.#slot(sequence)] : undefined;
  }

  /** Puts `item` in the place of the waiting item with this sequence number; false if that has left. */
  replace(sequence: number, item: T): boolean {
    if (!this.#holds(sequence)) return false;
    this.#slots[this.#slot(sequence)] = item;
    return true;
  }

  #holds(sequence: number): boolean {
    return sequence >= this.#head && sequence < this.#tail;
  }

  // The size is a power of two, and `&` keeps the low bits of integers up to 2^53.
  #slot(sequence: number): number {
    return sequence & (this.#slots.length - 1);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let sequence = this.#head; sequence < this.#tail; sequence++) {
      this.#slots[this.#slot(sequence)] = old[sequence & (old.length - 1)];
    }
  }
}
