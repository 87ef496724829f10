/**
 * Sessions that ended and of which only files are left: of earlier hosts, and of this one once it had too many.
 *
 * Who looks at one sees its record at once; its terminal is made from the history when somebody wants it.
 */
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { Disposable } from '../base/scope.js';
import type { SessionRecord } from '../protocol/session.js';
import type { Mirrors } from './mirror/mirrors.js';
import { recallTerminal } from './recall.js';
import { Session, type SessionContext } from './session.js';
import type { SessionFiles } from './session-files.js';

/** How long after a session ended it is looked whether too many are kept. */
const PRUNE_MS = 5_000;
/** Those that somebody looked at lately and that are kept in memory. */
const MAX_RECALLED = 8;

export interface PastSessionsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: SessionFiles;
  readonly mirrors: Mirrors;
  readonly contextOf: (uuid: string) => SessionContext;
}

export class PastSessions {
  readonly #options: PastSessionsOptions;
  /** Oldest first. */
  readonly #records: Map<string, SessionRecord>;
  #timer: Disposable | undefined;
  readonly #recalled = new Map<string, Promise<Session>>();

  constructor(options: PastSessionsOptions, records: readonly SessionRecord[]) {
    this.#options = options;
    this.#records = new Map(records.map((record) => [record.uuid, record]));
  }

  has(uuid: string): boolean {
    return this.#records.has(uuid);
  }

  records(): SessionRecord[] {
    return [...this.#records.values()];
  }

  add(record: SessionRecord): void {
    this.#records.set(record.uuid, record);
  }

  /** One that can be attached to. Never rejects: what cannot be read is not shown. */
  recall(record: SessionRecord): Promise<Session> {
    const { uuid } = record;
    let session = this.#recalled.get(uuid);
    if (session === undefined) {
      session = this.#recall(record);
      this.#recalled.set(uuid, session);
      const [oldest] = this.#recalled.keys();
      if (this.#recalled.size > MAX_RECALLED && oldest !== undefined) this.#recalled.delete(oldest);
    }
    return session;
  }

  /** Its files are gone, or about to go. */
  async forget(uuid: string): Promise<void> {
    this.#records.delete(uuid);
    const recalled = this.#recalled.get(uuid);
    this.#recalled.delete(uuid);
    (await recalled)?.remove();
  }

  /** Removes the oldest files; not with each of many sessions that end. */
  pruneSoon(): void {
    this.#timer ??= this.#options.clock.after(PRUNE_MS, () => {
      this.#timer = undefined;
      this.#prune().catch((thrown: unknown) =>
        this.#options.log.log('warn', 'old sessions cannot be removed', { error: messageOf(thrown) }),
      );
    });
  }

  async #prune(): Promise<void> {
    for (const uuid of await this.#options.files.prune()) await this.forget(uuid);
  }

  async #recall(record: SessionRecord): Promise<Session> {
    const { files, mirrors, contextOf } = this.#options;
    const terminal = await recallTerminal(record, files.dirOf(record.uuid), mirrors);
    // Watchers do not have it on their list: they hear nothing of it.
    return Session.recall(record, terminal, { ...contextOf(record.uuid), emit: () => undefined });
  }
}
