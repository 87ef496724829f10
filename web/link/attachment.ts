/**
 * One session shown in one terminal, over all connections: attach, resume by offset, credit, input, sizes.
 *
 * Keeps true: the sink gets each byte of the stream once and in order from its last snapshot on. Whatever does not fit on
 * what came before (a gap, a repetition) is not shown: a snapshot is asked for instead. Hidden or closed, it is attached to
 * nothing, so that nothing is sent for it.
 */
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import { type HubError, isHubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { TerminalFrame } from '../../protocol/terminal-frames.js';
import { CreditWindow } from './credit-window.js';
import { readHistory } from './history.js';
import type { AttachFact } from './host-facts.js';
import type { HubWire } from './hub-wire.js';
import type { AttachOptions, TerminalAttach, TerminalSink } from './types.js';

/** More than this behind, the screen is nearer than the bytes. */
export const CATCH_UP_BYTES = 256 * 1024;
const INPUT_PIECE_BYTES = 8 * 1024;
/** Typed while the attach is asked for. */
const MAX_TYPED_BYTES = 64 * 1024;
const RETRY_MS = 1_000;

/** What an attachment needs of its hub. */
export interface AttachmentHost {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly wire: HubWire | undefined;
  readonly viewOnly: boolean;
  /** Whether anybody can see the page. */
  readonly visible: boolean;
  /** A number for an attach of this connection; frames and facts with it come to `attachment`. */
  claim(attachment: Attachment): number;
  release(id: number): void;
  /** It was closed. */
  forget(attachment: Attachment): void;
}

type Link =
  | { readonly state: 'none' }
  | { readonly state: 'asking'; readonly id: number; readonly typed: Uint8Array[]; typedBytes: number }
  | { readonly state: 'open'; readonly id: number };

type View = Parameters<TerminalAttach['view']>[0];

const encoder = new TextEncoder();

export class Attachment implements TerminalAttach {
  readonly #host: AttachmentHost;
  readonly #uuid: string;
  readonly #sink: TerminalSink;
  readonly #window = new CreditWindow((bytes) => this.#grant(bytes));
  #size: { readonly rows: number; readonly cols: number } | undefined;
  /** How the window changed while nobody could be told. */
  #untold: View | undefined;
  #link: Link = { state: 'none' };
  /** The next byte that is needed; undefined until there was a snapshot. */
  #next: number | undefined;
  /** Where the last snapshot stands: what is shown begins there. */
  #begins: number | undefined;
  /** What is to be reached before the screen is true. */
  #target: number | undefined;
  #live = false;
  #shown = true;
  #over = false;
  #retry: Disposable | undefined;
  #retriedMs = Number.NEGATIVE_INFINITY;

  constructor(host: AttachmentHost, sessionUuid: string, sink: TerminalSink, options: AttachOptions) {
    this.#host = host;
    this.#uuid = sessionUuid;
    this.#sink = sink;
    this.#size = options.size;
    sink.status('waiting');
    this.#begin();
  }

  type(text: string): void {
    const link = this.#link;
    const { viewOnly, wire } = this.#host;
    const bytes = encoder.encode(text);
    if (this.#over) this.#sink.refused('The session has ended.');
    else if (viewOnly) this.#sink.refused('This device may only look on.');
    else if (link.state === 'none' || wire === undefined)
      this.#sink.refused('The hub is not connected; what you typed was not sent.');
    else if (wire.full) this.#sink.refused('The connection is too slow for so much input.');
    else if (link.state === 'open') this.#send(wire, link.id, bytes);
    else if (link.typedBytes + bytes.length > MAX_TYPED_BYTES)
      this.#sink.refused('The session is not attached yet; what you typed was not sent.');
    else {
      link.typed.push(bytes);
      link.typedBytes += bytes.length;
    }
  }

  view(change: View): void {
    const { rows = this.#size?.rows, cols = this.#size?.cols } = change;
    if (rows !== undefined && cols !== undefined) this.#size = { rows, cols };
    if (this.#link.state === 'open') this.#tellView(this.#link.id, change);
    else this.#untold = { ...this.#untold, ...change };
  }

  hide(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.suspend();
  }

  show(): void {
    if (this.#shown || this.#over) return;
    this.#shown = true;
    this.#begin();
  }

  async history(before?: number): Promise<{ readonly offset: number; readonly bytes: Uint8Array }> {
    return await readHistory(this.#host.wire, this.#uuid, before ?? this.#begins);
  }

  close(): void {
    this.#over = true;
    this.#leave();
    this.#host.forget(this);
  }

  /** Nobody sees it for now. */
  suspend(): void {
    this.#leave();
    this.#setLive(false);
  }

  /** The hub can be asked, or the page is seen again. */
  online(): void {
    this.#begin();
  }

  /** The connection is gone, or the host behind it, and the attach with it. */
  lost(): void {
    this.#drop();
    this.#setLive(false);
  }

  /** Tries again in a moment. */
  again(): void {
    this.lost();
    this.#later();
  }

  frame(frame: TerminalFrame): void {
    if (frame.type === 'snapshot') {
      const { offset, rows, cols, bytes } = frame;
      this.#next = offset;
      this.#begins = offset;
      this.#window.tookAtOnce(bytes.length);
      this.#sink.snapshot({ rows, cols, bytes });
      // The screen of a moment ago: as true as it gets without waiting.
      this.#target = offset;
      this.#checkLive();
    } else if (frame.type === 'output') {
      if (frame.offset !== this.#next) return this.#gap();
      this.#next += frame.bytes.length;
      this.#sink.output(frame.bytes, this.#window.took(frame.bytes.length));
      this.#checkLive();
    }
  }

  fact(fact: AttachFact): void {
    switch (fact.name) {
      case 'attach.resized':
        return this.#sink.resized(fact.data.rows, fact.data.cols);
      case 'attach.input_refused':
        return this.#sink.refused(fact.data.reason);
      case 'attach.ended':
        this.#setLive(true);
        return this.#end(fact.data.reason);
    }
  }

  #begin(): void {
    const { wire, viewOnly, visible } = this.#host;
    if (wire === undefined || !visible || !this.#shown || this.#over || this.#link.state !== 'none') return;
    this.#cancelRetry();
    const id = this.#host.claim(this);
    const offset = this.#next;
    this.#target = undefined;
    this.#link = { state: 'asking', id, typed: [], typedBytes: 0 };
    const asked = wire.request('session.attach', {
      id: this.#uuid,
      attach: id,
      credit: this.#window.open(),
      ...(offset === undefined ? {} : { offset }),
      ...(viewOnly ? {} : this.#size),
    });
    asked.then(
      ({ session }) => this.#attached(id, session, offset),
      (thrown: unknown) => this.#refused(id, thrown),
    );
  }

  /** Output may have come before, on its own channel. */
  #attached(id: number, session: SessionRecord, asked: number | undefined): void {
    const link = this.#link;
    if (link.state !== 'asking' || link.id !== id) return;
    this.#link = { state: 'open', id };
    const behind = asked === this.#next && asked !== undefined ? session.offset - asked : 0;
    if (behind > CATCH_UP_BYTES) return this.#anew();
    this.#target ??= session.offset;
    const { wire } = this.#host;
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold !== undefined) this.#tellView(id, untold);
    if (wire !== undefined) for (const bytes of link.typed) this.#send(wire, id, bytes);
    this.#checkLive();
  }

  #refused(id: number, thrown: unknown): void {
    const link = this.#link;
    if (link.state !== 'asking' || link.id !== id) return;
    const error: HubError | undefined = isHubError(thrown) ? thrown : undefined;
    if (link.typed.length > 0)
      this.#sink.refused('The session is not attached; what you typed was not sent.');
    this.#drop();
    if (error?.code === 'session.not_found') return this.#end('removed');
    this.#host.counters.add('link.attach_failed');
    this.#later();
  }

  /** Something is missing or came twice: a snapshot is true in any case. */
  #gap(): void {
    this.#host.counters.add('link.attach_gap');
    this.#anew();
  }

  #anew(): void {
    this.#next = undefined;
    this.#leave();
    this.#setLive(false);
    const { clock } = this.#host;
    // A hub that gets it wrong every time is not asked all the time.
    if (clock.nowMs() - this.#retriedMs < RETRY_MS) return this.#later();
    this.#retriedMs = clock.nowMs();
    this.#begin();
  }

  #later(): void {
    this.#cancelRetry();
    if (this.#over || !this.#shown) return;
    this.#retry = this.#host.clock.after(RETRY_MS, () => this.#begin());
  }

  #end(reason: 'exited' | 'removed'): void {
    this.#over = true;
    this.#drop();
    this.#sink.ended(reason);
  }

  /** The host stops sending. */
  #leave(): void {
    const link = this.#link;
    const { wire } = this.#host;
    this.#drop();
    // It may be over there already, and nothing hangs on the answer.
    if (link.state !== 'none') wire?.request('session.detach', { attach: link.id }).catch(() => undefined);
  }

  #drop(): void {
    this.#cancelRetry();
    if (this.#link.state !== 'none') this.#host.release(this.#link.id);
    this.#link = { state: 'none' };
  }

  #cancelRetry(): void {
    this.#retry?.dispose();
    this.#retry = undefined;
  }

  #grant(bytes: number): void {
    if (this.#link.state !== 'none') this.#host.wire?.sendCredit(this.#link.id, bytes);
  }

  #send(wire: HubWire, id: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += INPUT_PIECE_BYTES)
      wire.sendInput(id, bytes.subarray(at, at + INPUT_PIECE_BYTES));
  }

  #tellView(id: number, change: View): void {
    if (this.#host.viewOnly) return;
    const told = this.#host.wire?.request('session.view', { attach: id, ...change });
    told?.catch(() => this.#host.counters.add('link.view_failed'));
  }

  #checkLive(): void {
    if (this.#target !== undefined && this.#next !== undefined && this.#next >= this.#target)
      this.#setLive(true);
  }

  #setLive(live: boolean): void {
    // What an ended session shows stays true.
    if (live === this.#live || this.#over) return;
    this.#live = live;
    this.#sink.status(live ? 'live' : 'waiting');
  }
}
