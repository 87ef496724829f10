/**
 * What this browser keeps: its own key pair, and the hubs that it is paired with. In IndexedDB, per origin.
 *
 * One key pair per browser, also with several tabs; it goes with the last hub. Errors: link.no_storage, with what to do.
 */
import { HubError, messageOf } from '../../base/errors.js';
import type { KeyPair } from '../../pairing/sodium.js';

export interface StoredHub {
  readonly address: string;
  readonly hub_public_key: Uint8Array;
  /** The relay's Action Cable. */
  readonly cable_url: string;
  /** Where the relay serves the app. */
  readonly page_url: string;
  readonly name: string;
  /** What the hub calls this browser. */
  readonly device: { readonly id: string; readonly name: string; readonly view_only: boolean };
  /** ISO 8601, UTC. */
  readonly added_at: string;
}

export interface KeyStore {
  /** The keys of this browser; `make` is asked for them the first time. */
  keys(make: () => KeyPair): Promise<KeyPair>;
  /** Oldest first. */
  hubs(): Promise<readonly StoredHub[]>;
  save(hub: StoredHub): Promise<void>;
  remove(address: string): Promise<void>;
  /** A time of greeting for this hub, later than all before it, in all tabs and over changes of the clock. */
  greetingMs(address: string, nowMs: number): Promise<number>;
}

const NAME = 'botster';
const VERSION = 1;
/** One record: this browser's keys. */
const KEYS = 'keys';
const HUBS = 'hubs';
/** By address: when this browser greeted last. Kept when the hub is removed, since the hub remembers it too. */
const GREETINGS = 'greetings';
const OWN = 'own';

/** Opens the database. Errors: link.no_storage. */
export async function openKeyStore(
  factory: IDBFactory | undefined = globalThis.indexedDB,
): Promise<KeyStore> {
  if (factory === undefined) throw noStorage('it has no IndexedDB');
  const opening = factory.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(KEYS);
    opening.result.createObjectStore(HUBS, { keyPath: 'address' });
    opening.result.createObjectStore(GREETINGS);
  };
  const database = await guarded(() => resultOf(opening));
  // A newer version of the app in another tab must not wait for this one.
  database.onversionchange = () => database.close();
  return storeIn(database);
}

function storeIn(database: IDBDatabase): KeyStore {
  /** Runs `work` in one transaction, and gives what it gave when the disk has it. */
  const within = async <T>(
    names: string[],
    mode: IDBTransactionMode,
    work: (of: IDBTransaction) => Promise<T>,
  ) =>
    await guarded(async () => {
      const transaction = database.transaction(names, mode);
      const done = completion(transaction);
      const [value] = await Promise.all([work(transaction), done]);
      return value;
    });
  return {
    keys: (make) =>
      within([KEYS], 'readwrite', async (transaction) => {
        const store = transaction.objectStore(KEYS);
        const kept = (await resultOf(store.get(OWN))) as KeyPair | undefined;
        if (kept !== undefined) return kept;
        const made = make();
        store.put(made, OWN);
        return made;
      }),
    hubs: async () => {
      const hubs = await within(
        [HUBS],
        'readonly',
        async (transaction) => (await resultOf(transaction.objectStore(HUBS).getAll())) as StoredHub[],
      );
      return hubs.sort((a, b) => (a.added_at < b.added_at ? -1 : 1));
    },
    save: (hub) =>
      within([HUBS], 'readwrite', async (transaction) => {
        await resultOf(transaction.objectStore(HUBS).put(hub));
      }),
    remove: (address) =>
      within([HUBS, KEYS], 'readwrite', async (transaction) => {
        const hubs = transaction.objectStore(HUBS);
        await resultOf(hubs.delete(address));
        if ((await resultOf(hubs.count())) === 0) transaction.objectStore(KEYS).clear();
      }),
    greetingMs: (address, nowMs) =>
      within([GREETINGS], 'readwrite', async (transaction) => {
        const store = transaction.objectStore(GREETINGS);
        const last = (await resultOf(store.get(address))) as number | undefined;
        const next = Math.max(nowMs, (last ?? 0) + 1);
        store.put(next, address);
        return next;
      }),
  };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the request failed'));
  });
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
  });
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof HubError) throw thrown;
    throw noStorage(messageOf(thrown), thrown);
  }
}

function noStorage(why: string, cause?: unknown): HubError<'link.no_storage'> {
  return new HubError(
    'link.no_storage',
    `This browser cannot keep its keys: ${why}. Leave private browsing, allow this site to store data, or use another browser.`,
    { cause },
  );
}
