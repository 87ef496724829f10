/**
 * Bytes that wait for the disk: pieces of a stream, each with its offset, oldest first. May have gaps.
 */

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_BATCH_PIECES = 1_024;

export class HistoryBacklog {
  /** From `#first` on; what is before has left. */
  #pieces: (Piece | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get pieces(): number {
    return this.#pieces.length - this.#first;
  }

  /** Offset of the first byte; undefined: nothing waits. */
  get start(): number | undefined {
    return this.#pieces[this.#first]?.offset;
  }

  push(offset: number, bytes: Uint8Array): void {
    this.#pieces.push({ offset, bytes });
    this.#bytes += bytes.length;
  }

  /** Takes the first pieces, as far as they follow on each other and make up a batch. */
  take(): Piece[] {
    const batch: Piece[] = [];
    let end = this.start;
    for (let bytes = 0; bytes < MAX_BATCH_BYTES && batch.length < MAX_BATCH_PIECES; ) {
      const piece = this.#pieces[this.#first];
      if (piece === undefined || piece.offset !== end) break;
      this.#shift();
      batch.push(piece);
      bytes += piece.bytes.length;
      end = piece.offset + piece.bytes.length;
    }
    return batch;
  }

  /** Puts a batch first again, without its first `written` bytes. */
  putBack(batch: readonly Piece[], written: number): void {
    const rest: Piece[] = [];
    let skip = written;
    for (const { offset, bytes } of batch) {
      if (skip < bytes.length) rest.push({ offset: offset + skip, bytes: bytes.subarray(skip) });
      skip = Math.max(0, skip - bytes.length);
    }
    if (rest.length === 0) return;
    this.#pieces = [...rest, ...this.#pieces.slice(this.#first)];
    this.#first = 0;
    for (const { bytes } of rest) this.#bytes += bytes.length;
  }

  /** Drops the oldest pieces until at most `maxBytes` wait; how many bytes that were. */
  drop(maxBytes: number): number {
    const before = this.#bytes;
    while (this.#bytes > maxBytes) this.#shift();
    return before - this.#bytes;
  }

  #shift(): void {
    this.#bytes -= this.#pieces[this.#first]?.bytes.length ?? 0;
    this.#pieces[this.#first] = undefined;
    this.#first += 1;
    // Not each time: that would move all that wait.
    if (this.#first * 2 >= this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#first);
      this.#first = 0;
    }
  }
}
