/**
 * The output of a session from an offset on: every byte once, in order, to its end.
 *
 * An attach would skip what a slow reader missed and send a screen instead; here the missing bytes are fetched from
 * the history, so nothing is skipped but what the history no longer has. Memory is bounded by the credit.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { fail } from '../../../base/errors.js';
import type { SessionExit } from '../../../protocol/session.js';
import type { TerminalFrame } from '../../../protocol/terminal-frames.js';
import type { HubClient, HubConnection, Listeners } from '../connect.js';

const ATTACH = 1;
const WINDOW_BYTES = 512 * 1024;
/** Consumed bytes are given back in lots, not for each frame. */
const CREDIT_LOT_BYTES = 64 * 1024;
/** A pause per lot where nobody reads the bytes, so that a flood costs little: the host skips to its end. */
const UNHURRIED_MS = 50;

export interface StreamOptions {
  /** First byte wanted; `oldest` for all that is kept, `now` for what is to come. */
  readonly since: number | 'oldest' | 'now';
  /** Waited for. `offset` is of the first of the bytes. Without it only the end counts, and the bytes are not hurried for. */
  readonly onBytes?: (bytes: Uint8Array, offset: number) => void | Promise<void>;
  /** Bytes that are not kept any more. */
  readonly onHole?: (from: number, to: number) => void;
}

type Item =
  | { readonly type: 'frame'; readonly offset: number; readonly bytes: Uint8Array; readonly output: boolean }
  | { readonly type: 'ended'; readonly exit: SessionExit | undefined }
  | { readonly type: 'lost' };

export class SessionStream {
  /** For the connection that `run` gets. */
  readonly listeners: Listeners = {
    onTerminal: (frame) => this.#takeFrame(frame),
    onEvent: ({ name, data }) => {
      if (name === 'host.lost') this.#put({ type: 'lost' });
      if (name !== 'attach.ended') return;
      this.#put({ type: 'ended', exit: (data as { exit?: SessionExit }).exit });
    },
  };
  readonly #options: StreamOptions;
  readonly #items: Item[] = [];
  #wake: () => void = () => undefined;
  /** Offset of the next byte to deliver; undefined until it is known. */
  #position: number | undefined;
  #owedBytes = 0;
  /** Resolves when all bytes from then on will be delivered. */
  readonly begun: Promise<void>;
  #begin: () => void = () => undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#position = typeof options.since === 'number' ? options.since : undefined;
  }

  /** Bytes up to here have been delivered. */
  get position(): number | undefined {
    return this.#position;
  }

  /** Resolves at the end of the session, when all was delivered. Errors: those of session.attach, hub.connection_lost. */
  async run({ client, closed }: HubConnection, id: string): Promise<SessionExit | undefined> {
    const { session } = await client.request('session.get', { id });
    if (this.#options.since === 'oldest') this.#position = session.history_offset;
    void closed.then(() => this.#put({ type: 'lost' }));
    await client.request('session.attach', {
      id: session.uuid,
      attach: ATTACH,
      credit: WINDOW_BYTES,
      view_only: true,
      ...(this.#position === undefined ? {} : { offset: this.#position }),
    });
    for (;;) {
      const item = await this.#next();
      this.#begin();
      if (item.type === 'ended') return item.exit;
      if (item.type === 'lost')
        throw fail('hub.connection_lost', 'The connection to the session was lost. It goes on.');
      await this.#handleFrame(client, session.uuid, item);
    }
  }

  async #handleFrame(
    client: HubClient,
    uuid: string,
    { offset, bytes, output }: Extract<Item, { type: 'frame' }>,
  ): Promise<void> {
    this.#owedBytes += bytes.length;
    if (this.#options.onBytes !== undefined) {
      this.#position ??= offset;
      await this.#fillUpTo(client, uuid, offset);
      if (output) await this.#deliver(bytes.subarray(Math.max(0, this.#position - offset)));
    } else if (this.#owedBytes >= CREDIT_LOT_BYTES) await wait(UNHURRIED_MS);
    if (this.#owedBytes < CREDIT_LOT_BYTES) return;
    client.sendTerminal({ type: 'credit', attach: ATTACH, bytes_count: this.#owedBytes });
    this.#owedBytes = 0;
  }

  async #fillUpTo(client: HubClient, uuid: string, end: number): Promise<void> {
    for (let at = this.#position ?? end; at < end; at = this.#position ?? end) {
      const { offset, data_base64 } = await client.request('session.history', { id: uuid, since: at });
      const bytes = Buffer.from(data_base64, 'base64');
      const begin = bytes.length === 0 ? end : Math.min(offset, end);
      if (begin > at) {
        this.#options.onHole?.(at, begin);
        this.#position = begin;
      }
      if (begin < end) await this.#deliver(bytes.subarray(0, end - begin));
    }
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    const offset = this.#position ?? 0;
    await this.#options.onBytes?.(bytes, offset);
    this.#position = offset + bytes.length;
  }

  #takeFrame(frame: TerminalFrame): void {
    if (frame.type !== 'output' && frame.type !== 'snapshot') return;
    const { type, offset, bytes } = frame;
    this.#put({ type: 'frame', offset, bytes: Buffer.from(bytes), output: type === 'output' });
  }

  #put(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  async #next(): Promise<Item> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) return item;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
