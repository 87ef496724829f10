/** A relay, and hubs behind it that hold real keys: what travels is what pairing/ makes. */
import { isHubError } from '../../../../base/errors.js';
import { addressOf } from '../../../../pairing/addresses.js';
import { formatConnectionCode } from '../../../../pairing/connection-code.js';
import { readEnvelope } from '../../../../pairing/envelope.js';
import { HubHandshake } from '../../../../pairing/hub-handshake.js';
import type { SealedChannel } from '../../../../pairing/sealed-channel.js';
import { type KeyPair, loadSodium, type Sodium } from '../../../../pairing/sodium.js';
import type { Signal } from '../../../../protocol/signals.js';
import type { KeyStore, StoredHub } from '../../../../web/link/key-store.js';
import type { CableListener, SubscribeCable } from '../../../../web/link/transport.js';
import { greeting } from './fake-world.js';

interface Subscriber {
  readonly hub: string;
  readonly peer: string;
  readonly listener: CableListener;
  connected: boolean;
}

export class FakeRelay {
  readonly subscribers: Subscriber[] = [];
  readonly hubs = new Map<string, FakeHubKeys>();
  reopened = 0;
  heardAgoMs = 0;
  rejects = false;
  #up = true;

  readonly subscribe: SubscribeCable = (_url, params, listener) => {
    const subscriber: Subscriber = { hub: params.hub, peer: params.peer ?? '', listener, connected: false };
    this.subscribers.push(subscriber);
    if (this.rejects) queueMicrotask(() => listener.rejected());
    else queueMicrotask(() => this.#connect(subscriber));
    return {
      heardAgoMs: () => this.heardAgoMs,
      send: (data) => {
        if (!subscriber.connected) return false;
        // A relay that a device only thinks it is connected to.
        if (this.#up) queueMicrotask(() => this.hubs.get(subscriber.hub)?.receive(subscriber.peer, data));
        return true;
      },
      retry: () => this.#connect(subscriber),
      reopen: () => {
        this.reopened++;
        this.#disconnect(subscriber);
        queueMicrotask(() => this.#connect(subscriber));
      },
      close: () => {
        subscriber.connected = false;
        this.subscribers.splice(this.subscribers.indexOf(subscriber), 1);
      },
    };
  };

  toDevice(peer: string, data: unknown): void {
    for (const subscriber of this.subscribers)
      if (subscriber.peer === peer && subscriber.connected) subscriber.listener.received({ data });
  }

  down({ silently = false } = {}): void {
    this.#up = false;
    if (!silently) for (const subscriber of this.subscribers) this.#disconnect(subscriber);
  }

  up(): void {
    this.#up = true;
    this.heardAgoMs = 0;
    for (const subscriber of this.subscribers) this.#connect(subscriber);
  }

  /** It is there again, and nobody is told: whoever wants it has to try. */
  backSilently(): void {
    this.#up = true;
    this.heardAgoMs = 0;
  }

  #connect(subscriber: Subscriber): void {
    if (!this.#up || subscriber.connected || !this.subscribers.includes(subscriber)) return;
    subscriber.connected = true;
    subscriber.listener.connected();
  }

  #disconnect(subscriber: Subscriber): void {
    if (!subscriber.connected) return;
    subscriber.connected = false;
    subscriber.listener.disconnected();
  }
}

export class FakeHubKeys {
  readonly address: string;
  readonly keys: KeyPair;
  /** Offers and candidates that it could read. */
  readonly signals: Signal[] = [];
  readonly kinds: string[] = [];
  readonly paired = new Set<string>();
  /** Whether it is there. */
  answers = true;
  onOffer: () => void = () => undefined;
  greeting = greeting;
  readonly #sodium: Sodium;
  readonly #relay: FakeRelay;
  readonly #secrets: Uint8Array[];
  readonly #channels = new Map<string, SealedChannel>();
  readonly #seen = new Map<string, number>();

  static async behind(relay: FakeRelay): Promise<FakeHubKeys> {
    return new FakeHubKeys(await loadSodium(), relay);
  }

  private constructor(sodium: Sodium, relay: FakeRelay) {
    this.#sodium = sodium;
    this.#relay = relay;
    this.keys = sodium.keyPair();
    this.address = addressOf(sodium, this.keys.publicKey);
    this.#secrets = [sodium.random(16)];
    relay.hubs.set(this.address, this);
  }

  get url(): string {
    const [secret = new Uint8Array()] = this.#secrets;
    return `http://127.0.0.1:1/#${formatConnectionCode({ hubKey: this.keys.publicKey, secret })}`;
  }

  receive(peer: string, data: string): void {
    const envelope = readEnvelope(data);
    if (!this.answers || isHubError(envelope)) return;
    if (envelope.kind === 'sealed') return this.#sealed(peer, data);
    const { keys, address: hubAddress } = this;
    const handshake = HubHandshake.read(this.#sodium, envelope, { keys, hubAddress, secrets: this.#secrets });
    if (isHubError(handshake)) return;
    const last = this.#seen.get(handshake.deviceId) ?? 0;
    if (handshake.greeting.sent_ms <= last) return;
    if (handshake.kind === 'connect' && !this.paired.has(handshake.deviceId)) return;
    this.#seen.set(handshake.deviceId, handshake.greeting.sent_ms);
    this.kinds.push(handshake.kind);
    if (handshake.kind === 'pair') this.paired.add(handshake.deviceId);
    const accepted = handshake.accept(this.greeting);
    if (accepted === undefined) return;
    this.#channels.set(peer, accepted.channel);
    this.#relay.toDevice(peer, accepted.data);
  }

  say(peer: string, signal: Signal): void {
    this.#relay.toDevice(peer, this.#channels.get(peer)?.seal(signal));
  }

  #sealed(peer: string, data: string): void {
    const signal = this.#channels.get(peer)?.open(data);
    if (signal === undefined || isHubError(signal)) return;
    this.signals.push(signal);
    if (signal.type !== 'offer') return;
    this.say(peer, { type: 'answer', sdp: 'answer' });
    this.onOffer();
  }
}

/** A key store in memory. */
export class MemoryKeys implements KeyStore {
  readonly kept = new Map<string, StoredHub>();
  #keys: KeyPair | undefined;
  #greeted = 0;

  keys(make: () => KeyPair): Promise<KeyPair> {
    this.#keys ??= make();
    return Promise.resolve(this.#keys);
  }

  hubs(): Promise<readonly StoredHub[]> {
    return Promise.resolve([...this.kept.values()]);
  }

  save(hub: StoredHub): Promise<void> {
    this.kept.set(hub.address, hub);
    return Promise.resolve();
  }

  remove(address: string): Promise<void> {
    this.kept.delete(address);
    return Promise.resolve();
  }

  greetingMs(_address: string, nowMs: number): Promise<number> {
    this.#greeted = Math.max(nowMs, this.#greeted + 1);
    return Promise.resolve(this.#greeted);
  }
}
