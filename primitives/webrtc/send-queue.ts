/**
 * What waits for one device: a lane for control, and the flows of the channel `bytes`, cut into messages.
 *
 * Frames come out of each flow in order and whole, one after the other: the channel is a stream of frames. Nothing is
 * ever dropped from here; that it stays small is the care of those who fill it (attach-credit.ts, device-connection.ts).
 */
import { FairFlows, type Queued } from './fair-flows.js';

/** Flow of what belongs to no attach. Attaches have numbers from 0 on. */
export const NO_ATTACH = -1;

export class SendQueue {
  readonly #control: Queued[] = [];
  readonly #flows = new FairFlows();
  /** The frame that is being sent, and how much of it has been. */
  #current: Queued | undefined;
  #taken = 0;
  #controlBytes = 0;
  #flowBytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#controlBytes + this.#flowBytes;
  }

  get hasControl(): boolean {
    return this.#control.length > 0;
  }

  get hasBytes(): boolean {
    return this.#flowBytes > 0;
  }

  /** A frame for the channel `control`. */
  pushControl(frame: Uint8Array, onTaken?: () => void): void {
    this.#controlBytes += frame.length;
    this.#control.push({ frame, onTaken });
  }

  /** A frame for the channel `bytes`. */
  pushBytes(flow: number, frame: Uint8Array, onTaken?: () => void): void {
    this.#flowBytes += frame.length;
    this.#flows.push(flow, { frame, onTaken });
  }

  /** The next message for `control`: one frame. */
  takeControl(): Uint8Array | undefined {
    const next = this.#control.shift();
    if (next === undefined) return undefined;
    this.#controlBytes -= next.frame.length;
    next.onTaken?.();
    return next.frame;
  }

  /** The next message for `bytes`: pieces of frames, together at most `maxBytes`. */
  takeBytes(maxBytes: number): Uint8Array | undefined {
    const pieces: Uint8Array[] = [];
    let room = maxBytes;
    while (room > 0) {
      const piece = this.#piece(room);
      if (piece === undefined) break;
      pieces.push(piece);
      room -= piece.length;
    }
    this.#flowBytes -= maxBytes - room;
    return pieces.length < 2 ? pieces[0] : Buffer.concat(pieces);
  }

  /** Throws away what waits. */
  clear(): void {
    while (this.takeControl() !== undefined);
    while (this.takeBytes(Number.MAX_SAFE_INTEGER) !== undefined);
  }

  #piece(room: number): Uint8Array | undefined {
    this.#current ??= this.#flows.shift();
    if (this.#current === undefined) return undefined;
    const { frame, onTaken } = this.#current;
    const piece = frame.subarray(this.#taken, this.#taken + room);
    this.#taken += piece.length;
    if (this.#taken === frame.length) {
      this.#current = undefined;
      this.#taken = 0;
      onTaken?.();
    }
    return piece;
  }
}
