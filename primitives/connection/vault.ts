/**
 * The encrypted file that holds a hub's pairing state, and the key it is encrypted with.
 *
 * Keeps true: both files are 0600, the folder 0700; a reader or a crash finds the old state or the new one; what cannot be
 * decrypted or read is put aside under another name, never overwritten; what another version wrote is left alone.
 * What this protects from, and from what not: docs/security.md.
 */
import { link, open, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fits } from '../../base/check.js';
import { fail, HubError, messageOf } from '../../base/errors.js';
import { KEY_BYTES, type Sodium } from '../../pairing/sodium.js';
import { errnoOf, unlessMissing } from '../../system/errno.js';
import { ensurePrivateDir } from '../../system/private-dir.js';
import { makeFolder, temporaryName, writeAtomic } from '../atomic-file.js';
import { type PairingState, pairingState, STATE_VERSION } from './state.js';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** A thousand devices take a fifth of it. */
const MAX_FILE_BYTES = 1024 * 1024;

export interface VaultPaths {
  /** The hub's. */
  readonly statePath: string;
  /** The machine's, for all hubs of this user. */
  readonly keyPath: string;
}

export interface Opened {
  readonly vault: Vault;
  /** Undefined: there was none, or it was damaged. */
  readonly state: PairingState | undefined;
  /** Where a damaged file is now. */
  readonly keptAt: string | undefined;
}

export class Vault {
  readonly #sodium: Sodium;
  readonly #path: string;
  readonly #key: Uint8Array;
  /** Writes, one after the other. */
  #line: Promise<unknown> = Promise.resolve();

  /** Errors: connection.storage. */
  static async open(sodium: Sodium, { statePath, keyPath }: VaultPaths): Promise<Opened> {
    try {
      ensurePrivateDir(dirname(statePath));
      await makeFolder(dirname(keyPath), FOLDER_MODE);
      const vault = new Vault(sodium, statePath, await keyOf(sodium, keyPath));
      const found = await vault.#read();
      if (found !== 'damaged') return { vault, state: found, keptAt: undefined };
      const keptAt = `${statePath}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
      await rename(statePath, keptAt);
      return { vault, state: undefined, keptAt };
    } catch (thrown) {
      throw storageFailure(thrown, 'the keys of this hub cannot be read');
    }
  }

  private constructor(sodium: Sodium, path: string, key: Uint8Array) {
    this.#sodium = sodium;
    this.#path = path;
    this.#key = key;
  }

  /** Resolves when the disk has it. Errors: connection.storage. */
  save(state: PairingState): Promise<void> {
    const boxed = this.#sodium.box(this.#key, new TextEncoder().encode(JSON.stringify(state)));
    const write = async (): Promise<void> => {
      try {
        await writeAtomic(this.#path, boxed, FILE_MODE);
      } catch (thrown) {
        throw storageFailure(thrown, `${this.#path} cannot be written`);
      }
    };
    const done = this.#line.then(write);
    this.#line = done.catch(() => undefined);
    return done;
  }

  async #read(): Promise<PairingState | undefined | 'damaged'> {
    const info = await unlessMissing(stat(this.#path));
    if (info === undefined) return undefined;
    if (info.size > MAX_FILE_BYTES) return 'damaged';
    const text = this.#sodium.unbox(this.#key, await readFile(this.#path));
    if (text === undefined) return 'damaged';
    const state = parsed(text);
    const version = (state as { version?: unknown } | undefined)?.version;
    if (typeof version === 'number' && version > STATE_VERSION)
      throw fail('connection.storage', `${this.#path} was written by a newer botster. Update this one.`);
    return fits(pairingState, state) ? state : 'damaged';
  }
}

function parsed(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    return undefined;
  }
}

/** Reads the key, or makes one; of two hubs that make one at the same time both get the same. */
async function keyOf(sodium: Sodium, path: string): Promise<Uint8Array> {
  const found = await readKey(path);
  if (found !== undefined) return found;
  const temporary = join(dirname(path), temporaryName());
  try {
    await writeFile(temporary, sodium.random(KEY_BYTES), { mode: FILE_MODE, flag: 'wx' });
    const file = await open(temporary, 'r');
    await file.sync().finally(() => file.close());
    await link(temporary, path);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  const made = await readKey(path);
  if (made === undefined) throw fail('connection.storage', `${path} vanished while it was made`);
  return made;
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  const info = await unlessMissing(stat(path));
  if (info === undefined) return undefined;
  if ((info.mode & 0o077) !== 0)
    throw fail('connection.storage', `${path} can be read by other users. Fix: chmod 600 ${path}`);
  if (info.size !== KEY_BYTES)
    throw fail(
      'connection.storage',
      `${path} is not a key any more. Put it back from a backup; or remove it, and pair all devices again.`,
    );
  return await readFile(path);
}

function storageFailure(thrown: unknown, what: string): HubError<'connection.storage'> {
  if (thrown instanceof HubError && thrown.code === 'connection.storage')
    return thrown as HubError<'connection.storage'>;
  if (!(thrown instanceof HubError) && errnoOf(thrown) === undefined) throw thrown;
  return fail('connection.storage', `${what}: ${messageOf(thrown)}`);
}
