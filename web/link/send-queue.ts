/**
 * What waits for the control channel, cut into messages.
 *
 * Little is handed to the channel at a time, so that a ping or credit goes before the rest of a paste: between two
 * frames, never inside of one.
 */
import { MAX_MESSAGE_BYTES } from '../../protocol/peers.js';

/** Handed over before more waits here: some round trips' worth of a slow path. */
const BUFFERED_BYTES = 64 * 1024;
/** More is refused by those who ask `full` first; the rest (pings, credit, requests already begun) is small. */
export const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

export interface MessageOutlet {
  readonly bufferedBytes: number;
  send(message: Uint8Array): void;
}

export class SendQueue {
  readonly #outlet: MessageOutlet;
  readonly #urgent: Uint8Array[] = [];
  readonly #frames: Uint8Array[] = [];
  /** The rest of a frame whose beginning was sent. */
  #begun: Uint8Array | undefined;
  #queuedBytes = 0;

  constructor(outlet: MessageOutlet) {
    this.#outlet = outlet;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get full(): boolean {
    return this.#queuedBytes > MAX_QUEUED_BYTES;
  }

  /** Sends a whole frame, or puts it by. */
  push(frame: Uint8Array, { urgent = false }: { readonly urgent?: boolean } = {}): void {
    (urgent ? this.#urgent : this.#frames).push(frame);
    this.#queuedBytes += frame.length;
    this.pump();
  }

  /** Sends what the channel takes. */
  pump(): void {
    while (this.#outlet.bufferedBytes < BUFFERED_BYTES) {
      const rest = this.#begun ?? this.#urgent.shift() ?? this.#frames.shift();
      if (rest === undefined) return;
      const message = rest.subarray(0, MAX_MESSAGE_BYTES);
      this.#begun = rest.length > message.length ? rest.subarray(message.length) : undefined;
      this.#queuedBytes -= message.length;
      this.#outlet.send(message);
    }
  }
}
