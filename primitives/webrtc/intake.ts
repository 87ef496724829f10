/**
 * What a device sends: bytes of its channel `control`, cut as it likes, to checked messages and terminal frames.
 *
 * The WebRTC stack has no way to stop reading, so what is too much, too large or malformed ends the connection: every
 * failure here is thrown, and is final.
 */

import type { Clock } from '../../base/clock.js';
import { fail } from '../../base/errors.js';
import { TokenBucket } from '../../base/token-bucket.js';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import { decodeMessage, type MessageOf } from '../../protocol/messages.js';
import { decodeTerminalFrame, type TerminalFrame } from '../../protocol/terminal-frames.js';
import type { PeerLimits } from './limits.js';

/** What a device may say. */
export const deviceMessages = ['hello', 'request', 'dc_ping', 'dc_pong', 'app'] as const;
export type DeviceMessage = MessageOf<(typeof deviceMessages)[number]>;
export type DeviceTerminalFrame = Extract<TerminalFrame, { type: 'input' | 'credit' }>;

export interface IntakeReceiver {
  message(message: DeviceMessage, payload: Uint8Array): void;
  terminal(frame: DeviceTerminalFrame): void;
}

const acceptedTypes = [frameTypes.message, frameTypes.input, frameTypes.credit];

export class Intake {
  readonly #receiver: IntakeReceiver;
  readonly #reader: FrameReader;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(
    clock: Clock,
    limits: Pick<PeerLimits, 'maxFrameBytes' | 'frames' | 'bytes'>,
    receiver: IntakeReceiver,
  ) {
    this.#receiver = receiver;
    this.#reader = new FrameReader({ maxFrameBytes: limits.maxFrameBytes, types: acceptedTypes });
    this.#frames = new TokenBucket(limits.frames, () => clock.nowMs());
    this.#bytes = new TokenBucket(limits.bytes, () => clock.nowMs());
  }

  /** Errors: protocol.*, webrtc.too_fast. */
  push(chunk: Uint8Array): void {
    if (!this.#bytes.take(chunk.length)) throw tooFast('bytes');
    this.#reader.push(chunk, (frame) => this.#take(frame));
  }

  #take({ type, payload }: Frame): void {
    if (!this.#frames.take(1)) throw tooFast('frames');
    if (type === frameTypes.message) {
      this.#receiver.message(decodeMessage(payload, deviceMessages), payload);
      return;
    }
    const frame = decodeTerminalFrame(type, payload);
    // The reader lets no other types through.
    if (frame.type === 'input' || frame.type === 'credit') this.#receiver.terminal(frame);
  }
}

function tooFast(what: string): Error {
  return fail('webrtc.too_fast', `The device sends more ${what} than the hub takes.`);
}
