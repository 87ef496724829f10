/**
 * A mirror's bytes on their way to the thread: gathered into pieces, because a message costs more than the bytes in it,
 * and posted only as far as the thread keeps up.
 */

/** Largest message of bytes. */
export const PIECE_BYTES = 64 * 1024;
/** Bytes that one mirror may have on their way: with many in sight, the thread can leave out lines (plain-lines.ts). */
export const MAX_IN_FLIGHT_BYTES = 1024 * 1024;

export type Outgoing =
  | { readonly kind: 'write'; readonly bytes: Uint8Array<ArrayBuffer>; readonly again: boolean }
  | { readonly kind: 'resize'; readonly rows: number; readonly cols: number };

export class Outbox {
  readonly #post: (outgoing: Outgoing) => void;
  #waiting: Outgoing[] = [];
  /** Gathers small writes; made when first needed. */
  #gathering: Uint8Array | undefined;
  #gathered = 0;
  #inFlightBytes = 0;

  constructor(post: (outgoing: Outgoing) => void) {
    this.#post = post;
  }

  /** True while bytes wait to be gathered with others: `flush` is due. */
  get gathering(): boolean {
    return this.#gathered > 0;
  }

  /** Copies `bytes`. `again`: bytes that the thread has parsed before. */
  write(bytes: Uint8Array, again = false): void {
    if (again || this.#gathered + bytes.length > PIECE_BYTES) this.flush();
    if (again || bytes.length >= PIECE_BYTES) {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        this.#send({ kind: 'write', bytes: copy(bytes.subarray(at, at + PIECE_BYTES)), again });
      }
      return;
    }
    this.#gathering ??= new Uint8Array(PIECE_BYTES);
    this.#gathering.set(bytes, this.#gathered);
    this.#gathered += bytes.length;
    if (this.#gathered === PIECE_BYTES) this.flush();
  }

  resize(rows: number, cols: number): void {
    this.flush();
    this.#send({ kind: 'resize', rows, cols });
  }

  /** Sends what has been gathered. */
  flush(): void {
    if (this.#gathering === undefined || this.#gathered === 0) return;
    const bytes = copy(this.#gathering.subarray(0, this.#gathered));
    this.#gathered = 0;
    this.#send({ kind: 'write', bytes, again: false });
  }

  /** The thread has parsed or put by this many more bytes; fewer than 0: it has begun to parse what it had put by. */
  taken(bytes: number): void {
    this.#inFlightBytes -= bytes;
    let sent = 0;
    while (this.#inFlightBytes < MAX_IN_FLIGHT_BYTES) {
      const next = this.#waiting[sent];
      if (next === undefined) break;
      sent++;
      this.#postNow(next);
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent);
  }

  #send(outgoing: Outgoing): void {
    if (this.#waiting.length > 0 || this.#inFlightBytes >= MAX_IN_FLIGHT_BYTES) this.#waiting.push(outgoing);
    else this.#postNow(outgoing);
  }

  #postNow(outgoing: Outgoing): void {
    if (outgoing.kind === 'write') this.#inFlightBytes += outgoing.bytes.length;
    this.#post(outgoing);
  }
}

/** A buffer of its own: posting a view would copy all of what it is a view of. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
