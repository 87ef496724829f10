/**
 * What one session tells, at a rate that people and programs can use.
 *
 * Facts of which only the last counts (title, size, modes, ...) are told at once when they are rare, and at most once
 * per FACT_MS each when a program changes them in a loop. Of the others a burst is told in full, a flood is dropped and
 * counted. Order is kept wherever something is told at once; `flush` comes before a fact that must be last.
 */
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import type { Disposable } from '../base/scope.js';
import type { HostEvent, HostEventName } from '../protocol/host-events.js';
import type { MirrorFact } from './mirror/mirror-types.js';

const FACT_MS = 50;
/** Notifications, prompt marks and troubles: so many at once, then so many a second. */
const BURST = 200;
const PER_SECOND = 50;

/** Only the last of these counts. A bell that rings twice in an instant rings once. */
const bulk: ReadonlySet<HostEventName> = new Set([
  'session.updated',
  'session.resized',
  'session.title',
  'session.cwd',
  'session.modes',
  'session.activity',
  'session.bell',
]);

export class Facts {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #tell: (event: HostEvent) => void;
  /** Bulk facts that were told a moment ago; with the last one since, if there was another. */
  readonly #recent = new Map<HostEventName, HostEvent | undefined>();
  #timer: Disposable | undefined;
  #tokens = BURST;
  #tokensAtMs = 0;

  constructor(clock: Clock, counters: Counters, tell: (event: HostEvent) => void) {
    this.#clock = clock;
    this.#counters = counters;
    this.#tell = tell;
  }

  emit(event: HostEvent): void {
    const { name } = event;
    if (!bulk.has(name)) {
      if (this.#takeToken()) this.#tell(event);
      else this.#counters.add('facts.dropped');
    } else if (this.#recent.has(name)) {
      this.#recent.set(name, event);
    } else {
      this.#recent.set(name, undefined);
      this.#timer ??= this.#clock.after(FACT_MS, () => this.#next());
      this.#tell(event);
    }
  }

  /** Tells what waits. */
  flush(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const waiting = [...this.#recent.values()];
    this.#recent.clear();
    for (const event of waiting) if (event !== undefined) this.#tell(event);
  }

  #next(): void {
    const waiting = [...this.#recent.values()].filter((event) => event !== undefined);
    this.#recent.clear();
    this.#timer = undefined;
    for (const event of waiting) this.emit(event);
  }

  #takeToken(): boolean {
    const nowMs = this.#clock.nowMs();
    this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#tokensAtMs) / 1_000) * PER_SECOND);
    this.#tokensAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** What a mirror saw, as the event that watchers get. */
export function eventOf(session_uuid: string, fact: MirrorFact): HostEvent {
  switch (fact.type) {
    case 'title':
      return { name: 'session.title', data: { session_uuid, title: fact.title } };
    case 'cwd':
      return { name: 'session.cwd', data: { session_uuid, cwd: fact.cwd } };
    case 'modes':
      return { name: 'session.modes', data: { session_uuid, modes: fact.modes } };
    case 'bell':
      return { name: 'session.bell', data: { session_uuid } };
    case 'notification':
      return { name: 'session.notification', data: { session_uuid, title: fact.title, body: fact.body } };
    case 'prompt':
      return { name: 'session.prompt', data: { session_uuid, mark: fact.mark, exit_code: fact.exit_code } };
    case 'trouble':
      return { name: 'session.trouble', data: { session_uuid, code: fact.code, message: fact.message } };
  }
}
