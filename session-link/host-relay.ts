/**
 * One client's own connection to the session host: its session requests and terminal frames go there, what the host
 * answers comes back, unchanged both ways; the client's end is told what each frame is about.
 *
 * Opened by the first session request, greeted with the token that the client does not have. Whoever is slower slows
 * the other down and nothing else: with BUFFERED_BYTES waiting on one side, the other is not read. When the host's end
 * is lost, every open request is answered with host.lost, the client hears the event `host.lost`, and its next request
 * opens another connection. Nothing here passes the hub's loop, and messages are not parsed again.
 */
import type { Socket } from 'node:net';
import { fail, HubError, isHubError, messageOf } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import { encodeFrame, type Frame, FrameReader, frameTypes } from '../protocol/frames.js';
import { hostVersionMismatch } from '../protocol/host-methods.js';
import {
  decodeMessage,
  encodeMessage,
  errorFromWire,
  hubMessages,
  type MessageOf,
} from '../protocol/messages.js';
import { eventSubject, type FrameSubject, outputSubject, peek } from './frame-subject.js';
import type { HostAccess } from './host-access.js';
import { hostUnreachable } from './host-process.js';

/** What may wait in one socket before the other side is no longer read. */
export const BUFFERED_BYTES = 256 * 1024;
/** The host takes no larger frames, type byte included. */
export const MAX_RELAYED_BYTES = 1024 * 1024;
const GREETING_MS = 5_000;
/** How often a host may close a new connection before it counts as unreachable: one that ends is still connected to. */
const MAX_CONNECTIONS_CLOSED = 3;
/** How long what a client sent last may take to reach the host. */
const LINGER_MS = 500;

/** The client's side of it. */
export interface RelayClient {
  /** A frame of the host for the client. */
  forward(frame: Uint8Array, subject: FrameSubject): void;
  /** The answer to an open request; another one is not forwarded. `ok`: it is not a failure. */
  forwardAnswer(id: number, frame: Uint8Array, ok: boolean): void;
  answer(id: number, outcome: { readonly value: MessageOf<'response'>['value'] } | HubError): void;
  notify(name: string, data: MessageOf<'event'>['data']): void;
  /** Bytes that wait for the client. */
  readonly queuedBytes: number;
  /** Stops and starts the reading of what the client sends. */
  holdBack(held: boolean): void;
}

interface Asked {
  readonly id: number;
  readonly payload: Uint8Array;
  /** A list without the ended ones: empty where no host runs. */
  readonly isPlainList: boolean;
}

type Link =
  | { readonly state: 'closed' }
  /** `asked` waits for the host's greeting; the client is held back. */
  | { readonly state: 'opening'; readonly asked: Asked[] }
  | { readonly state: 'open'; readonly socket: Socket };

export class HostRelay {
  readonly #access: HostAccess;
  readonly #client: RelayClient;
  #link: Link = { state: 'closed' };
  /** Requests that the host has not answered. */
  readonly #open = new Set<number>();
  /** The client is gone. */
  #over = false;

  constructor(access: HostAccess, client: RelayClient) {
    this.#access = access;
    this.#client = client;
  }

  /** A session request; `payload` is its frame's. */
  request({ id, method, params }: MessageOf<'request'>, payload: Uint8Array): void {
    if (payload.length >= MAX_RELAYED_BYTES) {
      this.#client.answer(
        id,
        fail('protocol.frame_too_large', `A session request may have ${MAX_RELAYED_BYTES} bytes.`),
      );
      return;
    }
    this.#open.add(id);
    const link = this.#link;
    if (link.state === 'open') {
      this.#write(link.socket, frameTypes.message, payload);
      return;
    }
    const asked: Asked = { id, payload, isPlainList: method === 'session.list' && !asksForEnded(params) };
    if (link.state === 'opening') {
      link.asked.push(asked);
      return;
    }
    this.#link = { state: 'opening', asked: [asked] };
    this.#client.holdBack(true);
    void this.#connect(this.#link.asked);
  }

  /** Input or credit. Without a connection there is no attach that it could be for. */
  terminal(type: number, payload: Uint8Array): void {
    if (payload.length >= MAX_RELAYED_BYTES)
      throw fail('protocol.frame_too_large', `An input frame may have ${MAX_RELAYED_BYTES} bytes.`);
    if (this.#link.state === 'open') this.#write(this.#link.socket, type, payload);
  }

  /** What waits for the client has become less. */
  clientWritable(): void {
    if (this.#link.state === 'open') this.#link.socket.resume();
  }

  /** The client is gone: what it sent still reaches the host, nothing comes back. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#link.state !== 'open') return;
    const { socket } = this.#link;
    socket.end();
    // What the host still says is read off, so that it learns of the end at once.
    socket.resume();
    const late = this.#access.clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', () => late.dispose());
  }

  async #connect(asked: readonly Asked[]): Promise<void> {
    let socket: Socket | undefined;
    try {
      socket = await this.#greeted(asked);
    } catch (thrown) {
      this.#fail(isHubError(thrown) ? thrown : internal(thrown));
      return;
    }
    if (this.#over) socket?.destroy();
    else if (socket === undefined) this.#answerWithoutHost(asked);
    else this.#begin(socket, asked);
  }

  /** A connection to a host that has greeted; undefined if there is no host. Errors: as of `#greet`, host.start_failed. */
  async #greeted(asked: readonly Asked[]): Promise<Socket | undefined> {
    for (let closed = 0; closed < MAX_CONNECTIONS_CLOSED; closed++) {
      let socket = await this.#access.connect();
      if (socket === undefined && !asked.every(({ isPlainList }) => isPlainList))
        socket = await this.#access.startForPast();
      if (socket === undefined) return undefined;
      try {
        if (await this.#greet(socket)) return socket;
      } catch (thrown) {
        socket.destroy();
        throw thrown;
      }
    }
    throw hostUnreachable('It closed the connection');
  }

  /**
   * True when the host has greeted and may be asked; false if it closed the connection.
   * Errors: host.unreachable, host.version_mismatch, the host's own.
   */
  async #greet(socket: Socket): Promise<boolean> {
    const hello = await this.#access.hello('hub-client');
    // It was said while nobody listened, and is not said again.
    if (socket.destroyed) return false;
    socket.write(encodeMessage({ type: 'hello', ...hello }));
    const reader = new FrameReader();
    let late: Disposable | undefined;
    return await new Promise<boolean>((resolve, reject) => {
      late = this.#access.clock.after(GREETING_MS, () => reject(hostUnreachable('It does not greet')));
      socket.once('close', () => resolve(false));
      socket.on('data', (chunk) => {
        try {
          reader.push(chunk, ({ type, payload }) => {
            const message = type === frameTypes.message ? decodeMessage(payload, hubMessages) : undefined;
            if (message?.type === 'error') throw errorFromWire(message);
            if (message?.type !== 'hello')
              throw fail('host.unreachable', 'The session host did not begin with a hello.');
            const problem = hostVersionMismatch(message, hello);
            if (problem !== undefined) throw problem;
            resolve(true);
          });
        } catch (thrown) {
          reject(thrown);
        }
      });
    }).finally(() => {
      late?.dispose();
      socket.removeAllListeners('data');
      socket.removeAllListeners('close');
    });
  }

  #begin(socket: Socket, asked: readonly Asked[]): void {
    const reader = new FrameReader();
    let why: HubError | undefined;
    this.#link = { state: 'open', socket };
    socket.on('data', (chunk) => {
      if (this.#over) return;
      try {
        reader.push(chunk, (frame) => {
          why = this.#receive(frame) ?? why;
        });
      } catch (thrown) {
        if (!(thrown instanceof HubError)) throw thrown;
        why = thrown;
        socket.destroy();
      }
      if (this.#client.queuedBytes > BUFFERED_BYTES) socket.pause();
    });
    socket.on('drain', () => {
      if (!this.#over) this.#client.holdBack(false);
    });
    socket.on('close', () => this.#lost(why));
    for (const { payload } of asked) this.#write(socket, frameTypes.message, payload);
    if (socket.writableLength <= BUFFERED_BYTES) this.#client.holdBack(false);
  }

  #write(socket: Socket, type: number, payload: Uint8Array): void {
    socket.write(encodeFrame(type, payload));
    if (socket.writableLength > BUFFERED_BYTES) this.#client.holdBack(true);
  }

  /** The reason that the host gives for closing, if this is it. */
  #receive({ type, payload }: Frame): HubError | undefined {
    if (type !== frameTypes.message) {
      this.#client.forward(encodeFrame(type, payload), outputSubject(type, payload));
      return undefined;
    }
    const message = peek(payload);
    if (message.type === 'response') {
      const id = message.id ?? -1;
      this.#open.delete(id);
      this.#client.forwardAnswer(id, encodeFrame(type, payload), message.ok ?? true);
    } else if (message.type === 'event') {
      this.#client.forward(encodeFrame(type, payload), eventSubject(payload));
    } else if (message.type === 'error') {
      return errorFromWire(decodeMessage(payload, ['error']));
    }
    return undefined;
  }

  /** The host's end is gone. */
  #lost(why: HubError | undefined): void {
    if (this.#over) return;
    const because = why === undefined ? '' : ` ${why.message}`;
    const error = fail(
      'host.lost',
      `The connection to the session host broke.${because} It may be back at once: try again.`,
    );
    this.#fail(error);
    this.#client.notify('host.lost', { code: error.code, message: error.message });
  }

  #answerWithoutHost(asked: readonly Asked[]): void {
    this.#link = { state: 'closed' };
    for (const { id, isPlainList } of asked) {
      this.#open.delete(id);
      this.#client.answer(id, isPlainList ? { value: { sessions: [] } } : notRunning());
    }
    this.#client.holdBack(false);
  }

  /** Answers every open request with `error`; the next one tries again. */
  #fail(error: HubError): void {
    this.#link = { state: 'closed' };
    if (this.#over) return;
    for (const id of this.#open) this.#client.answer(id, error);
    this.#open.clear();
    this.#client.holdBack(false);
  }
}

function asksForEnded(params: unknown): boolean {
  return typeof params === 'object' && params !== null && 'ended' in params && params.ended !== false;
}

function internal(thrown: unknown): HubError<'hub.internal'> {
  // What a worker prints goes into the hub's log.
  process.stderr.write(`the way to the session host failed: ${String((thrown as Error).stack)}\n`);
  return fail('hub.internal', `The hub failed: ${messageOf(thrown)}. Its log says more: botster logs.`);
}

function notRunning(): HubError<'host.not_running'> {
  return fail(
    'host.not_running',
    'No session runs, and none is recorded. Start one with "botster agent new".',
  );
}
