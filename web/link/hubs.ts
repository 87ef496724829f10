/**
 * All hubs of this browser: those it was paired with before, from the key store, and new ones by their connection codes.
 *
 * A hub is kept when it has answered an offer that is sealed with the new keys, so that what is in the list is known there
 * too. Pairing again with a hub takes the place of the older pairing.
 */
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { fail, isHubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import { toBase64url } from '../../pairing/base64url.js';
import type { DeviceHandshake } from '../../pairing/device-handshake.js';
import type { Hello } from '../../protocol/messages.js';
import type { HubGreeting } from '../../protocol/signals.js';
import type { DeviceCrypto } from './device-crypto.js';
import { PairedHub } from './hub.js';
import type { KeyStore, StoredHub } from './key-store.js';
import { Cell } from './observable.js';
import { relayOf } from './relay-urls.js';
import { type SealedSession, Signaling } from './signaling.js';
import type { OpenPeer, Page, SubscribeCable } from './transport.js';
import type { Hub, Hubs } from './types.js';

/** How long a hub may take to answer the first offer. */
const CONFIRM_MS = 10_000;
const PEER_TOKEN_BYTES = 16;
const MAX_NAME_LENGTH = 100;

export interface HubsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Nobody can guess them. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly page: Page;
  /** Where this page comes from. */
  readonly pageUrl: string;
  readonly openPeer: OpenPeer;
  readonly subscribe: SubscribeCable;
  readonly store: KeyStore;
  /** Errors: link.not_loaded. */
  readonly crypto: () => Promise<DeviceCrypto>;
  readonly hello: Omit<Hello, 'type'>;
}

interface Entry {
  stored: StoredHub;
  readonly hub: PairedHub;
  readonly signaling: Signaling;
  /** It is in the key store. */
  kept: boolean;
}

export class HubList implements Hubs {
  readonly list: Cell<readonly Hub[]> = new Cell<readonly Hub[]>([]);
  readonly counters = new Counters();
  readonly #options: HubsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: HubsOptions) {
    this.#options = options;
  }

  /** Begins to connect to the hubs that are kept. Errors: link.no_storage. */
  async load(): Promise<void> {
    for (const hub of await this.#options.store.hubs()) this.#add(hub, this.#signaling(hub));
    this.#show();
  }

  async pair(code: string, deviceName: string): Promise<Hub> {
    const { store, clock, pageUrl } = this.#options;
    const crypto = await this.#options.crypto().catch((thrown: unknown) => {
      throw pairingError(thrown);
    });
    const parsed = crypto.readCode(code);
    const relay = relayOf(code, pageUrl);
    const address = crypto.addressOf(parsed.hubKey);
    const keys = await store.keys(() => crypto.makeKeys());
    const sentMs = await store.greetingMs(address, clock.wallMs());
    const name = deviceName.trim().slice(0, MAX_NAME_LENGTH) || 'browser';
    const signaling = this.#signaling({ address, ...relay });
    try {
      const { greeting } = await signaling.session(async () =>
        crypto.pair({ code: parsed, keys, name, sentMs }),
      );
      return await this.#confirmed(signaling, {
        address,
        hub_public_key: parsed.hubKey,
        ...relay,
        name: greeting.hub.name,
        device: greeting.device,
        added_at: new Date(clock.wallMs()).toISOString(),
      });
    } catch (thrown) {
      signaling.dispose();
      throw pairingError(thrown);
    }
  }

  async forget(hub: Hub): Promise<void> {
    this.#remove(hub.address);
    this.#show();
    await this.#options.store.remove(hub.address);
  }

  /** The page goes away: hubs hear it at once. */
  dispose(): void {
    for (const address of [...this.#entries.keys()]) this.#remove(address);
  }

  /** Resolves when the hub has answered, which it does only to who holds the new keys. */
  async #confirmed(signaling: Signaling, stored: StoredHub): Promise<Hub> {
    this.#remove(stored.address);
    const { clock } = this.#options;
    let confirm = (): void => undefined;
    let late: Disposable | undefined;
    const confirmed = new Promise<void>((resolve, reject) => {
      confirm = resolve;
      late = clock.after(CONFIRM_MS, () => reject(fail('link.no_answer', 'The hub does not answer.')));
    });
    const hub = this.#add(stored, signaling, confirm);
    try {
      await confirmed;
      const entry = this.#entries.get(stored.address);
      await this.#options.store.save(entry?.stored ?? stored);
      if (entry !== undefined) entry.kept = true;
    } catch (thrown) {
      this.#remove(stored.address);
      this.#show();
      throw thrown;
    } finally {
      late?.dispose();
    }
    this.#show();
    return hub;
  }

  #add(stored: StoredHub, signaling: Signaling, onAnswered?: () => void): PairedHub {
    const hub = new PairedHub({
      ...this.#options,
      stored,
      counters: this.counters,
      session: () => this.#session(stored, signaling),
      onWoke: () => signaling.freshen(),
      onAnswered: (greeting) => {
        this.#learn(stored.address, greeting);
        onAnswered?.();
      },
    });
    this.#entries.set(stored.address, { stored, hub, signaling, kept: onAnswered === undefined });
    return hub;
  }

  async #session(stored: StoredHub, signaling: Signaling): Promise<SealedSession> {
    return await signaling.session(() => this.#greet(stored));
  }

  async #greet({ address, hub_public_key: hubKey }: StoredHub): Promise<DeviceHandshake> {
    const { store, clock } = this.#options;
    const crypto = await this.#options.crypto();
    const keys = await store.keys(() => crypto.makeKeys());
    return crypto.connect({ hubKey, keys, sentMs: await store.greetingMs(address, clock.wallMs()) });
  }

  /** The hub or the device has another name, or may do more or less. */
  #learn(address: string, { hub, device }: HubGreeting): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    const before = JSON.stringify([entry.stored.name, entry.stored.device]);
    entry.stored = { ...entry.stored, name: hub.name, device };
    if (!entry.kept || JSON.stringify([hub.name, device]) === before) return;
    // What is shown is right in any case; it is learnt again with the next connection.
    this.#options.store.save(entry.stored).catch(() => this.counters.add('link.not_stored'));
  }

  #signaling(hub: Pick<StoredHub, 'address' | 'cable_url'>): Signaling {
    const { subscribe, clock, randomBytes } = this.#options;
    return new Signaling({
      subscribe,
      clock,
      counters: this.counters,
      cableUrl: hub.cable_url,
      address: hub.address,
      peerToken: toBase64url(randomBytes(PEER_TOKEN_BYTES)),
      onConnected: () => this.#entries.get(hub.address)?.hub.relayConnected(),
      onDisconnected: () => this.#entries.get(hub.address)?.hub.relayLost(),
    });
  }

  #remove(address: string): void {
    const entry = this.#entries.get(address);
    this.#entries.delete(address);
    entry?.hub.dispose();
    entry?.signaling.dispose();
  }

  #show(): void {
    this.list.set([...this.#entries.values()].map(({ hub }) => hub));
  }
}

const unreachable = new Set(['link.relay_unreachable', 'link.relay_refused', 'link.not_loaded']);

/** In the words of somebody who pairs. */
function pairingError(thrown: unknown): unknown {
  if (!isHubError(thrown)) return thrown;
  if (thrown.code === 'link.no_answer' || thrown.code === 'link.superseded')
    return fail(
      'pairing.no_answer',
      'Nobody answers. The code may have been used already, or the hub is not running: get a new one with "botster connect".',
    );
  if (unreachable.has(thrown.code)) return fail('pairing.unreachable', thrown.message);
  return thrown;
}
