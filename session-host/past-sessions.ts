/**
 * Sessions that ended and of which only files are left: of earlier hosts, and of this one once it had too many.
 *
 * Who looks at one sees its record at once; its terminal is made from the history when somebody wants it.
 */
import type { SessionRecord } from '../protocol/session.js';
import type { Mirrors } from './mirror/mirrors.js';
import { recallTerminal } from './recall.js';
import { Session, type SessionContext } from './session.js';
import type { SessionFiles } from './session-files.js';

/** Those that somebody looked at lately and that are kept in memory. */
const MAX_RECALLED = 8;

export interface PastSessionsOptions {
  readonly files: SessionFiles;
  readonly mirrors: Mirrors;
  readonly contextOf: (uuid: string) => SessionContext;
}

export class PastSessions {
  readonly #options: PastSessionsOptions;
  /** Oldest first. */
  readonly #records: Map<string, SessionRecord>;
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

  async #recall(record: SessionRecord): Promise<Session> {
    const { files, mirrors, contextOf } = this.#options;
    const terminal = await recallTerminal(record, files.dirOf(record.uuid), mirrors);
    return Session.recall(record, terminal, contextOf(record.uuid));
  }
}
