/**
 * The session host's facts as events of the hub.
 *
 * What comes is checked against protocol/host-events.ts: a fact that this build does not know is left out, a malformed
 * one too, with a line in the log. While the hub takes no events the host is not read; what had been read by then waits
 * here, in order, so it is no more than one piece off the socket.
 */
import { mismatch } from '../../base/check.js';
import type { HubError } from '../../base/errors.js';
import { t } from '../../base/schema.js';
import { type HostEventName, hostEvents } from '../../protocol/host-events.js';
import type { MessageOf } from '../../protocol/messages.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { HostReceiver } from './host-link.js';
import type { Answered, PtyEvent } from './pty.calls.js';

export interface FactOutletOptions {
  /** False: not taken, offer it again when `drained` resolves. */
  readonly emit: (event: PtyEvent) => boolean;
  readonly drained: () => Promise<void>;
  /** Stops and starts the reading of what makes events. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Writes a line into the log. */
  readonly complain: (message: string) => void;
}

/** Facts of which only the newest counts say over which connection they came. */
const outdated: ReadonlySet<HostEventName> = new Set([
  'session.resized',
  'session.title',
  'session.cwd',
  'session.modes',
  'session.activity',
]);

export class FactOutlet implements HostReceiver {
  readonly #options: FactOutletOptions;
  readonly #waiting: PtyEvent[] = [];
  #closed = false;
  /** Numbers that are never those of an earlier life of the worker. */
  #answers = Date.now();
  #connection = Date.now();

  constructor(options: FactOutletOptions) {
    this.#options = options;
  }

  /** To be called when the host has answered, before anything it says later is read. */
  answered<V>(value: V): Answered<V> {
    const answer = ++this.#answers;
    this.#emit({ type: 'pty.answered', answer });
    return { value, answer };
  }

  adopted(
    host: { readonly pid: number; readonly version: string },
    sessions: readonly SessionRecord[],
  ): void {
    this.#connection++;
    this.#emit({ type: 'pty.adopted', connection: this.#connection, host, sessions: [...sessions] });
  }

  fact({ name, data }: MessageOf<'event'>): void {
    if (!name.startsWith('session.') || !Object.hasOwn(hostEvents, name)) return;
    const known = name as HostEventName;
    const problem = mismatch(t.object(hostEvents[known]), data, name);
    if (problem !== undefined) {
      this.#options.complain(`the session host sent a malformed fact: ${problem}`);
      return;
    }
    const fields = data as object;
    const type = `pty.${name.slice('session.'.length)}`;
    // The definition's events are made of the same table, so the shape is the one that was just checked.
    const event = outdated.has(known)
      ? { type, connection: this.#connection, ...fields }
      : { type, ...fields };
    this.#emit(event as unknown as PtyEvent);
  }

  disconnected(): void {
    this.#emit({ type: 'pty.disconnected', connection: this.#connection });
  }

  gone(pid: number): void {
    this.#emit({ type: 'pty.host_gone', pid });
  }

  unusable({ code, message }: HubError): void {
    this.#emit({ type: 'pty.unusable', code, message });
  }

  /** The hub takes no more. */
  close(): void {
    this.#closed = true;
  }

  #emit(event: PtyEvent): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && this.#options.emit(event)) return;
    this.#waiting.push(event);
    if (this.#waiting.length > 1) return;
    this.#options.pause();
    void this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#options.drained();
      if (this.#closed) return;
      while (this.#waiting[0] !== undefined && this.#options.emit(this.#waiting[0])) this.#waiting.shift();
    }
    this.#options.resume();
  }
}
