/**
 * The recent output of a session: the last bytes of an endless stream, addressed by their offset from its start.
 *
 * Memory comes in chunks, each when the stream first gets there, so a quiet session costs one chunk. A chunk holds the
 * same offsets modulo the ring's size, so pushing copies each byte once and nothing is ever moved.
 */
import { ArgumentError } from '../base/errors.js';

const CHUNK_BYTES = 64 * 1024;

export class ByteRing {
  readonly #capacityBytes: number;
  readonly #chunkBytes: number;
  /** One more than the capacity needs: the oldest and the newest byte may share no chunk boundary. */
  readonly #chunks: (Uint8Array | undefined)[];
  #end = 0;

  constructor(capacityBytes: number) {
    if (!Number.isSafeInteger(capacityBytes) || capacityBytes < 1)
      throw new ArgumentError(`A ring holds 1 byte or more, got ${capacityBytes}.`);
    this.#capacityBytes = capacityBytes;
    this.#chunkBytes = Math.min(CHUNK_BYTES, capacityBytes);
    this.#chunks = new Array<Uint8Array | undefined>(Math.ceil(capacityBytes / this.#chunkBytes) + 1).fill(
      undefined,
    );
  }

  /** Offset of the oldest byte that is still here. */
  get start(): number {
    return Math.max(0, this.#end - this.#capacityBytes);
  }

  /** Offset of the next byte: how many there have been. */
  get end(): number {
    return this.#end;
  }

  /** Appends a copy of the bytes; the oldest make room. */
  push(bytes: Uint8Array): void {
    // Of more than fits, only the last can stay.
    let from = Math.max(0, bytes.length - this.#capacityBytes);
    this.#end += from;
    while (from < bytes.length) {
      const at = this.#end % this.#chunkBytes;
      const length = Math.min(bytes.length - from, this.#chunkBytes - at);
      const whole = from === 0 && length === bytes.length;
      this.#chunkFor(this.#end).set(whole ? bytes : bytes.subarray(from, from + length), at);
      from += length;
      this.#end += length;
    }
  }

  /**
   * The bytes from `offset` on, as a view that is valid until the next push. At most `maxBytes`, and possibly fewer
   * where two chunks meet; empty only at the end. An offset that is not here is a caller's mistake.
   */
  read(offset: number, maxBytes: number): Uint8Array {
    if (!(offset >= this.start && offset <= this.#end))
      throw new ArgumentError(
        `Offset ${offset} is not in the ring, which has ${this.start} to ${this.#end}.`,
      );
    const at = offset % this.#chunkBytes;
    const length = Math.min(maxBytes, this.#end - offset, this.#chunkBytes - at);
    return length <= 0 ? NOTHING : this.#chunkFor(offset).subarray(at, at + length);
  }

  #chunkFor(offset: number): Uint8Array {
    const slot = Math.floor(offset / this.#chunkBytes) % this.#chunks.length;
    let chunk = this.#chunks[slot];
    if (chunk === undefined) {
      chunk = new Uint8Array(this.#chunkBytes);
      this.#chunks[slot] = chunk;
    }
    return chunk;
  }
}

const NOTHING = new Uint8Array(0);
