/**
 * The attach of a session over hubs that come and go: connects, attaches, connects again, until it is closed.
 *
 * A hub that dies takes nothing with it: the session's host keeps the bytes, and a new attach goes on at the offset
 * where the last one ended. Each attach has a number of its own, so that what an older one still sends is told apart.
 */

import type { Clock } from '../../../base/clock.js';
import { HubError, isHubError } from '../../../base/errors.js';
import type { Disposable } from '../../../base/scope.js';
import type { HubIdentity } from '../../../primitives/context.js';
import type { SessionExit, SessionRecord, SizePolicy } from '../../../protocol/session.js';
import type { TerminalFrame } from '../../../protocol/terminal-frames.js';
import { connectToHub, type HubConnection } from '../connect.js';
import type { Screen, ScreenText } from './attach-view.js';
import type { Size } from './outer-terminal.js';

/** Bytes that may be on their way to the terminal. */
export const WINDOW_BYTES = 256 * 1024;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;
/** Pieces of input, of up to 64 KiB each. */
const MAX_TYPED_EARLY = 64;
/** How long a hub may be away before nobody waits for it any more. */
const MAX_AWAY_MS = 30 * 60_000;
/** A hub that has just started may still be looking for its session host. */
const HOST_AWAY_MS = 10_000;

/** Trouble that another try may not have. */
const PASSING = [
  'hub.not_running',
  'hub.unresponsive',
  'hub.unreachable',
  'hub.connection_lost',
  'protocol.frame_truncated',
];

export interface LinkHandlers {
  /** Of the current attach. The frame's bytes are the receiver's. */
  readonly onFrame: (frame: TerminalFrame) => void;
  readonly onResized: (size: Size) => void;
  readonly onInputRefused: (reason: string) => void;
  readonly onEnded: (reason: string, exit: SessionExit | undefined) => void;
  readonly onAway: () => void;
  /** Attached again. */
  readonly onBack: () => void;
  /** It is over: nothing will come. */
  readonly onFailed: (error: HubError) => void;
}

export interface LinkOptions {
  readonly identity: HubIdentity;
  readonly uuid: string;
  readonly viewOnly: boolean;
  readonly clock: Clock;
  /** The offset to go on from. */
  readonly position: () => number | undefined;
  readonly size: () => Size;
  /** Whether the session has another client's size. Coming back does not take that over; typing does. */
  readonly isClipped: () => boolean;
  readonly handlers: LinkHandlers;
}

export class AttachLink {
  readonly #options: LinkOptions;
  #connection: HubConnection | undefined;
  #attach = 0;
  #owedBytes = 0;
  #closed = false;
  #retry: Disposable | undefined;
  #awaySinceMs = 0;
  #retryMs = FIRST_RETRY_MS;
  /** Whether the host knows the attach. Keys before that wait. */
  #isAttached = false;
  readonly #typedEarly: Uint8Array[] = [];
  /** Whether the host knows our size. */
  #hasSize = false;
  #sizePolicy: SizePolicy | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Attaches over a new connection. Errors: those of connectToHub and session.attach. */
  async open(): Promise<SessionRecord> {
    const { identity, handlers } = this.#options;
    const connection = await connectToHub(identity, {
      onTerminal: (frame) => {
        if (frame.attach === this.#attach && !this.#closed) handlers.onFrame(ownFrame(frame));
      },
      onEvent: ({ name, data }) => {
        // The hub is there and its way to the session is not: the next connection finds another.
        if (name === 'host.lost') this.#connection?.close();
        else this.#event(name, data as Record<string, unknown>);
      },
    });
    if (this.#closed) {
      connection.close();
      throw new HubError('hub.connection_lost', 'Detached.');
    }
    this.#connection = connection;
    try {
      const session = await this.#attachOver(connection);
      this.#isAttached = true;
      for (const bytes of this.#typedEarly.splice(0)) this.input(bytes);
      void connection.closed.then(() => this.#lost(connection));
      return session;
    } catch (thrown) {
      this.#connection = undefined;
      connection.close();
      throw thrown;
    }
  }

  /** Whether there is a hub; keys before the attach wait for it. */
  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** Begins anew, at the byte where it is: what came makes no sense. */
  restart(): void {
    this.#connection?.close();
  }

  input(bytes: Uint8Array): void {
    if (this.#options.viewOnly || bytes.length === 0 || this.#connection === undefined) return;
    if (!this.#isAttached) {
      if (this.#typedEarly.length < MAX_TYPED_EARLY) this.#typedEarly.push(bytes);
      return;
    }
    if (!this.#hasSize) this.#tellSize(true);
    this.#connection.client.sendTerminal({ type: 'input', attach: this.#attach, bytes });
  }

  /** The terminal has another size. */
  resized(): void {
    const clipped = this.#options.isClipped();
    if (this.#hasSize || !clipped) this.#tellSize(!clipped);
  }

  #tellSize(focused: boolean): void {
    if (this.#options.viewOnly) return;
    this.#hasSize = true;
    this.#connection?.client
      .request('session.view', { attach: this.#attach, ...this.#options.size(), focused })
      .catch(() => undefined);
  }

  /** These bytes of the stream have been shown. */
  grant(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes < WINDOW_BYTES / 8) return;
    this.#connection?.client.sendTerminal({
      type: 'credit',
      attach: this.#attach,
      bytes_count: this.#owedBytes,
    });
    this.#owedBytes = 0;
  }

  /** Undefined where there is no connection now. */
  async screenText(): Promise<ScreenText | undefined> {
    return await this.#screen(false);
  }

  async screen(): Promise<Screen | undefined> {
    const screen = await this.#screen(true);
    return screen && { ...screen, bytes: Buffer.from(screen.text) };
  }

  async #screen(ansi: boolean): Promise<(ScreenText & { readonly offset: number }) | undefined> {
    return await this.#connection?.client
      .request('session.screen', { id: this.#options.uuid, ansi })
      .catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#retry?.dispose();
    this.#connection?.close();
  }

  async #attachOver(connection: HubConnection): Promise<SessionRecord> {
    const { uuid, viewOnly } = this.#options;
    const offset = this.#options.position();
    const keeps = this.#options.isClipped() && this.#sizePolicy === 'latest';
    const size = viewOnly || keeps ? undefined : this.#options.size();
    this.#hasSize = size !== undefined;
    this.#owedBytes = 0;
    const attach = ++this.#attach;
    const { session } = await connection.client.request('session.attach', {
      id: uuid,
      attach,
      credit: WINDOW_BYTES,
      ...size,
      ...(offset === undefined ? {} : { offset }),
      ...(viewOnly ? { view_only: true } : {}),
    });
    this.#sizePolicy = session.size_policy;
    // It may have taken on another while there was no connection.
    if (offset !== undefined) this.#options.handlers.onResized({ rows: session.rows, cols: session.cols });
    return session;
  }

  #event(name: string, data: Record<string, unknown>): void {
    if (data['attach'] !== this.#attach || this.#closed) return;
    const { handlers } = this.#options;
    if (name === 'attach.resized') handlers.onResized(data as unknown as Size);
    else if (name === 'attach.input_refused') handlers.onInputRefused(String(data['reason']));
    else if (name === 'attach.ended') {
      handlers.onEnded(String(data['reason']), data['exit'] as SessionExit | undefined);
    }
  }

  #lost(connection: HubConnection): void {
    if (this.#closed || this.#connection !== connection) return;
    this.#connection = undefined;
    this.#isAttached = false;
    this.#typedEarly.length = 0;
    this.#awaySinceMs = this.#options.clock.nowMs();
    this.#retryMs = FIRST_RETRY_MS;
    this.#options.handlers.onAway();
    this.#tryAgain();
  }

  #tryAgain(): void {
    this.#retry = this.#options.clock.after(this.#retryMs, () => {
      this.#retryMs = Math.min(this.#retryMs * 1.5, MAX_RETRY_MS);
      this.open().then(
        () => this.#options.handlers.onBack(),
        (error: unknown) => this.#failed(error),
      );
    });
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    const code = isHubError(error) ? error.code : '';
    const awayMs = this.#options.clock.nowMs() - this.#awaySinceMs;
    if (PASSING.includes(code) ? awayMs < MAX_AWAY_MS : code.startsWith('host.') && awayMs < HOST_AWAY_MS) {
      this.#tryAgain();
    } else {
      this.#options.handlers.onFailed(
        isHubError(error) ? error : new HubError('hub.internal', String(error), { cause: error }),
      );
    }
  }
}

/** Frames are views of what was received. */
function ownFrame(frame: TerminalFrame): TerminalFrame {
  return 'bytes' in frame ? { ...frame, bytes: Buffer.from(frame.bytes) } : frame;
}
