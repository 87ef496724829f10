/**
 * One JSON file of settings: read when it changed, changed under a lock.
 *
 * Keeps true: every change that was reported done is in the file, whoever else changes it at the same time; readers
 * see whole files only; a file that cannot be understood is never overwritten.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, HubError, messageOf } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { errnoOf, unlessMissing } from '../../system/errno.js';
import { withFileLock } from '../../system/file-lock.js';
import { makeFolder, writeAtomic } from '../atomic-file.js';
import { fileFailure } from '../file-errors.js';
import { readBytes } from '../fs/read.js';
import { parseJson } from '../json/parse.js';
import { printJson } from '../json/print.js';

export type Settings = ReadonlyMap<string, LuaValue>;
export type ReadCode = 'config.unreadable';
export type WriteCode = ReadCode | 'config.bad_value' | 'config.locked' | 'config.unwritable';

/** Settings may be secrets of the user. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** A change takes milliseconds; who waits longer than this waits for a process that hangs. */
const LOCK_PATIENCE_MS = 10_000;
/** A file changed less than this before it was read may change again without a new time stamp. */
const SETTLED_MS = 100;

interface Change {
  readonly key: string;
  /** `undefined` removes the key. */
  readonly value: LuaValue;
}

interface Batch {
  readonly changes: Change[];
  readonly done: Promise<void>;
}

interface Cached {
  readonly stamp: string;
  readonly settings: Settings;
}

const none: Settings = new Map();

export class SettingsFile {
  readonly #path: string;
  readonly #lockPatienceMs: number;
  #cached: Cached | undefined;
  /** The write that has not begun to change the file, and takes further changes along. */
  #open: Batch | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(path: string, patienceMs = LOCK_PATIENCE_MS) {
    this.#path = path;
    this.#lockPatienceMs = patienceMs;
  }

  /** A missing file has no settings. Throws HubError<ReadCode>. */
  async read(): Promise<Settings> {
    try {
      const info = await unlessMissing(stat(this.#path, { bigint: true }));
      if (info === undefined) return none;
      const stamp = `${info.dev} ${info.ino} ${info.size} ${info.mtimeNs} ${info.ctimeNs}`;
      if (this.#cached?.stamp === stamp) return this.#cached.settings;
      const settings = settingsOf(parseJson(await readBytes(this.#path)));
      const isSettled = Date.now() - Number(info.ctimeMs) > SETTLED_MS;
      this.#cached = isSettled ? { stamp, settings } : undefined;
      return settings;
    } catch (thrown) {
      throw this.#unreadable(thrown);
    }
  }

  /** Sets a key, or removes it with `undefined`. Done when it is on the disk. Throws HubError<WriteCode>. */
  async set(key: string, value: LuaValue): Promise<void> {
    // Now, so that a bad value fails alone and not those written with it.
    assertWritable(key, value);
    this.#open ??= this.#startBatch();
    this.#open.changes.push({ key, value });
    await this.#open.done;
  }

  #startBatch(): Batch {
    const changes: Change[] = [];
    const done = this.#lastWrite.then(() => this.#write(changes));
    this.#lastWrite = done.catch(() => undefined);
    return { changes, done };
  }

  async #write(changes: readonly Change[]): Promise<void> {
    try {
      // The lock lies beside the file.
      await makeFolder(dirname(this.#path), FOLDER_MODE);
      await withFileLock(`${this.#path}.lock`, this.#lockPatienceMs, async () => {
        this.#close(changes);
        await this.#apply(changes);
      });
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw this.#unwritable(thrown);
      if (thrown.code !== 'lock.busy') throw thrown;
      const message = `cannot change ${this.#path}: ${thrown.message}`;
      throw fail('config.locked', message, { path: this.#path, ...thrown.details });
    } finally {
      this.#close(changes);
    }
  }

  /** From here on changes go into another batch. */
  #close(changes: readonly Change[]): void {
    if (this.#open?.changes === changes) this.#open = undefined;
  }

  async #apply(changes: readonly Change[]): Promise<void> {
    const settings = new Map(await this.read());
    for (const { key, value } of changes) {
      if (value === undefined) settings.delete(key);
      else settings.set(key, value);
    }
    const text = print(settings);
    try {
      await writeAtomic(this.#path, Buffer.from(`${text}\n`), FILE_MODE);
    } catch (thrown) {
      throw this.#unwritable(thrown);
    }
  }

  #unreadable(thrown: unknown): HubError<ReadCode> {
    const cause = errnoOf(thrown) === undefined ? thrown : fileFailure(thrown, 'read', this.#path);
    if (!(cause instanceof HubError)) throw thrown;
    return fail('config.unreadable', `cannot use ${this.#path}: ${cause.message}`, {
      path: this.#path,
      ...cause.details,
    });
  }

  #unwritable(thrown: unknown): HubError<'config.unwritable'> {
    const cause = fileFailure(thrown, 'write', this.#path);
    return fail('config.unwritable', cause.message, { path: this.#path, cause: cause.code });
  }
}

function settingsOf(value: LuaValue): Settings {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    Object.getPrototypeOf(value) !== Object.prototype
  ) {
    throw fail('config.unreadable', 'it must hold one JSON object');
  }
  return new Map(Object.entries(value));
}

function assertWritable(key: string, value: LuaValue): void {
  if (value === undefined) return;
  print(new Map([[key, value]]));
}

function print(settings: Settings): string {
  try {
    return printJson(settings, '  ');
  } catch (thrown) {
    throw fail('config.bad_value', messageOf(thrown));
  }
}
