/**
 * The folders of sessions on disk: `<uuid>/session.json` and the segments of the history.
 *
 * A record is replaced as a whole, so a crash leaves the old or the new one. Saving is put off a moment and done one at
 * a time; only the last state counts. Reading takes nothing for granted: what is no record is skipped, counted and
 * logged. Old sessions are removed when there are too many of them, or they take too much room.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { mismatch } from '../base/check.js';
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { ArgumentError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { Disposable } from '../base/scope.js';
import { type SessionRecord, sessionRecord } from '../protocol/session.js';
import { errnoOf, unlessMissing } from '../system/errno.js';

const RECORD_FILE = 'session.json';
const SAVE_DELAY_MS = 100;
const RETRY_MS = 5_000;
/** A larger file is none of ours. */
const MAX_RECORD_BYTES = 1024 * 1024;
/** Sessions that ended and are kept. */
const MAX_ENDED = 200;
const MAX_ENDED_BYTES = 1024 * 1024 * 1024;
/** A folder without a record is left alone so long: it may belong to a session that is just starting. */
const ORPHAN_MS = 60 * 60 * 1_000;
/** Of what cannot be read, so many are logged one by one at a time. */
const MAX_LOGGED = 10;

const uuidPattern = /^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/;

export interface SessionFilesOptions {
  /** The folder of all sessions; made, 0700, when it is needed. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

interface Ended {
  readonly uuid: string;
  readonly endedMs: number;
  readonly bytes: number;
}

export class SessionFiles {
  readonly #options: SessionFilesOptions;
  /** Records to be written. */
  readonly #unsaved = new Map<string, SessionRecord>();
  /** Sessions of this process that have not ended. */
  readonly #running = new Set<string>();
  #timer: Disposable | undefined;
  /** Settles when what is being written is written; never rejects. */
  #writing: Promise<void> = Promise.resolve();
  /** The last write failed. */
  #failing = false;

  constructor(options: SessionFilesOptions) {
    this.#options = options;
  }

  /** The folder of a session; it may not exist. */
  dirOf(uuid: string): string {
    if (!uuidPattern.test(uuid)) throw new ArgumentError(`${JSON.stringify(uuid)} is no name of a session.`);
    return join(this.#options.dir, uuid);
  }

  /** Writes the record soon. What cannot be written is tried again; the first time it is logged. */
  save(record: SessionRecord): void {
    this.dirOf(record.uuid);
    this.#unsaved.set(record.uuid, record);
    if (record.state === 'running') this.#running.add(record.uuid);
    else this.#running.delete(record.uuid);
    this.#writeAfter(this.#failing ? RETRY_MS : SAVE_DELAY_MS);
  }

  /** Resolves when all that was saved is on disk, or cannot be written now. */
  async flush(): Promise<void> {
    await this.#write();
  }

  /** The records on disk, oldest first. */
  async list(): Promise<SessionRecord[]> {
    const records: SessionRecord[] = [];
    const unreadable: string[] = [];
    for (const uuid of await this.#uuids()) {
      const record = await this.#read(uuid);
      if (typeof record === 'string') unreadable.push(`${uuid}: ${record}`);
      else records.push(record);
    }
    this.#reportUnreadable(unreadable);
    return records.sort((a, b) => compare(a.started_at, b.started_at) || compare(a.uuid, b.uuid));
  }

  /** Removes a session with its history. It must have ended, and its history must be closed. */
  async remove(uuid: string): Promise<void> {
    const dir = this.dirOf(uuid);
    this.#unsaved.delete(uuid);
    this.#running.delete(uuid);
    await this.#writing;
    await rm(dir, { recursive: true, force: true, maxRetries: 2 });
  }

  /** Removes ended sessions beyond MAX_ENDED or MAX_ENDED_BYTES, those first that ended first; gives their uuids. */
  async prune(): Promise<string[]> {
    const ended: Ended[] = [];
    for (const uuid of await this.#uuids()) {
      const found = this.#running.has(uuid) ? undefined : await this.#measure(uuid);
      if (found !== undefined) ended.push(found);
    }
    ended.sort((a, b) => b.endedMs - a.endedMs);
    const removed: string[] = [];
    let bytes = 0;
    for (const [index, session] of ended.entries()) {
      bytes += session.bytes;
      if (index < MAX_ENDED && bytes <= MAX_ENDED_BYTES) continue;
      // One that goes leaves its room to older, smaller ones.
      bytes -= session.bytes;
      if (this.#running.has(session.uuid)) continue;
      await this.remove(session.uuid);
      removed.push(session.uuid);
    }
    this.#options.counters.add('sessions.pruned', removed.length);
    return removed;
  }

  #writeAfter(ms: number): void {
    this.#timer ??= this.#options.clock.after(ms, () => void this.#write());
  }

  #write(): Promise<void> {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    const records = [...this.#unsaved.values()];
    this.#unsaved.clear();
    const failedBefore = this.#failing;
    this.#failing = false;
    for (const record of records) {
      try {
        await this.#replace(record);
      } catch (thrown) {
        if (!failedBefore && !this.#failing) this.#logFailure(record, thrown);
        this.#failing = true;
        this.#options.counters.add('sessions.save_failed');
        // Unless there is a newer one.
        if (!this.#unsaved.has(record.uuid)) this.#unsaved.set(record.uuid, record);
      }
    }
    if (this.#failing) this.#writeAfter(RETRY_MS);
  }

  #logFailure({ uuid }: SessionRecord, thrown: unknown): void {
    this.#options.log.log('warn', 'the record of a session cannot be written; it is tried again', {
      session: uuid,
      error: messageOf(thrown),
    });
  }

  async #replace(record: SessionRecord): Promise<void> {
    const dir = this.dirOf(record.uuid);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const draft = join(dir, `.${RECORD_FILE}.new`);
    try {
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(record));
        // What runs ends with the machine; what has ended is to be found after a power cut.
        if (record.state === 'exited') await file.datasync();
      } finally {
        await file.close();
      }
      await rename(draft, join(dir, RECORD_FILE));
    } catch (thrown) {
      await unlink(draft).catch(() => undefined);
      throw thrown;
    }
  }

  async #uuids(): Promise<string[]> {
    const names = (await unlessMissing(readdir(this.#options.dir))) ?? [];
    return names.filter((name) => uuidPattern.test(name));
  }

  /** The record, or why there is none. */
  async #read(uuid: string): Promise<SessionRecord | string> {
    try {
      const file = await open(join(this.dirOf(uuid), RECORD_FILE), constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const info = await file.stat();
        if (!info.isFile() || info.size > MAX_RECORD_BYTES) return 'not a file of ours';
        const record: unknown = JSON.parse(await file.readFile('utf8'));
        const wrong = mismatch(sessionRecord, record, 'record');
        if (wrong !== undefined) return wrong;
        return (record as SessionRecord).uuid === uuid
          ? (record as SessionRecord)
          : 'the record of another session';
      } finally {
        await file.close();
      }
    } catch (thrown) {
      return errnoOf(thrown) ?? messageOf(thrown);
    }
  }

  /** Undefined: not to be removed. */
  async #measure(uuid: string): Promise<Ended | undefined> {
    const dir = this.dirOf(uuid);
    const folder = await unlessMissing(lstat(dir));
    if (folder === undefined) return undefined;
    const record = await this.#read(uuid);
    const orphan = typeof record === 'string';
    if (orphan && this.#options.clock.wallMs() - folder.mtimeMs < ORPHAN_MS) return undefined;
    const endedMs = orphan ? Number.NaN : Date.parse(record.exit?.at ?? record.started_at);
    let bytes = 0;
    for (const name of folder.isDirectory() ? await readdir(dir) : [])
      bytes += (await unlessMissing(lstat(join(dir, name))))?.size ?? 0;
    return { uuid, bytes, endedMs: Number.isNaN(endedMs) ? 0 : endedMs };
  }

  #reportUnreadable(unreadable: readonly string[]): void {
    const { log, counters } = this.#options;
    if (unreadable.length === 0) return;
    counters.add('sessions.unreadable', unreadable.length);
    log.log('warn', `${unreadable.length} folders of sessions have no readable record and are skipped`, {
      dir: this.#options.dir,
      folders: unreadable.slice(0, MAX_LOGGED),
    });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
