/**
 * The screen mirrors of all sessions, as the session host sees them: one thread for all, restarted when it dies.
 *
 * A mirror is rebuilt from what `replay` still has when the thread died or was too far behind. One whose bytes killed
 * the thread twice is marked failed and left alone, so that the others live. A mirror's numbers (`lag`, offsets) are
 * those of its session's bytes all the time.
 */
import type { Clock } from '../../base/clock.js';
import type { Counters } from '../../base/counters.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { Disposable } from '../../base/scope.js';
import { HostMirror } from './host-mirror.js';
import type { FromMirrors, Parsed, Said } from './mirror.calls.js';
import { type MirrorPort, MirrorThread, type MirrorThreadOptions } from './mirror-thread.js';
import type { Mirror, MirrorHandlers } from './mirror-types.js';
import { Requests } from './requests.js';

/** Lines above the screen that a mirror keeps. */
export const SCROLLBACK_LINES = 2_000;
/** How long small writes are gathered. */
export const GATHER_MS = 4;
/** Deaths within this time make the next start wait longer. */
const DEATHS_WITHIN_MS = 60_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

export interface MirrorsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  /** Starts the thread; tests have other threads. Throws when the system has none to give. */
  readonly startThread?: (options: MirrorThreadOptions) => MirrorPort;
}

export interface MirrorSpec {
  readonly rows: number;
  readonly cols: number;
  /** Default SCROLLBACK_LINES. */
  readonly scrollbackLines?: number;
  /** For log lines. */
  readonly name: string;
}

export class Mirrors {
  readonly #options: MirrorsOptions;
  readonly #mirrors = new Set<HostMirror>();
  /** By the number under which the thread has it now: a new one each time it is opened, so that nothing is mixed up. */
  readonly #byId = new Map<number, HostMirror>();
  readonly #requests = new Requests((message) => this.#thread?.post(message));
  /** Mirrors with gathered bytes. */
  readonly #gathering = new Set<HostMirror>();
  #gather: Disposable | undefined;
  #thread: MirrorPort | undefined;
  #restart: Disposable | undefined;
  #deathsMs: number[] = [];
  #nextId = 1;
  #closed: (() => void) | undefined;

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  /**
   * A mirror of a session that has written nothing yet. `replay` gives the last bytes the session still has, up to and
   * including the last ones written to the mirror, when it must be rebuilt.
   */
  open(spec: MirrorSpec, handlers: MirrorHandlers, replay: () => Uint8Array[]): Mirror {
    const mirror = new HostMirror({
      name: spec.name,
      rows: spec.rows,
      cols: spec.cols,
      scrollbackLines: spec.scrollbackLines ?? SCROLLBACK_LINES,
      handlers,
      replay,
      nowMs: () => this.#options.clock.nowMs(),
      link: {
        post: (message, transfer) => this.#thread?.post(message, transfer),
        gather: (gathering) => this.#startGathering(gathering),
        overrun: (behind) => this.#overrun(behind),
        request: (kind, from, scrollback) => this.#requests.ask(kind, from, scrollback),
        closed: (gone) => this.#forget(gone),
      },
    });
    this.#mirrors.add(mirror);
    if (this.#thread !== undefined) this.#open(mirror);
    else if (this.#restart === undefined) this.#start();
    return mirror;
  }

  /** Ends the thread; requests that wait fail with mirror.closed. Resolves when it is gone. */
  close(): Promise<void> {
    this.#restart?.dispose();
    this.#gather?.dispose();
    for (const mirror of [...this.#mirrors]) mirror.close();
    const thread = this.#thread;
    if (thread === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closed = resolve;
      thread.end('closed');
    });
  }

  #start(): void {
    this.#restart = undefined;
    const { clock, startThread = (options) => new MirrorThread(options) } = this.#options;
    try {
      this.#thread = startThread({
        clock,
        onMessage: (message) => this.#receiveSafely(message),
        onDeath: (reason, culprit) => this.#onDeath(reason, culprit),
      });
    } catch (thrown) {
      this.#onDeath(messageOf(thrown), 0);
      return;
    }
    for (const mirror of this.#mirrors) this.#open(mirror);
  }

  #open(mirror: HostMirror): void {
    if (mirror.state !== 'lost') return;
    this.#byId.delete(mirror.id);
    const id = this.#nextId++;
    this.#byId.set(id, mirror);
    mirror.open(id);
    if (mirror.ready) this.#requests.askAgain(mirror);
  }

  #onDeath(reason: string, culprit: number): void {
    this.#thread = undefined;
    if (this.#closed !== undefined) {
      this.#closed();
      return;
    }
    const { clock, counters, log } = this.#options;
    counters.add('mirror.thread_died');
    const guilty = this.#byId.get(culprit);
    log.log('error', 'the mirror thread died and is restarted', { reason, session: guilty?.name });
    if (guilty?.blame() === true) this.#fail(guilty, reason);
    const nowMs = clock.nowMs();
    this.#deathsMs = [...this.#deathsMs.filter((deathMs) => nowMs - deathMs < DEATHS_WITHIN_MS), nowMs];
    const again = this.#deathsMs.length - 1;
    const delayMs = again === 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (again - 1));
    for (const mirror of this.#mirrors) mirror.lost(reason);
    this.#restart = clock.after(delayMs, () => this.#start());
  }

  #fail(mirror: HostMirror, reason: string): void {
    this.#options.counters.add('mirror.failed');
    this.#options.log.log('error', 'a mirror failed', { session: mirror.name, reason });
    mirror.fail();
    this.#requests.rejectAll(mirror);
  }

  /** What a session's handler throws is its bug, and must not end the host. */
  #receiveSafely(message: FromMirrors): void {
    try {
      this.#receive(message);
    } catch (error) {
      this.#options.counters.add('mirror.handler_error');
      this.#options.log.log('error', 'a message of the mirror thread was not handled', { error });
    }
  }

  #receive(message: FromMirrors): void {
    switch (message.kind) {
      case 'batch':
        for (const [name, count] of Object.entries(message.counts)) this.#options.counters.add(name, count);
        for (const said of message.said) this.#hear(said);
        for (const parsed of message.parsed) this.#parsed(parsed);
        return;
      case 'snapshot':
        this.#requests.answer(message.request, message.snapshot);
        return;
      case 'screen':
        this.#requests.answer(message.request, message.screen);
        return;
      case 'refused':
        this.#refuse(message.request, message.message);
        return;
      case 'broken':
        this.#onBroken(message.id, message.message);
        return;
      default:
    }
  }

  #parsed({ id, offset, held }: Parsed): void {
    const mirror = this.#byId.get(id);
    if (mirror === undefined) return;
    const wasReady = mirror.ready;
    mirror.parsed(offset, held);
    if (wasReady) this.#requests.gotFurther(mirror);
    else if (mirror.ready) this.#requests.askAgain(mirror);
  }

  #hear(said: Said): void {
    const mirror = this.#byId.get(said.id);
    if (mirror === undefined) return;
    if ('reply' in said) mirror.handlers.onReply(Buffer.from(said.reply, 'utf8'));
    else if ('fact' in said) mirror.handlers.onFact(said.fact);
    else {
      const fields = { session: mirror.name, error: said.error };
      this.#options.log.log('error', 'the emulator threw; the sequence was skipped', fields);
    }
  }

  #refuse(request: number, error: string): void {
    const session = this.#requests.refuse(request)?.name;
    this.#options.log.log('error', 'a screen could not be written down', { session, error });
  }

  /** One mirror died, the thread lives. */
  #onBroken(id: number, reason: string): void {
    const mirror = this.#byId.get(id);
    if (mirror === undefined) return;
    this.#options.counters.add('mirror.broken');
    this.#options.log.log('error', 'a mirror broke', { session: mirror.name, reason });
    if (mirror.blame()) this.#fail(mirror, reason);
    else this.#rebuild(mirror, reason);
  }

  #overrun(mirror: HostMirror): void {
    this.#options.counters.add('mirror.overrun');
    this.#thread?.post({ kind: 'close', id: mirror.id });
    this.#rebuild(mirror, 'it was too far behind');
  }

  #rebuild(mirror: HostMirror, reason: string): void {
    mirror.lost(reason);
    if (this.#thread !== undefined) this.#open(mirror);
  }

  #forget(mirror: HostMirror): void {
    this.#mirrors.delete(mirror);
    this.#byId.delete(mirror.id);
    this.#gathering.delete(mirror);
    this.#thread?.post({ kind: 'close', id: mirror.id });
    this.#requests.rejectAll(mirror);
  }

  /** One timer for all: what was gathered goes out together. */
  #startGathering(mirror: HostMirror): void {
    this.#gathering.add(mirror);
    this.#gather ??= this.#options.clock.after(GATHER_MS, () => {
      this.#gather = undefined;
      for (const gathering of this.#gathering) gathering.flush();
      this.#gathering.clear();
    });
  }
}
