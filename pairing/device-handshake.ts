/**
 * The device's part: greets a hub, to pair or to connect, and takes the hub's answer.
 *
 * Keeps true: whatever is no answer to this very greeting changes nothing; go on waiting.
 */
import type { HubGreeting } from '../protocol/signals.js';
import { addressOf, CONNECTION_ID_BYTES, deviceIdOf, identityOf } from './addresses.js';
import type { ConnectionCode } from './connection-code.js';
import { formatHandshake, readEnvelope } from './envelope.js';
import { type GreetingKind, patternOf, presharedKeyOf, prologueOf } from './greeting-terms.js';
import { HandshakeState } from './noise/handshake-state.js';
import { deviceGreetingText, readHubGreeting } from './payloads.js';
import { SealedChannel } from './sealed-channel.js';
import type { KeyPair, Sodium } from './sodium.js';

interface Common {
  /** The device's own, the same for each hub or not. */
  readonly keys: KeyPair;
  /** The device's clock, and later than in any greeting before to this hub (`nextSentMs`). */
  readonly sentMs: number;
}
export interface PairOptions extends Common {
  readonly code: ConnectionCode;
  /** What the device shall be called: 1 to 100 bytes. */
  readonly name: string;
}
export interface ConnectOptions extends Common {
  readonly hubKey: Uint8Array;
}

/** What a handshake ends with. */
export interface DeviceSession {
  readonly greeting: HubGreeting;
  readonly channel: SealedChannel;
}

/** `lastMs`: what was sent last to this hub. Clocks may be set back. */
export function nextSentMs(nowMs: number, lastMs: number | undefined): number {
  return Math.max(Math.floor(nowMs), (lastMs ?? 0) + 1);
}

export class DeviceHandshake {
  /** Where the hub listens: `hub` of the subscription. */
  readonly hubAddress: string;
  readonly deviceId: string;
  readonly identity: string;
  /** The `data` to send, once. */
  readonly data: string;
  readonly #sodium: Sodium;
  readonly #connectionId: Uint8Array;
  readonly #state: HandshakeState;
  #ended = false;

  static pair(sodium: Sodium, { code, keys, name, sentMs }: PairOptions): DeviceHandshake {
    const greeting = { sent_ms: sentMs, name };
    return new DeviceHandshake(
      sodium,
      'pair',
      keys,
      code.hubKey,
      greeting,
      presharedKeyOf(sodium, code.secret),
    );
  }

  static connect(sodium: Sodium, { hubKey, keys, sentMs }: ConnectOptions): DeviceHandshake {
    return new DeviceHandshake(sodium, 'connect', keys, hubKey, { sent_ms: sentMs });
  }

  private constructor(
    sodium: Sodium,
    kind: GreetingKind,
    keys: KeyPair,
    hubKey: Uint8Array,
    greeting: { readonly sent_ms: number; readonly name?: string },
    psk?: Uint8Array,
  ) {
    this.#sodium = sodium;
    this.#connectionId = sodium.random(CONNECTION_ID_BYTES);
    this.hubAddress = addressOf(sodium, hubKey);
    this.deviceId = deviceIdOf(sodium, keys.publicKey);
    this.identity = identityOf(this.deviceId, this.#connectionId);
    this.#state = new HandshakeState(sodium, {
      pattern: patternOf[kind],
      role: 'initiator',
      prologue: prologueOf(kind, this.#connectionId, this.hubAddress),
      staticKeys: keys,
      remoteStatic: hubKey,
      ...(psk === undefined ? {} : { psk }),
    });
    const text = deviceGreetingText(greeting);
    if (text === undefined) throw new Error('the name is too long, or sentMs is no time');
    const content = this.#state.write(text);
    if (content === undefined) throw new Error('the hub key is no key');
    this.data = formatHandshake({ kind, connectionId: this.#connectionId, content });
  }

  /** Undefined: this is not the hub's answer to this greeting. */
  receive(data: string): DeviceSession | undefined {
    if (this.#ended) return undefined;
    const envelope = readEnvelope(data);
    if (envelope instanceof Error || envelope.kind !== 'reply') return undefined;
    if (!this.#sodium.same(envelope.connectionId, this.#connectionId)) return undefined;
    const text = this.#state.read(envelope.content);
    const greeting = text && readHubGreeting(text);
    if (text === undefined) return undefined;
    this.#ended = true;
    const keys = this.#state.split();
    if (greeting === undefined) return undefined;
    return { greeting, channel: new SealedChannel(this.#sodium, this.deviceId, this.#connectionId, keys) };
  }

  /** Forgets the keys. */
  close(): void {
    if (!this.#ended) this.#state.wipe();
    this.#ended = true;
  }
}
