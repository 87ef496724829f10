/**
 * All sessions: starts, finds, lists, forgets them, and knows when the host has nothing left to do.
 *
 * Knows no sockets. Sessions that ended stay in memory up to a number, beyond that and after a restart of the host on
 * disk only: then `recall` shows what their history tells.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { fail, type HubError, isHubError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { Infer } from '../base/schema.js';
import type { Disposable } from '../base/scope.js';
import type { HostConfig } from '../protocol/host-config.js';
import type { hostMethods } from '../protocol/host-methods.js';
import type { SessionRecord } from '../protocol/session.js';
import { readHistory } from './history-reader.js';
import { stopSession } from './kill.js';
import type { Mirrors } from './mirror/mirrors.js';
import { PastSessions } from './past-sessions.js';
import { Session, type SessionContext } from './session.js';
import type { SessionFiles } from './session-files.js';
import { pick, sessionNotFound } from './session-ids.js';
import { type SpawnParams, startSession } from './start-session.js';
import { copyBytes } from './terminal.js';
import { Watchers } from './watchers.js';

/** Sessions that ended and are kept in memory, with their last screens. */
const MAX_ENDED = 50;
/** What owners may keep with a session, as JSON. */
const MAX_META_CHARS = 64 * 1024;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type HostStatus = Infer<(typeof hostMethods)['host.status']['value']>;

export interface HostOptions {
  readonly config: HostConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly mirrors: Mirrors;
  readonly files: SessionFiles;
  /** It was told to end, or has had nothing to do for long enough. */
  readonly onStop: (reason: string) => void;
}

export class Host {
  readonly watchers = new Watchers();
  readonly clock: Clock;
  readonly #options: HostOptions;
  readonly #startedAt: string;
  /** Running, and those that ended lately: oldest first. */
  readonly #sessions = new Map<string, Session>();
  readonly #starting = new Set<string>();
  readonly #past: PastSessions;
  #clients = 0;
  #stopping = false;
  /** Of all clients. */
  attaches = 0;
  #idleTimer: Disposable | undefined;

  /** `past`: the sessions of earlier hosts, none of which runs. */
  constructor(options: HostOptions, past: readonly SessionRecord[]) {
    this.#options = options;
    this.clock = options.clock;
    this.#startedAt = this.#now();
    this.#past = new PastSessions({ ...options, contextOf: (uuid) => this.#contextOf(uuid) }, past);
    this.#checkIdle();
  }

  /** Errors: session.bad_uuid, session.exists, session.limit, session.meta_too_large, and those of the command. */
  async spawn(params: SpawnParams): Promise<Session | HubError> {
    const uuid = params.uuid ?? randomUUID();
    const refused = this.#refusesSpawn(uuid) ?? checkMeta(params.meta ?? {});
    if (refused !== undefined) return refused;
    this.#starting.add(uuid);
    try {
      const session = await startSession(uuid, params, {
        ...this.#options,
        context: this.#contextOf(uuid),
      });
      if (isHubError(session)) return session;
      this.#sessions.set(uuid, session);
      this.watchers.emit({ name: 'session.started', data: { session: session.record() } });
      return session;
    } finally {
      this.#starting.delete(uuid);
      this.#checkIdle();
    }
  }

  /** A session that runs or ended lately. Errors: session.not_found, session.ambiguous, session.ended. */
  find(id: string): Session | HubError {
    const found = this.#pick(id);
    if (found instanceof Session || isHubError(found)) return found;
    return fail('session.ended', `Session ${found.uuid} has ended.`, { uuid: found.uuid });
  }

  /** The record of any session. Errors: session.not_found, session.ambiguous. */
  record(id: string): SessionRecord | HubError {
    const found = this.#pick(id);
    return found instanceof Session ? found.record() : found;
  }

  /** Any session; one of which only files are left is read. Errors: session.not_found, session.ambiguous. */
  async recall(id: string): Promise<Session | HubError> {
    const found = this.#pick(id);
    if (found instanceof Session || isHubError(found)) return found;
    return await this.#past.recall(found);
  }

  /** Running ones and those that ended lately; with `ended` all of which something is left. Oldest first. */
  list(ended: boolean): SessionRecord[] {
    const here = [...this.#sessions.values()].map((session) => session.record());
    return ended ? [...this.#past.records(), ...here] : here;
  }

  /** Recorded output. Errors: those of `record`, history.unreadable. */
  async history(
    id: string,
    since: number | undefined,
    maxBytes: number,
  ): Promise<{ offset: number; bytes: Uint8Array; end: number } | HubError> {
    const found = this.#pick(id);
    if (isHubError(found)) return found;
    if (found instanceof Session) {
      const from = Math.max(since ?? 0, Math.min(found.historyStart, found.start));
      if (from >= found.start) {
        const offset = Math.min(from, found.end);
        return { offset, bytes: copyBytes(found, offset, maxBytes), end: found.end };
      }
      await found.flushHistory();
    }
    const read = await readHistory(this.#options.files.dirOf(found.uuid), since, maxBytes);
    if (isHubError(read)) return read;
    return { ...read, end: found instanceof Session ? found.end : found.offset };
  }

  /** Errors: session.meta_too_large. */
  update(
    session: Session,
    name: string | undefined,
    meta: SessionRecord['meta'] | undefined,
  ): HubError | undefined {
    const merged = { ...session.record().meta, ...meta };
    const refused = checkMeta(merged);
    if (refused === undefined) session.update({ ...(name === undefined ? {} : { name }), meta: merged });
    return refused;
  }

  /** Forgets an ended session and its files. Errors: those of `record`, session.running. */
  async remove(id: string): Promise<HubError | undefined> {
    const found = this.#pick(id);
    if (isHubError(found)) return found;
    const { uuid } = found;
    if (found instanceof Session) {
      if (!found.ended)
        return fail('session.running', `Session ${uuid} runs. End it first: botster session kill ${uuid}`, {
          uuid,
        });
      this.#forget(found);
    }
    await this.#past.forget(uuid);
    if (found instanceof Session) await found.flushHistory();
    await this.#options.files.remove(uuid);
    return undefined;
  }

  status(): HostStatus {
    return {
      pid: process.pid,
      version: this.#options.config.version,
      started_at: this.#startedAt,
      rss_mb: Math.round(process.memoryUsage.rss() / 1e5) / 10,
      connections: this.#clients,
      counters: this.#options.counters.snapshot(),
    };
  }

  clientsChanged(by: 1 | -1): void {
    this.#clients += by;
    this.#checkIdle();
  }

  /** Makes sure that no session runs. Errors: host.has_sessions unless `force`, which ends them. */
  async prepareStop(force: boolean): Promise<HubError | undefined> {
    const running = this.#running();
    if (running.length + this.#starting.size > 0 && !force)
      return fail('host.has_sessions', `${running.length} sessions run. End them first, or use force.`, {
        sessions: running.map(({ uuid }) => uuid),
      });
    this.#stopping = true;
    await Promise.all(running.map((session) => stopSession(session, this.clock)));
    return undefined;
  }

  /** Resolves when all output is on disk, as far as it can be. */
  async flush(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.flushHistory()));
  }

  stop(): void {
    this.#options.onStop('asked to');
  }

  #contextOf(uuid: string): SessionContext {
    const { clock, counters, files } = this.#options;
    return {
      clock,
      counters,
      emit: (event) => this.watchers.emit(event),
      save: (record) => files.save(record),
      onEnded: () => this.#ended(uuid),
    };
  }

  #ended(uuid: string): void {
    const ended = [...this.#sessions.values()].filter((session) => session.ended);
    for (const session of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#past.add(session.record());
      this.#forget(session);
    }
    this.#options.log.log('info', 'session ended', { session: uuid });
    this.#past.pruneSoon();
    this.#checkIdle();
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.uuid);
    session.remove();
    this.watchers.emit({ name: 'session.removed', data: { session_uuid: session.uuid } });
  }

  #pick(id: string): Session | SessionRecord | HubError {
    const here = [...this.#sessions.values()].map((session) => ({
      uuid: session.uuid,
      name: session.name,
      running: !session.ended,
      session,
    }));
    const found = pick(id, here);
    if (isHubError(found)) return found;
    if (found !== undefined) return found.session;
    return pick(id, this.#past.records()) ?? sessionNotFound(id);
  }

  #refusesSpawn(uuid: string): HubError | undefined {
    if (this.#stopping) return fail('host.stopping', 'The session host is about to end.');
    if (!uuidPattern.test(uuid))
      return fail('session.bad_uuid', `${JSON.stringify(uuid)} is not a uuid in lower case.`);
    if (this.#sessions.has(uuid) || this.#starting.has(uuid) || this.#past.has(uuid))
      return fail('session.exists', `There is a session ${uuid} already.`, { uuid });
    const { max_sessions } = this.#options.config;
    if (this.#running().length + this.#starting.size < max_sessions) return undefined;
    return fail(
      'session.limit',
      `${max_sessions} sessions run, which is the limit. End some, or raise max_sessions in the configuration.`,
      { max_sessions },
    );
  }

  #running(): Session[] {
    return [...this.#sessions.values()].filter((session) => !session.ended);
  }

  /** Ends the host when it has had neither sessions nor clients for long enough. */
  #checkIdle(): void {
    const idle = this.#clients === 0 && this.#starting.size === 0 && this.#running().length === 0;
    if (!idle) {
      this.#idleTimer?.dispose();
      this.#idleTimer = undefined;
      return;
    }
    this.#idleTimer ??= this.clock.after(this.#options.config.idle_exit_ms, () =>
      this.#options.onStop('nothing to do'),
    );
  }

  #now(): string {
    return new Date(this.clock.wallMs()).toISOString();
  }
}

function checkMeta(meta: SessionRecord['meta']): HubError<'session.meta_too_large'> | undefined {
  const chars = JSON.stringify(meta).length;
  if (chars <= MAX_META_CHARS) return undefined;
  return fail(
    'session.meta_too_large',
    `meta has ${chars} characters as JSON, at most ${MAX_META_CHARS} fit.`,
  );
}
