/**
 * What Lua types into sessions, on its way to the host.
 *
 * Keeps the order of one session's writes, also where one is too large for a single request: a refused piece ends its
 * write, so that a session gets the beginning of what was typed and never the end without the middle.
 */

/** The host takes frames of 1 MiB, and base64 makes four bytes of three. */
const PIECE_BYTES = 256 * 1024;

/** Sends one piece; rejects when the session did not take it. */
export type SendPiece = (uuid: string, piece: Uint8Array) => Promise<unknown>;

export class Input {
  readonly #send: SendPiece;
  /** The last write of each session that has one under way. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(send: SendPiece) {
    this.#send = send;
  }

  /** Resolves when the session took all of it. Rejects with the reason why it did not. */
  async write(uuid: string, bytes: Uint8Array): Promise<void> {
    const before = this.#last.get(uuid);
    const write =
      before === undefined ? this.#pieces(uuid, bytes) : before.then(() => this.#pieces(uuid, bytes));
    const settled = write.catch(() => undefined);
    this.#last.set(uuid, settled);
    try {
      await write;
    } finally {
      if (this.#last.get(uuid) === settled) this.#last.delete(uuid);
    }
  }

  async #pieces(uuid: string, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await this.#send(uuid, bytes.subarray(at, at + PIECE_BYTES));
    }
  }
}
