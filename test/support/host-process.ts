/**
 * A real session host in a process and a folder of its own, and clients that check what they get.
 *
 * Nothing outlives the test: its sessions are ended, the host is killed, the folder is removed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Infer } from '../../base/schema.js';
import { Client } from '../../protocol/client.js';
import type { HostConfig } from '../../protocol/host-config.js';
import type { HostEvent, HostEventName } from '../../protocol/host-events.js';
import {
  HOST_PROTOCOL_VERSION,
  type HostMethod,
  hostMethods,
  hostVersionMismatch,
} from '../../protocol/host-methods.js';
import type { Hello } from '../../protocol/messages.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { TerminalFrame } from '../../protocol/terminal-frames.js';
import { distUrl } from './import-from-dist.js';
import { tempDir } from './temp-repo.js';
import { until } from './until.js';

const MAIN = fileURLToPath(distUrl('session-host/main.js'));

type ParamsOf<M extends HostMethod> = Infer<(typeof hostMethods)[M]['params']>;
type ValueOf<M extends HostMethod> = Infer<(typeof hostMethods)[M]['value']>;
type DataOf<N extends HostEventName> = Extract<HostEvent, { name: N }>['data'];

export interface HostExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class HostProcess {
  readonly config: HostConfig;
  readonly child: ChildProcess;
  readonly exited: Promise<HostExit>;

  constructor(config: HostConfig) {
    this.config = config;
    const log = openSync(this.#logPath, 'a', 0o600);
    this.child = spawn(process.execPath, [MAIN, JSON.stringify(config)], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get token(): string {
    return readFileSync(join(this.config.state_dir, 'host.token'), 'utf8').trim();
  }

  /** What it logged. */
  log(): string {
    return readFileSync(this.#logPath, 'utf8');
  }

  get #logPath(): string {
    return join(this.config.state_dir, 'host.log');
  }

  /** Resolves when its socket takes connections; rejects if it ends before. */
  async listening(): Promise<void> {
    let exit: HostExit | undefined;
    void this.exited.then((how) => {
      exit = how;
    });
    await until(async () => {
      if (exit !== undefined)
        throw new Error(`the session host ended: ${JSON.stringify(exit)}\n${this.log()}`);
      const socket = await connect(this.config.socket_path).catch(() => undefined);
      socket?.destroy();
      return socket !== undefined;
    });
  }

  /** A client that has said hello. */
  async connect(hello: Partial<Hello> = {}): Promise<HostConnection> {
    const connection = new HostConnection(await connect(this.config.socket_path), {
      protocol_version: HOST_PROTOCOL_VERSION,
      client: 'test',
      version: '0.1.0',
      token: this.token,
      ...hello,
    });
    await connection.client.greeted;
    return connection;
  }

  /** Ends its sessions and itself. */
  async stop(): Promise<HostExit> {
    const connection = await this.connect();
    await connection.request('host.stop', { force: true });
    return await this.exited;
  }
}

/** How a host is configured in tests. */
export function hostConfigIn(dir: string, more: Partial<HostConfig> = {}): HostConfig {
  return {
    hub_id: 'test',
    version: '0.1.0',
    state_dir: dir,
    socket_path: join(dir, 'host.sock'),
    max_sessions: 50,
    idle_exit_ms: 60_000,
    ...more,
  };
}

/** Starts a host without waiting for it. Ended when the test ends, with its sessions. */
export function spawnHost(more: Partial<HostConfig> = {}, dir = tempDir()): HostProcess {
  const host = new HostProcess(hostConfigIn(dir, more));
  onTestFinished(async () => {
    if (host.child.exitCode !== null || host.child.signalCode !== null) return;
    const late = setTimeout(() => host.child.kill('SIGKILL'), 10_000);
    await Promise.race([host.stop().catch(() => host.child.kill('SIGKILL')), host.exited]);
    clearTimeout(late);
    await host.exited;
  });
  return host;
}

/** A host that listens. */
export async function startHost(more: Partial<HostConfig> = {}, dir?: string): Promise<HostProcess> {
  const host = spawnHost(more, dir);
  await host.listening();
  return host;
}

/** Waits for what a connection hears. Looks when something came: a test that spins would take the host's time. */
class Waits {
  readonly #looks = new Set<() => void>();
  #due = false;

  /** Something came. */
  wake(): void {
    if (this.#due || this.#looks.size === 0) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      for (const look of this.#looks) look();
    });
  }

  /** Resolves with the first value that is neither undefined nor false. */
  until<T>(value: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        try {
          const found = value();
          if (found === undefined || found === false) return;
          resolve(found);
        } catch (thrown) {
          reject(thrown);
        }
        this.#looks.delete(look);
      };
      this.#looks.add(look);
      look();
    });
  }
}

/** How much of the last output is searched for what a test waits for. */
const SEARCHED_BYTES = 64 * 1024;

export interface AttachOptions {
  readonly offset?: number;
  /** Bytes it can take at a time. Default 1 MiB. */
  readonly credit?: number;
  /** Gives credit back for what it got. Default true. */
  readonly reads?: boolean;
  readonly rows?: number;
  readonly cols?: number;
  readonly scrollback?: number;
  readonly view_only?: boolean;
}

export class HostConnection {
  readonly socket: Socket;
  readonly client: Client<typeof hostMethods>;
  readonly closed: Promise<void>;
  /** All events, in order. */
  readonly events: HostEvent[] = [];
  readonly waits = new Waits();
  readonly #attaches = new Map<number, HostAttach>();
  #lastAttach = 0;

  constructor(socket: Socket, hello: Omit<Hello, 'type'>) {
    this.socket = socket;
    onTestFinished(() => void socket.destroy());
    this.client = new Client({
      methods: hostMethods,
      hello,
      mismatch: hostVersionMismatch,
      serverName: 'session host',
      send: (bytes) => void socket.write(bytes),
      close: () => void socket.end(),
      onEvent: (event) => this.events.push(event as unknown as HostEvent),
      onTerminal: (frame) => this.#attaches.get(frame.attach)?.receive(frame),
    });
    socket.on('data', (chunk) => {
      this.client.receive(chunk);
      this.waits.wake();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.client.closed();
        resolve();
      });
    });
  }

  request<M extends HostMethod>(method: M, params: ParamsOf<M>): Promise<ValueOf<M>> {
    return this.client.request(method, params);
  }

  /** Starts a command; by default a shell without start-up files, in /. */
  async spawn(
    cmd = 'sh',
    args: readonly string[] = [],
    more: Partial<ParamsOf<'session.spawn'>> = {},
  ): Promise<SessionRecord> {
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/', PS1: '$ ', LANG: 'C.UTF-8' };
    const { session } = await this.request('session.spawn', { cmd, args: [...args], cwd: '/', env, ...more });
    return session;
  }

  async attach(id: string, options: AttachOptions = {}): Promise<HostAttach> {
    const { credit = 1024 * 1024, reads = true, ...more } = options;
    const attach = new HostAttach(this, ++this.#lastAttach, reads, options.offset);
    this.#attaches.set(attach.id, attach);
    const { session } = await this.request('session.attach', { id, attach: attach.id, credit, ...more });
    attach.session = session;
    return attach;
  }

  async record(id: string): Promise<SessionRecord> {
    return (await this.request('session.get', { id })).session;
  }

  /** The first event of that name that fits, from the beginning or to come. */
  async event<N extends HostEventName>(
    name: N,
    fits: (data: DataOf<N>) => boolean = () => true,
  ): Promise<DataOf<N>> {
    const isIt = (event: HostEvent): boolean => event.name === name && fits(event.data as DataOf<N>);
    return (await this.waits.until(() => this.events.find(isIt))).data as DataOf<N>;
  }

  /** How the session ended; it must be watched, or attached. */
  async exitOf(uuid: string): Promise<SessionRecord['exit']> {
    return (await this.event('session.exited', (data) => data.session_uuid === uuid)).exit;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** One attach. Throws away nothing; a hole or an overlap in the stream is kept as `fault`. */
export class HostAttach {
  readonly id: number;
  session!: SessionRecord;
  /** Output since the last snapshot. */
  bytes: Uint8Array[] = [];
  /** Bytes of output in all. */
  received = 0;
  /** Where the next output must begin; undefined: a snapshot must come first. */
  offset: number | undefined;
  readonly snapshots: Extract<TerminalFrame, { type: 'snapshot' }>[] = [];
  fault: string | undefined;
  #reads: boolean;
  readonly #connection: HostConnection;

  constructor(connection: HostConnection, id: number, reads: boolean, offset: number | undefined) {
    this.#connection = connection;
    this.id = id;
    this.#reads = reads;
    this.offset = offset;
  }

  receive(frame: TerminalFrame): void {
    if (frame.type === 'snapshot') {
      this.snapshots.push({ ...frame, bytes: frame.bytes.slice() });
      this.bytes = [];
      this.offset = frame.offset;
    } else if (frame.type === 'output') {
      if (frame.offset !== this.offset) this.fault ??= `expected offset ${this.offset}, got ${frame.offset}`;
      if (frame.bytes.length === 0) this.fault ??= 'an empty output frame';
      this.bytes.push(frame.bytes.slice());
      this.offset = frame.offset + frame.bytes.length;
      this.received += frame.bytes.length;
    }
    if (this.#reads && 'bytes' in frame) this.grant(frame.bytes.length);
  }

  /** Output since the last snapshot, as text. */
  get text(): string {
    return Buffer.concat(this.bytes).toString('utf8');
  }

  /** The end of it; with the snapshot before it, if there is not much. */
  get #recent(): string {
    let bytes = 0;
    let from = this.bytes.length;
    while (from > 0 && bytes < SEARCHED_BYTES) bytes += this.bytes[--from]?.length ?? 0;
    return from === 0 ? this.all : Buffer.concat(this.bytes.slice(from)).toString('utf8');
  }

  /** The last snapshot and what came after it. */
  get all(): string {
    return Buffer.from(this.snapshots.at(-1)?.bytes ?? []).toString('utf8') + this.text;
  }

  /** Waits until the end of the output since the last snapshot, or the snapshot, contains it. */
  async until(text: string | RegExp): Promise<string> {
    return await this.#connection.waits.until(() => {
      if (this.fault !== undefined) throw new Error(this.fault);
      const recent = this.#recent;
      return (typeof text === 'string' ? recent.includes(text) : text.test(recent)) && recent;
    });
  }

  /** Waits until so many bytes of output have come. */
  async untilReceived(bytes: number): Promise<void> {
    await this.#connection.waits.until(() => this.received >= bytes);
  }

  type(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    this.#connection.client.sendTerminal({ type: 'input', attach: this.id, bytes });
  }

  grant(bytes: number): void {
    this.#connection.client.sendTerminal({ type: 'credit', attach: this.id, bytes_count: bytes });
  }

  /** Gives credit from now on for what comes, beginning with that many bytes. */
  readOn(credit: number): void {
    this.#reads = true;
    this.grant(credit);
  }

  async ended(): Promise<DataOf<'attach.ended'>> {
    return await this.#connection.event('attach.ended', ({ attach }) => attach === this.id);
  }

  async detach(): Promise<void> {
    await this.#connection.request('session.detach', { attach: this.id });
  }
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
