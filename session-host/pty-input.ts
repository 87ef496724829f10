/**
 * Input on its way to a program: queued while the program does not read, in order, each byte once.
 *
 * Writes straight to the non-blocking descriptor. A stream of Node would not do: libuv writes to the master side of a
 * PTY in blocking mode, so a program that does not read would stop the whole process. As nothing announces that there
 * is room again, a refused write is repeated: at once when the program shows life, else after a growing delay.
 */
import { writeSync } from 'node:fs';
import { errnoOf } from '../system/errno.js';

/** Most bytes that wait for a program. */
export const MAX_QUEUED_INPUT_BYTES = 16 * 1024 * 1024;

/** Most bytes written in one turn of the loop. The kernel takes about 4 to 64 KiB at a time. */
const MAX_TURN_BYTES = 256 * 1024;
const FIRST_DELAY_MS = 1;
const MAX_DELAY_MS = 50;

export class PtyInput {
  readonly #fd: number;
  /** What waits, oldest first; the first item without its first `#sentBytes` bytes. */
  readonly #waiting: Uint8Array[] = [];
  #first = 0;
  #sentBytes = 0;
  #queuedBytes = 0;
  #closed = false;
  #delayMs = FIRST_DELAY_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Takes all of the bytes or, returning false, none: too many would wait, or the program is gone. */
  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#queuedBytes + bytes.length > MAX_QUEUED_INPUT_BYTES) return false;
    const sent = this.#queuedBytes === 0 ? this.#send(bytes, 0, MAX_TURN_BYTES) : 0;
    if (sent < bytes.length) {
      // A copy (slice() of a Buffer is none): the caller may use its memory again.
      const rest = new Uint8Array(bytes.subarray(sent));
      this.#waiting.push(rest);
      this.#queuedBytes += rest.length;
      this.#retryLater();
    }
    return true;
  }

  /** The program did something: it may have read. */
  retry(): void {
    if (this.#queuedBytes > 0) this.#pump();
  }

  /** Drops what waits. Call before the descriptor is closed. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
    this.#queuedBytes = 0;
  }

  #pump(): void {
    let budget = MAX_TURN_BYTES;
    while (budget > 0) {
      const bytes = this.#waiting[this.#first];
      if (bytes === undefined) break;
      const sent = this.#send(bytes, this.#sentBytes, budget);
      if (this.#closed) return;
      if (sent > 0) this.#delayMs = FIRST_DELAY_MS;
      budget -= sent;
      this.#queuedBytes -= sent;
      this.#sentBytes += sent;
      if (this.#sentBytes < bytes.length) break;
      this.#dropFirst();
    }
    if (this.#queuedBytes > 0) this.#retryLater();
  }

  /** Writes until the kernel takes no more, or `maxBytes` are written; the number of bytes it took. */
  #send(bytes: Uint8Array, from: number, maxBytes: number): number {
    const end = Math.min(bytes.length, from + maxBytes);
    let at = from;
    try {
      while (at < end) at += writeSync(this.#fd, bytes, at, end - at);
    } catch (thrown) {
      const errno = errnoOf(thrown);
      // Anything else means that nobody will ever read it.
      if (errno !== 'EAGAIN' && errno !== 'EINTR') this.close();
    }
    return at - from;
  }

  #dropFirst(): void {
    this.#first += 1;
    this.#sentBytes = 0;
    // Not one by one: shifting a long array is slow.
    if (this.#first === this.#waiting.length || this.#first >= 1_024) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
  }

  #retryLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_DELAY_MS);
  }
}
