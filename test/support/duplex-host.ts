/** A session host at the other end of a pipe in memory, for property tests that need thousands of them. */
import { type Duplex, duplexPair } from 'node:stream';
import { encodeFrame, FrameReader, frameTypes } from '../../protocol/frames.js';
import { HOST_PROTOCOL_VERSION } from '../../protocol/host-methods.js';
import { clientMessages, decodeMessage, encodeMessage, type MessageOf } from '../../protocol/messages.js';
import { decodeTerminalFrame, type TerminalFrame } from '../../protocol/terminal-frames.js';
import type { HostAccess } from '../../session-link/host-access.js';
import type { VirtualClock } from './virtual-clock.js';

type Request = MessageOf<'request'>;

export class DuplexHost {
  readonly requests: Request[] = [];
  readonly terminal: TerminalFrame[] = [];
  /** Frames with what the answer says: undefined for none. */
  answer: (request: Request) => unknown = () => ({});
  readonly access: HostAccess;
  #end: Duplex | undefined;

  constructor(clock: VirtualClock) {
    const hello = { protocol_version: HOST_PROTOCOL_VERSION, client: 'test', version: '1' };
    this.access = {
      clock,
      connect: () => Promise.resolve(this.#open()),
      hello: () => Promise.resolve(hello),
      startForPast: () => Promise.resolve(undefined),
    } as unknown as HostAccess;
  }

  /** Its end of the connection breaks. */
  die(): void {
    this.#end?.destroy();
  }

  #open(): Duplex {
    const [near, far] = duplexPair();
    this.#end = far;
    const reader = new FrameReader();
    far.on('data', (chunk: Uint8Array) =>
      reader.push(chunk, ({ type, payload }) => this.#take(far, type, payload)),
    );
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    return near;
  }

  #take(far: Duplex, type: number, payload: Uint8Array): void {
    if (type !== frameTypes.message) {
      const frame = decodeTerminalFrame(type, payload);
      this.terminal.push('bytes' in frame ? { ...frame, bytes: frame.bytes.slice() } : frame);
      return;
    }
    const message = decodeMessage(payload, clientMessages);
    if (message.type === 'hello') {
      const hello = { protocol_version: HOST_PROTOCOL_VERSION, client: 'host', version: '1' };
      far.write(encodeMessage({ type: 'hello', ...hello }));
      return;
    }
    this.requests.push(message);
    const value = this.answer(message);
    if (value === undefined) return;
    const answer = Buffer.from(JSON.stringify({ type: 'response', id: message.id, ok: true, value }));
    far.write(encodeFrame(frameTypes.message, answer));
  }
}
