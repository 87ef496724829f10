/** A client of a hub's socket, as a program would be one: sessions by Lua, and attaches that count what they get. */
import { createConnection, type Socket } from 'node:net';
import { Client } from '../../protocol/client.js';
import { hostMethods } from '../../protocol/host-methods.js';
import { methods } from '../../protocol/methods.js';
import type { TerminalFrame } from '../../protocol/terminal-frames.js';
import { PROTOCOL_VERSION, versionMismatch } from '../../protocol/version.js';

const table = { ...methods, ...hostMethods };
type HubClient = Client<typeof table>;
type Received = Extract<TerminalFrame, { type: 'output' | 'snapshot' }>;

export interface AttachOptions {
  /** Gives credit back as bytes arrive; false: the client stalls when the first credit is used up. */
  readonly reads?: boolean;
  readonly offset?: number;
}

export interface Attach {
  /** Called with every frame. Its bytes are a view. */
  onFrame: (frame: Received) => void;
  type(text: string): void;
  /** Resolves at the first frame after which `seen` says yes. */
  until(seen: (frame: Received) => boolean): Promise<void>;
  readonly snapshots: number;
  /** Frames whose offset was not the one expected. */
  readonly gaps: number;
  /** Offset of the next byte. */
  readonly offset: number;
}

const CREDIT_BYTES = 256 * 1024;

export class HubTerminal {
  readonly client: HubClient;
  readonly #socket: Socket;
  readonly #attaches = new Map<number, (frame: Received) => void>();
  #lastAttach = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.client = new Client({
      methods: table,
      hello: { protocol_version: PROTOCOL_VERSION, client: 'bench', version: '0' },
      mismatch: versionMismatch,
      serverName: 'hub',
      send: (bytes) => void socket.write(bytes),
      close: () => void socket.destroy(),
      onTerminal: (frame) => {
        if (frame.type === 'output' || frame.type === 'snapshot') this.#attaches.get(frame.attach)?.(frame);
      },
    });
    socket.on('data', (chunk) => this.client.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.client.closed());
  }

  static async open(path: string): Promise<HubTerminal> {
    const socket = createConnection(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const terminal = new HubTerminal(socket);
    await terminal.client.greeted;
    return terminal;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Starts a command through the hub's Lua; its uuid. */
  async spawn(cmd: string, args: readonly string[], extra = ''): Promise<string> {
    const code = `local cmd = ...
local handle = assert(pty.spawn{ cmd = cmd, args = { select(2, ...) }, cwd = "/tmp", rows = 40, cols = 120, ${extra} })
return handle.uuid`;
    const { values_json } = await this.client.request('eval', {
      code,
      chunk_name: '=bench',
      args: [cmd, ...args],
    });
    return (JSON.parse(values_json) as [string])[0];
  }

  async attach(id: string, { reads = true, offset }: AttachOptions = {}): Promise<Attach> {
    const attach = ++this.#lastAttach;
    const waiting = new Set<(frame: Received) => void>();
    const state = { snapshots: 0, gaps: 0, offset: offset ?? -1 };
    const made: Attach = {
      onFrame: () => undefined,
      type: (text) => this.client.sendTerminal({ type: 'input', attach, bytes: Buffer.from(text) }),
      until: (seen) =>
        new Promise((resolve) => {
          const look = (frame: Received): void => {
            if (!seen(frame)) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        }),
      get snapshots() {
        return state.snapshots;
      },
      get gaps() {
        return state.gaps;
      },
      get offset() {
        return state.offset;
      },
    };
    let owed = 0;
    this.#attaches.set(attach, (frame) => {
      if (frame.type === 'snapshot') {
        state.snapshots++;
        state.offset = frame.offset;
      } else {
        if (state.offset >= 0 && frame.offset !== state.offset) state.gaps++;
        state.offset = frame.offset + frame.bytes.length;
      }
      made.onFrame(frame);
      for (const look of waiting) look(frame);
      owed += frame.bytes.length;
      if (!reads || owed < CREDIT_BYTES / 4) return;
      this.client.sendTerminal({ type: 'credit', attach, bytes_count: owed });
      owed = 0;
    });
    await this.client.request('session.attach', {
      id,
      attach,
      credit: CREDIT_BYTES,
      ...(offset === undefined ? {} : { offset }),
    });
    return made;
  }

  async end(id: string): Promise<void> {
    await this.client.request('session.kill', { id, grace_ms: 100 });
    await this.client.request('session.remove', { id });
  }
}

/** Whether `text` has been seen in frames that were given, also when it is cut between two. */
export function finder(text: string): (frame: { readonly bytes: Uint8Array }) => boolean {
  const wanted = Buffer.from(text);
  let tail = Buffer.alloc(0);
  return ({ bytes }) => {
    const joined = Buffer.concat([tail, bytes]);
    tail = joined.subarray(Math.max(0, joined.length - wanted.length + 1));
    return joined.includes(wanted);
  };
}
