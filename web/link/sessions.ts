/**
 * The sessions of a hub as this device knows them: the host's facts about each, and what the hub knows of agents.
 *
 * Facts come as events and are applied in their order, those that overtook the list after it. What is known stays when
 * the connection is lost. Agents are asked for again, not too often, when a session came, went or changed.
 *
 * Keeps true: what was removed (`agent rm`, on whatever device) is not in the list from the fact that told it on; an agent
 * whose host died is, as the hub still has it.
 */
import type { Clock } from '../../base/clock.js';
import { isHubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import type { AgentRecord } from '../../protocol/agents.js';
import type { MessageOf } from '../../protocol/messages.js';
import type { SessionRecord } from '../../protocol/session.js';
import { type Fact, HOST_LOST, readFact } from './host-facts.js';
import type { HubWire } from './hub-wire.js';
import { Cell } from './observable.js';
import { changed, heard, type Known, looked, lostView, orderOf, viewOf, wasRemoved } from './session-view.js';
import type { SessionView } from './types.js';

/** Agents are asked for this long after the change that made it worth while. */
const REFETCH_MS = 120;
/** Changes are shown together. */
const PUBLISH_MS = 30;
const RETRY_MS = 2_000;
/** Facts that came before the list they belong to; more than a host tells in the time of an answer. */
const MAX_EARLY_FACTS = 4_096;

export class Sessions {
  readonly list: Cell<readonly SessionView[]> = new Cell<readonly SessionView[]>([]);
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  #agents = new Map<string, AgentRecord>();
  /** Sessions that were removed: a list of agents that was on its way meanwhile may still have them. */
  readonly #removed = new Set<string>();
  #wire: HubWire | undefined;
  /** Facts that wait for the list; undefined once it is there. */
  #early: Fact[] | undefined;
  #timers = new Map<'watch' | 'agents' | 'publish', Disposable>();
  #asking = false;
  #askAgain = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  online(wire: HubWire): void {
    this.#wire = wire;
    this.#watch();
  }

  lost(): void {
    this.#wire = undefined;
    this.#early = undefined;
    this.#asking = false;
    for (const name of ['watch', 'agents'] as const) this.#cancel(name);
  }

  dispose(): void {
    this.lost();
    this.#cancel('publish');
  }

  event(event: MessageOf<'event'>): void {
    if (event.name === HOST_LOST) {
      this.#early = undefined;
      this.#later('watch', RETRY_MS / 8, () => this.#watch());
      return;
    }
    const fact = readFact(event);
    if (fact === undefined) return;
    if (this.#early === undefined) this.#apply(fact);
    else if (this.#early.length < MAX_EARLY_FACTS) this.#early.push(fact);
    // Too many to keep: the list of then will know them.
    else this.#later('watch', RETRY_MS, () => this.#watch());
  }

  seen(uuid: string): void {
    const known = this.#known.get(uuid);
    if (known === undefined) return;
    this.#known.set(uuid, looked(known));
    this.#publish();
  }

  /** How far the session's output is, as far as known. */
  offsetOf(uuid: string): number | undefined {
    return this.#known.get(uuid)?.record.offset;
  }

  /** Something was asked of the hub that changes agents. */
  refresh(): void {
    this.#askAgents();
    if (this.#timers.has('watch')) this.#watch();
  }

  #watch(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#cancel('watch');
    this.#early = [];
    this.#askAgents();
    wire.request('host.watch', {}).then(
      ({ sessions }) => {
        if (wire === this.#wire) this.#take(sessions);
      },
      (thrown: unknown) => {
        if (wire !== this.#wire) return;
        // No session has been started yet, or the host is being replaced: there will be one.
        if (isHubError(thrown) && thrown.code === 'host.not_running') this.#take([]);
        this.#later('watch', RETRY_MS, () => this.#watch());
      },
    );
  }

  #take(records: readonly SessionRecord[]): void {
    const listed = new Set(records.map(({ uuid }) => uuid));
    for (const uuid of [...this.#known.keys()]) if (!listed.has(uuid)) this.#known.delete(uuid);
    for (const record of records) this.#setRecord(record);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const fact of early) this.#apply(fact);
    this.#publish();
  }

  #apply(fact: Fact): void {
    if (fact.name === 'session.started' || fact.name === 'session.updated') {
      this.#setRecord(fact.data.session);
      this.#agentsSoon();
    } else {
      const uuid = fact.data.session_uuid;
      const known = this.#known.get(uuid);
      // Of a session that is not in the list yet nothing else is told.
      if (known === undefined) return;
      if (fact.name === 'session.removed') this.#remove(uuid);
      else this.#known.set(uuid, { ...heard(known, fact), view: undefined });
      if (fact.name === 'session.removed' || fact.name === 'session.exited') this.#agentsSoon();
    }
    this.#publish();
  }

  #setRecord(record: SessionRecord): void {
    if (wasRemoved(record)) return this.#remove(record.uuid);
    const known = this.#known.get(record.uuid);
    this.#known.set(record.uuid, changed(known, record));
  }

  #remove(uuid: string): void {
    this.#known.delete(uuid);
    this.#removed.add(uuid);
  }

  #agentsSoon(): void {
    if (!this.#timers.has('agents')) this.#later('agents', REFETCH_MS, () => this.#askAgents());
  }

  #askAgents(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#cancel('agents');
    this.#askAgain = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    const after = (ms: number): void => {
      this.#asking = false;
      if (this.#askAgain) this.#askAgents();
      else if (ms > 0) this.#later('agents', ms, () => this.#askAgents());
    };
    wire.request('agent.list', {}).then(
      ({ agents }) => {
        if (wire !== this.#wire) return;
        this.#agents = new Map(agents.map((agent) => [agent.session_uuid, agent]));
        // Once a list is without one, all later ones are.
        for (const uuid of this.#removed) if (!this.#agents.has(uuid)) this.#removed.delete(uuid);
        for (const [uuid, known] of this.#known) this.#known.set(uuid, { ...known, view: undefined });
        this.#publish();
        after(0);
      },
      () => {
        if (wire === this.#wire) after(RETRY_MS);
      },
    );
  }

  #publish(): void {
    if (!this.#timers.has('publish')) this.#later('publish', PUBLISH_MS, () => this.#publishNow());
  }

  #publishNow(): void {
    this.#cancel('publish');
    const views: SessionView[] = [];
    for (const [uuid, known] of this.#known) {
      const view = known.view ?? viewOf(known, this.#agents.get(uuid));
      if (known.view === undefined) this.#known.set(uuid, { ...known, view });
      views.push(view);
    }
    for (const [uuid, agent] of this.#agents)
      if (agent.exit?.lost === true && !this.#known.has(uuid) && !this.#removed.has(uuid))
        views.push(lostView(agent));
    this.list.set(views.sort(orderOf));
  }

  #later(name: 'watch' | 'agents' | 'publish', ms: number, work: () => void): void {
    this.#cancel(name);
    this.#timers.set(
      name,
      this.#clock.after(ms, () => {
        this.#timers.delete(name);
        work();
      }),
    );
  }

  #cancel(name: 'watch' | 'agents' | 'publish'): void {
    this.#timers.get(name)?.dispose();
    this.#timers.delete(name);
  }
}
