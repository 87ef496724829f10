/**
 * What the hub knows of its sessions: the records as of the last fact, so that asking does not wait; and the telling of
 * facts to Lua.
 *
 * The session host's list replaces everything when the worker connects; what happened unseen (a command ended while the
 * connection was down) is told then. A process is told to have exited once, and only by the host's word or because the
 * host's process is gone: never because a connection broke.
 */
import { fail, type HubError } from '../../base/errors.js';
import type { LuaRecord } from '../../base/values.js';
import type { SessionExit, SessionRecord } from '../../protocol/session.js';
import type { SessionHostSummary, StatusReport } from '../../protocol/status.js';
import type { HubContext } from '../context.js';
import type { HandlersOf } from '../define.js';
import type { PtyEvent } from './pty.calls.js';

type Bulk = Extract<PtyEvent, { connection: number; session_uuid: string }>;

export class Sessions {
  readonly handlers: Omit<HandlersOf<PtyEvent>, 'pty.answered'> = {
    'pty.adopted': (event) => this.#adopt(event),
    'pty.disconnected': () => {
      this.#connected = false;
    },
    'pty.host_gone': ({ pid }) => this.#hostGone(pid),
    'pty.unusable': ({ code, message }) => this.unusable(code, message),
    'pty.started': ({ session }) => {
      this.learn(session);
      this.#tell('session_started', session.uuid, { session });
    },
    'pty.exited': ({ session_uuid, exit }) => this.#exited(session_uuid, exit),
    'pty.removed': ({ session_uuid }) => {
      this.forget(session_uuid);
      this.#tell('session_removed', session_uuid);
    },
    'pty.updated': ({ session }) => {
      if (!this.#records.has(session.uuid)) return;
      this.put(session);
      this.#tell('session_updated', session.uuid, { session });
    },
    'pty.resized': (event) => {
      const { rows, cols, size_policy } = event;
      if (this.#change(event, { rows, cols, size_policy }))
        this.#tell('pty_resized', event.session_uuid, { rows, cols });
    },
    'pty.title': (event) => {
      const { title } = event;
      if (this.#change(event, { title })) this.#tell('pty_title_changed', event.session_uuid, { title });
    },
    'pty.cwd': (event) => {
      const { cwd } = event;
      if (this.#change(event, { cwd })) this.#tell('pty_cwd_changed', event.session_uuid, { cwd });
    },
    'pty.modes': (event) => {
      const { modes } = event;
      if (this.#change(event, { modes })) this.#tell('pty_modes_changed', event.session_uuid, { modes });
    },
    'pty.activity': (event) => {
      const { activity, last_output_ms, offset } = event;
      if (this.#records.get(event.session_uuid)?.state !== 'running') return;
      if (this.#change(event, { activity, last_output_ms, offset }))
        this.#tell('pty_activity', event.session_uuid, { activity, last_output_at: last_output_ms / 1000 });
    },
    'pty.bell': ({ session_uuid }) => this.#tell('pty_bell', session_uuid),
    'pty.notification': ({ session_uuid, title, body }) =>
      this.#tell('pty_notification', session_uuid, { title, body }),
    'pty.prompt': ({ session_uuid, mark, exit_code }) =>
      this.#tell('pty_prompt', session_uuid, { mark, exit_code }),
    'pty.trouble': ({ session_uuid, code, message }) => this.trouble(session_uuid, code, message),
  };
  readonly #hub: HubContext<PtyEvent>;
  /** By uuid, oldest first. */
  #records = new Map<string, SessionRecord>();
  #host: { readonly pid: number; readonly version: string } | undefined;
  #connection = 0;
  #connected = false;
  /** Why the host cannot be used. */
  #error: string | undefined;
  /** Whether there ever was anything to say about a host. */
  #needed = false;

  constructor(hub: HubContext<PtyEvent>) {
    this.#hub = hub;
  }

  get connected(): boolean {
    return this.#connected;
  }

  list(): SessionRecord[] {
    return [...this.#records.values()];
  }

  /** Ports that sessions have. */
  ports(): number[] {
    return this.list().flatMap(({ state, port }) =>
      state === 'running' && port !== undefined ? [port] : [],
    );
  }

  get(uuid: string): SessionRecord | HubError<'session.not_found'> {
    return this.#records.get(uuid) ?? notFound(uuid);
  }

  /** By a uuid or its first characters. */
  find(id: string): SessionRecord | HubError<'session.not_found' | 'session.ambiguous'> {
    const exact = this.#records.get(id);
    if (exact !== undefined) return exact;
    const matches = id === '' ? [] : this.list().filter(({ uuid }) => uuid.startsWith(id));
    const [only] = matches;
    if (only === undefined) return notFound(id);
    if (matches.length === 1) return only;
    return fail('session.ambiguous', `${matches.length} sessions begin with ${JSON.stringify(id)}`, {
      matches: matches.map(({ uuid }) => uuid),
    });
  }

  /** Takes the record of a session that is new; of one that is known the hub knows better. */
  learn(record: SessionRecord): void {
    if (!this.#records.has(record.uuid)) this.#records.set(record.uuid, record);
  }

  /** Takes a newer record. What has ended does not run again, though the record was made before the end. */
  put(record: SessionRecord): void {
    const known = this.#records.get(record.uuid);
    const ended = known?.state === 'exited' && record.state !== 'exited' ? known.exit : undefined;
    this.#records.set(record.uuid, ended === undefined ? record : asEnded(record, ended));
  }

  forget(uuid: string): void {
    this.#records.delete(uuid);
  }

  /** Takes what the host was asked to change, before it tells the change itself. */
  patch(uuid: string, fields: Partial<SessionRecord>): void {
    const record = this.#records.get(uuid);
    if (record !== undefined) this.#records.set(uuid, { ...record, ...fields });
  }

  trouble(uuid: string, code: string, message: string): void {
    this.#hub.counters.add('pty.trouble');
    this.#hub.log.log('warn', `session ${uuid}: ${message}`, { session_uuid: uuid, code });
    this.#tell('session_trouble', uuid, { code, message });
  }

  unusable(code: string, message: string): void {
    this.#needed = true;
    this.#error = message;
    this.#hub.counters.add('pty.host_unusable');
    this.#hub.log.log('error', `the session host cannot be used: ${message}`, { code });
  }

  /** For `botster status`. */
  status(): Partial<StatusReport> {
    const sessions = this.list().map(({ uuid, name, state }) => ({
      uuid,
      state,
      ...(name === undefined ? {} : { label: name }),
    }));
    if (!this.#needed) return { sessions };
    const session_host: SessionHostSummary = {
      ...this.#host,
      connected: this.#connected,
      sessions: sessions.filter(({ state }) => state === 'running').length,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
    return { sessions, session_host };
  }

  #adopt({ connection, host, sessions }: Extract<PtyEvent, { type: 'pty.adopted' }>): void {
    const before = this.#records;
    const sameHost = this.#host?.pid === host.pid;
    this.#records = new Map(sessions.map((record) => [record.uuid, record]));
    this.#host = host;
    this.#connection = connection;
    this.#connected = true;
    this.#error = undefined;
    this.#needed = true;
    for (const old of before.values()) this.#catchUp(old, sameHost);
    this.#hub.log.log('info', 'connected to the session host', { ...host, sessions: sessions.length });
    if (sessions.length > 0) this.#hub.notify('sessions_adopted', { sessions: sessions });
  }

  /** Tells what became of a session while the hub was not connected. */
  #catchUp(old: SessionRecord, sameHost: boolean): void {
    const now = this.#records.get(old.uuid);
    if (old.state === 'running' && now?.state !== 'running')
      this.#tellExit(old, now?.exit ?? { lost: true, at: this.#now() });
    // Another host knows of ended sessions by their files only.
    if (now === undefined && sameHost) this.#tell('session_removed', old.uuid);
  }

  #hostGone(pid: number): void {
    this.#connected = false;
    this.#host = undefined;
    const running = this.list().filter(({ state }) => state === 'running');
    for (const { uuid } of running) this.#exited(uuid, { lost: true, at: this.#now() });
    if (running.length === 0) return;
    this.#hub.counters.add('pty.host_lost');
    this.#hub.log.log('error', 'the session host died', { pid, sessions: running.length });
    const lost = running.map(({ uuid }) => this.#records.get(uuid)).filter((record) => record !== undefined);
    this.#hub.notify('session_host_lost', { sessions: lost });
  }

  #exited(uuid: string, exit: SessionExit): void {
    const record = this.#records.get(uuid);
    if (record !== undefined) this.put(asEnded(record, exit));
    this.#tellExit(record ?? { uuid }, exit);
  }

  #tellExit({ uuid, name }: Pick<SessionRecord, 'uuid' | 'name'>, { code, signal, lost }: SessionExit): void {
    this.#tell('process_exited', uuid, { session_name: name, exit_code: code, signal, lost: lost ?? false });
  }

  /** False: the session is forgotten, or the fact is older than the last list. */
  #change({ connection, session_uuid }: Bulk, fields: Partial<SessionRecord>): boolean {
    if (connection !== this.#connection || !this.#records.has(session_uuid)) return false;
    this.patch(session_uuid, fields);
    return true;
  }

  #tell(name: string, uuid: string, fields: LuaRecord = {}): void {
    this.#hub.notify(name, { session_uuid: uuid, ...fields });
  }

  #now(): string {
    return new Date(this.#hub.clock.wallMs()).toISOString();
  }
}

function asEnded({ pid: _, ...record }: SessionRecord, exit: SessionExit): SessionRecord {
  return { ...record, state: 'exited', activity: 'idle', exit };
}

function notFound(id: string): HubError<'session.not_found'> {
  return fail('session.not_found', `there is no session ${JSON.stringify(id)}`);
}
