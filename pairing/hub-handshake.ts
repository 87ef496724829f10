/**
 * The hub's part: reads a greeting, and answers it if the hub wants to. Who greets is known then, and proven: by the
 * device's key, and when it pairs by the one-time secret. That the greeting is new is not: see docs/security.md.
 */
import { fail, type HubError } from '../base/errors.js';
import type { DeviceGreeting, HubGreeting } from '../protocol/signals.js';
import { deviceIdOf, identityOf } from './addresses.js';
import { type Envelope, formatHandshake } from './envelope.js';
import { type GreetingKind, patternOf, presharedKeyOf, prologueOf } from './greeting-terms.js';
import { HandshakeState } from './noise/handshake-state.js';
import { hubGreetingText, readDeviceGreeting } from './payloads.js';
import { SealedChannel } from './sealed-channel.js';
import type { KeyPair, Sodium } from './sodium.js';

export interface HubHandshakeOptions {
  readonly keys: KeyPair;
  readonly hubAddress: string;
  /** One-time secrets that are good now, tried in this order. */
  readonly secrets: readonly Uint8Array[];
}

export interface Accepted {
  /** The `data` to send to the peer that greeted. */
  readonly data: string;
  readonly channel: SealedChannel;
}

/**
 * not_greeting: the envelope is of another kind. tampered: it is not of a device that knows this hub's key.
 * bad_secret: it is, but none of the secrets is the one it was made with. bad_greeting: it makes no sense inside.
 */
export type GreetingProblem =
  | 'pairing.not_greeting'
  | 'pairing.tampered'
  | 'pairing.bad_secret'
  | 'pairing.bad_greeting';

export class HubHandshake {
  readonly kind: GreetingKind;
  readonly deviceKey: Uint8Array;
  readonly deviceId: string;
  readonly connectionId: Uint8Array;
  readonly identity: string;
  readonly greeting: DeviceGreeting;
  /** Which of the secrets it was made with; undefined if it does not pair. */
  readonly secretIndex: number | undefined;
  readonly #sodium: Sodium;
  readonly #state: HandshakeState;

  static read(
    sodium: Sodium,
    envelope: Envelope,
    options: HubHandshakeOptions,
  ): HubHandshake | HubError<GreetingProblem> {
    const { kind, connectionId, content } = envelope;
    if (kind !== 'pair' && kind !== 'connect')
      return fail('pairing.not_greeting', 'the envelope is no greeting');
    const { keys, hubAddress, secrets } = options;
    const prologue = prologueOf(kind, connectionId, hubAddress);
    const tries = kind === 'pair' ? secrets.map((secret, index) => ({ secret, index })) : [undefined];
    for (const attempt of tries) {
      const state = new HandshakeState(sodium, {
        pattern: patternOf[kind],
        role: 'responder',
        prologue,
        staticKeys: keys,
        ...(attempt === undefined ? {} : { psk: presharedKeyOf(sodium, attempt.secret) }),
      });
      const text = state.read(content);
      if (text === undefined) {
        state.wipe();
        continue;
      }
      const greeting = readDeviceGreeting(text);
      if (greeting !== undefined && state.remoteStatic !== undefined)
        return new HubHandshake(
          sodium,
          kind,
          state,
          state.remoteStatic,
          connectionId,
          greeting,
          attempt?.index,
        );
      state.wipe();
      return fail('pairing.bad_greeting', 'the greeting is malformed');
    }
    return kind === 'pair'
      ? fail('pairing.bad_secret', 'it does not fit any secret that is good now')
      : fail('pairing.tampered', 'the greeting is not of a device that knows this hub');
  }

  private constructor(
    sodium: Sodium,
    kind: GreetingKind,
    state: HandshakeState,
    deviceKey: Uint8Array,
    connectionId: Uint8Array,
    greeting: DeviceGreeting,
    secretIndex: number | undefined,
  ) {
    this.#sodium = sodium;
    this.#state = state;
    this.kind = kind;
    this.deviceKey = deviceKey;
    this.deviceId = deviceIdOf(sodium, deviceKey);
    // The envelope's bytes may be a view of something larger.
    this.connectionId = connectionId.slice();
    this.identity = identityOf(this.deviceId, connectionId);
    this.greeting = greeting;
    this.secretIndex = secretIndex;
  }

  /** The answer and the channel; once. Undefined if `greeting` is larger than an envelope takes. */
  accept(greeting: HubGreeting): Accepted | undefined {
    const text = hubGreetingText(greeting);
    const content = text && this.#state.write(text);
    if (content === undefined) return undefined;
    const data = formatHandshake({ kind: 'reply', connectionId: this.connectionId, content });
    const keys = this.#state.split();
    return { data, channel: new SealedChannel(this.#sodium, this.deviceId, this.connectionId, keys) };
  }

  /** No answer: forgets the keys. */
  refuse(): void {
    this.#state.wipe();
  }
}
