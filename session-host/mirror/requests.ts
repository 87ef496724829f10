/**
 * Snapshots and texts that were asked of mirrors and have not come yet. Each is settled once: by its answer, or when
 * its mirror fails or is closed. One whose mirror is being rebuilt is asked again when the screen is the session's.
 * A text has all that had been written when it was asked for; a snapshot says how far it is.
 */
import { fail } from '../../base/errors.js';
import type { HostMirror } from './host-mirror.js';
import type { ToMirrors } from './mirror.calls.js';
import type { ScreenText, Snapshot } from './mirror-types.js';

interface Pending {
  readonly mirror: HostMirror;
  readonly kind: 'snapshot' | 'screen';
  readonly scrollback: number;
  /** It is asked for when so much has been parsed. */
  readonly from: number;
  isSent: boolean;
  readonly resolve: (answer: Snapshot & ScreenText) => void;
  readonly reject: (error: Error) => void;
}

export class Requests {
  readonly #post: (message: ToMirrors) => void;
  readonly #pending = new Map<number, Pending>();
  #nextRequest = 1;

  constructor(post: (message: ToMirrors) => void) {
    this.#post = post;
  }

  /** Rejects with mirror.failed or mirror.closed. */
  ask<T extends Snapshot | ScreenText>(
    kind: 'snapshot' | 'screen',
    mirror: HostMirror,
    scrollback: number,
  ): Promise<T> {
    if (mirror.state === 'failed') return Promise.reject(failed(mirror));
    if (mirror.state === 'closed') return Promise.reject(closed(mirror));
    return new Promise<Snapshot & ScreenText>((resolve, reject) => {
      const request = this.#nextRequest++;
      const from = kind === 'screen' ? mirror.written : 0;
      const pending = { mirror, kind, scrollback, from, isSent: false, resolve, reject };
      this.#pending.set(request, pending);
      if (mirror.parsedTo < from) mirror.flush();
      this.#sendIfDue(request, pending);
    }) as unknown as Promise<T>;
  }

  /** The mirror has been opened again: what it was asked before is gone. */
  askAgain(mirror: HostMirror): void {
    for (const [request, pending] of this.#pending) {
      if (pending.mirror !== mirror) continue;
      pending.isSent = false;
      this.#sendIfDue(request, pending);
    }
  }

  /** The mirror has parsed more. */
  gotFurther(mirror: HostMirror): void {
    for (const [request, pending] of this.#pending) {
      if (pending.mirror === mirror && !pending.isSent) this.#sendIfDue(request, pending);
    }
  }

  answer(request: number, answer: Snapshot | ScreenText): void {
    this.#take(request)?.resolve(answer as Snapshot & ScreenText);
  }

  /** Returns whose request it was. */
  refuse(request: number): HostMirror | undefined {
    const pending = this.#take(request);
    if (pending === undefined) return undefined;
    const message = `the screen of session ${pending.mirror.name} could not be written down`;
    pending.reject(fail('mirror.failed', message));
    return pending.mirror;
  }

  /** The mirror has failed, or was closed. */
  rejectAll(mirror: HostMirror): void {
    for (const [request, pending] of [...this.#pending]) {
      if (pending.mirror !== mirror) continue;
      this.#pending.delete(request);
      pending.reject(mirror.state === 'failed' ? failed(mirror) : closed(mirror));
    }
  }

  #take(request: number): Pending | undefined {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    return pending;
  }

  #sendIfDue(request: number, pending: Pending): void {
    const { kind, mirror, scrollback, from } = pending;
    if (!mirror.ready || mirror.parsedTo < from) return;
    pending.isSent = true;
    this.#post({ kind, id: mirror.id, request, scrollback });
  }
}

function failed({ name }: HostMirror): Error {
  const message = `the screen of session ${name} is lost: its output made the emulator fail twice`;
  return fail('mirror.failed', message);
}

function closed({ name }: HostMirror): Error {
  return fail('mirror.closed', `the screen of session ${name} was closed`);
}
