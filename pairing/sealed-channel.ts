/**
 * Signals of one connection, sealed: each side has a key to send with and one to receive with, and counts. Each message is
 * taken once. A relay can lose and reorder them, which the signals of WebRTC bear; it can repeat and change none.
 */
import { fail, type HubError } from '../base/errors.js';
import type { Signal } from '../protocol/signals.js';
import { identityOf } from './addresses.js';
import { type Envelope, type EnvelopeProblem, formatSealed, readEnvelope, sealedHead } from './envelope.js';
import { readSignal, signalText } from './payloads.js';
import { ReplayWindow } from './replay-window.js';
import type { Sodium } from './sodium.js';

/**
 * other_connection: it belongs to another handshake. replayed: it came before. tampered: it is not from the other side.
 * bad_signal: it is, and makes no sense here; it counts as received. closed: the keys are gone.
 */
export type ChannelProblem =
  | EnvelopeProblem
  | 'pairing.other_connection'
  | 'pairing.replayed'
  | 'pairing.tampered'
  | 'pairing.bad_signal'
  | 'pairing.closed';

export interface ChannelKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

export class SealedChannel {
  /** `<device id>:<connection id in hex>`, in the hub the peer id. */
  readonly identity: string;
  readonly deviceId: string;
  readonly connectionId: Uint8Array;
  readonly #sodium: Sodium;
  #keys: ChannelKeys | undefined;
  #sent = 0;
  readonly #received = new ReplayWindow();

  constructor(sodium: Sodium, deviceId: string, connectionId: Uint8Array, keys: ChannelKeys) {
    this.#sodium = sodium;
    this.deviceId = deviceId;
    this.connectionId = connectionId;
    this.identity = identityOf(deviceId, connectionId);
    this.#keys = keys;
  }

  /** The `data` to send. Undefined if the signal is too large, does not fit its declaration, or the channel is closed. */
  seal(signal: Signal): string | undefined {
    const text = signalText(signal);
    if (text === undefined || this.#keys === undefined) return undefined;
    const counter = this.#sent++;
    const head = sealedHead(this.connectionId, counter);
    return formatSealed(head, this.#sodium.seal(this.#keys.send, counter, head, text));
  }

  /** What `data` from the other side says. */
  open(data: string): Signal | HubError<ChannelProblem> {
    const envelope = readEnvelope(data);
    return envelope instanceof Error ? envelope : this.openEnvelope(envelope);
  }

  openEnvelope(envelope: Envelope): Signal | HubError<ChannelProblem> {
    if (this.#keys === undefined) return fail('pairing.closed', 'the keys of this connection are gone');
    if (envelope.kind !== 'sealed' || !this.#sodium.same(envelope.connectionId, this.connectionId))
      return fail('pairing.other_connection', 'the envelope is not of this connection');
    const { counter, head, content } = envelope;
    if (!this.#received.isFresh(counter)) return fail('pairing.replayed', 'the envelope came before');
    const text = this.#sodium.open(this.#keys.receive, counter, head, content);
    if (text === undefined) return fail('pairing.tampered', 'the envelope is not from the other side');
    this.#received.add(counter);
    return readSignal(text) ?? fail('pairing.bad_signal', 'the envelope holds no signal');
  }

  /** Forgets the keys. */
  close(): void {
    if (this.#keys === undefined) return;
    this.#sodium.wipe(this.#keys.send);
    this.#sodium.wipe(this.#keys.receive);
    this.#keys = undefined;
  }
}
