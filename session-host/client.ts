/**
 * What one connection has open with the host: its attaches, by the numbers that the client chose.
 */
import { fail, type HubError } from '../base/errors.js';
import type { HostEvent } from '../protocol/host-events.js';
import type { TerminalFrame } from '../protocol/terminal-frames.js';
import type { Connection } from './connection.js';
import type { HostLimits } from './limits.js';
import type { View, ViewSink } from './view.js';

export interface ClientOptions {
  readonly connection: Connection;
  readonly limits: HostLimits;
  /** A bug of ours, contained. */
  readonly onBug: (thrown: unknown) => HubError;
  /** Its attaches became more or fewer by this. */
  readonly onAttaches: (by: 1 | -1) => void;
}

export class HostClient implements ViewSink {
  readonly connection: Connection;
  readonly #options: ClientOptions;
  readonly #views = new Map<number, View>();

  constructor(options: ClientOptions) {
    this.connection = options.connection;
    this.#options = options;
  }

  /** Errors: session.not_attached. */
  view(attach: number): View | HubError<'session.not_attached'> {
    return this.#views.get(attach) ?? notAttached(attach);
  }

  /** Why it may not have one more, under that number. Errors: session.attach_in_use, host.too_many_attaches. */
  refusesAttach(attach: number, attachesOfAll: number): HubError | undefined {
    const { maxAttachments, maxAttachmentsPerConnection } = this.#options.limits;
    if (this.#views.has(attach))
      return fail(
        'session.attach_in_use',
        `This connection has an attach with the number ${attach} already.`,
      );
    if (this.#views.size >= maxAttachmentsPerConnection)
      return fail(
        'host.too_many_attaches',
        `This connection has ${maxAttachmentsPerConnection} attaches, which is the limit. Detach some.`,
      );
    if (attachesOfAll < maxAttachments) return undefined;
    return fail(
      'host.too_many_attaches',
      `The session host has ${maxAttachments} attaches, which is its limit. Close some clients.`,
    );
  }

  add(attach: number, view: View): void {
    this.#views.set(attach, view);
    this.#options.onAttaches(1);
  }

  /** Ends an attach that the client does not want any more. Errors: session.not_attached. */
  detach(attach: number): HubError<'session.not_attached'> | undefined {
    const view = this.#views.get(attach);
    if (view === undefined) return notAttached(attach);
    this.ended(attach);
    view.detach();
    return undefined;
  }

  /** Input or credit. For an attach that is over: the client may not know yet. */
  terminal(frame: TerminalFrame): void {
    const view = this.#views.get(frame.attach);
    if (view === undefined) return;
    if (frame.type === 'input') view.input(frame.bytes);
    else if (frame.type === 'credit') view.grant(frame.bytes_count);
  }

  /** The connection has room again. */
  pump(): void {
    for (const view of [...this.#views.values()]) view.pump();
  }

  /** The connection is gone. */
  close(): void {
    for (const attach of [...this.#views.keys()]) this.detach(attach);
  }

  get writable(): boolean {
    return this.connection.writable;
  }

  send(frame: Uint8Array): void {
    this.connection.send(frame);
  }

  event(event: HostEvent): void {
    this.connection.event(event);
  }

  ended(attach: number): void {
    if (this.#views.delete(attach)) this.#options.onAttaches(-1);
  }

  broken(thrown: unknown): void {
    this.connection.close(this.#options.onBug(thrown));
  }
}

function notAttached(attach: number): HubError<'session.not_attached'> {
  return fail('session.not_attached', `This connection has no attach with the number ${attach}.`);
}
