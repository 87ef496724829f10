import { describe, expect, it } from 'vitest';
import { HubWire } from '../../../web/link/hub-wire.js';
import { Sessions } from '../../../web/link/sessions.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { FakePeer, hubHello } from './support/fake-peer.js';
import { sessionRecord } from './support/fake-terminal.js';
import { hello } from './support/fake-world.js';

class World {
  readonly clock = new VirtualClock();
  readonly sessions = new Sessions(this.clock);
  peer!: FakePeer;
  records: unknown[];
  agents: unknown[];

  constructor(records: unknown[] = [], agents: unknown[] = []) {
    this.records = records;
    this.agents = agents;
    this.connect();
  }

  connect(): void {
    const ignored = (): void => undefined;
    let wire: HubWire | undefined;
    this.peer = new FakePeer({
      signal: ignored,
      opened: ignored,
      received: (channel, message) => wire?.receive(channel, message),
      drained: ignored,
      doubtful: ignored,
      closed: ignored,
    });
    this.peer.answer = ({ method }) => {
      if (method === 'host.watch') return { sessions: this.records };
      if (method === 'agent.list') return { agents: this.agents };
      return undefined;
    };
    wire = new HubWire(this.peer, hello, {
      event: (event) => this.sessions.event(event),
      terminal: ignored,
      pong: ignored,
      app: ignored,
      heard: ignored,
      ended: (error) => {
        throw error;
      },
    });
    this.peer.say(hubHello);
    this.sessions.online(wire);
  }

  async pass(ms = 200): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  get states(): Record<string, string> {
    return Object.fromEntries(this.sessions.list.value.map(({ session, state }) => [session.uuid, state]));
  }
}

function agent(uuid: string): object {
  return {
    session_uuid: uuid,
    in_place: false,
    state: 'running',
    activity: 'idle',
    cmd: 'sh',
    args: [],
    rows: 1,
    cols: 1,
    attached: 0,
    started_at: '2026-01-01T00:00:00Z',
    new_branch: false,
  };
}

describe('the sessions of a hub', () => {
  it('do not stay in the list once their agent was deleted', async () => {
    const world = new World([sessionRecord('a'), sessionRecord('b')], [agent('a'), agent('b')]);
    await world.pass();
    expect(Object.keys(world.states)).toEqual(['a', 'b']);
    world.agents = [agent('b')];
    const session = sessionRecord('a', 0, { state: 'exited', meta: { type: 'agent', removed: true } });
    world.peer.event('session.updated', { session });
    await world.pass();
    expect(Object.keys(world.states)).toEqual(['b']);
  });

  it('are agents first, then others, each oldest first', async () => {
    const records = [
      sessionRecord('old-shell'),
      sessionRecord('young', 0, { started_at: '2026-03-01T00:00:00Z' }),
      sessionRecord('old', 0, { started_at: '2026-02-01T00:00:00Z' }),
    ];
    const world = new World(records, [agent('young'), agent('old')]);
    await world.pass();
    expect(Object.keys(world.states)).toEqual(['old', 'young', 'old-shell']);
  });

  it('come before those that ended, whatever they are', async () => {
    const exited = { state: 'exited', exit: { code: 0, at: 'x' } };
    const records = [
      sessionRecord('shell-ended', 0, exited),
      sessionRecord('agent-ended', 0, exited),
      sessionRecord('shell'),
      sessionRecord('agent'),
    ];
    const world = new World(records, [agent('agent'), agent('agent-ended')]);
    await world.pass();
    expect(Object.keys(world.states)).toEqual(['agent', 'shell', 'agent-ended', 'shell-ended']);
  });

  it('leave the list at once when another device deletes them, and stay away', async () => {
    const removed = { state: 'exited', exit: { signal: 9, at: 'x' }, meta: { removed: true } };
    const world = new World([sessionRecord('a'), sessionRecord('old', 0, removed)], [agent('a')]);
    await world.pass();
    expect(Object.keys(world.states)).toEqual(['a']);
    world.peer.event('session.exited', { session_uuid: 'a', exit: { signal: 9, at: 'x' } });
    world.peer.event('session.updated', { session: sessionRecord('a', 0, removed) });
    // The hub's list, asked for before, may still have it.
    await world.pass(40);
    expect(world.states).toEqual({});
    world.records = [sessionRecord('a', 0, removed)];
    world.connect();
    await world.pass();
    expect(world.states).toEqual({});
  });

  it('stay with the agents whose host died, as in `agent list`', async () => {
    const lost = { ...agent('gone'), state: 'exited', exit: { lost: true, at: 'x' }, title: 'half done' };
    const world = new World([], [lost]);
    await world.pass();
    expect(world.sessions.list.value).toMatchObject([
      { state: 'exited', said: 'half done', session: { uuid: 'gone', exit: { lost: true } } },
    ]);
    world.agents = [];
    world.sessions.refresh();
    await world.pass();
    expect(world.states).toEqual({});
  });

  it('work, need somebody, rest and end as the host and the hub say', async () => {
    const world = new World([sessionRecord('a'), sessionRecord('s')], [agent('a')]);
    await world.pass();
    expect(world.states).toEqual({ a: 'idle', s: 'idle' });

    const at = { last_output_ms: 1, offset: 5 };
    world.peer.event('session.activity', { session_uuid: 'a', activity: 'busy', ...at });
    await world.pass();
    expect(world.states['a']).toBe('working');

    const meta = { attention: { at: '2026-01-01T00:00:00Z', text: 'Shall I?' } };
    world.peer.event('session.updated', { session: sessionRecord('a', 5, { meta }) });
    world.peer.event('session.bell', { session_uuid: 's' });
    await world.pass();
    expect(world.states).toEqual({ a: 'needs_you', s: 'needs_you' });
    expect(world.sessions.list.value[0]?.said).toBe('Shall I?');

    world.sessions.seen('a');
    world.sessions.seen('s');
    await world.pass();
    expect(world.states).toEqual({ a: 'idle', s: 'idle' });

    // Seen is what was looked at, not what comes next.
    const again = { attention: { at: '2026-01-01T00:00:09Z' } };
    world.peer.event('session.updated', { session: sessionRecord('a', 5, { meta: again }) });
    await world.pass();
    expect(world.states['a']).toBe('needs_you');

    world.peer.event('session.exited', { session_uuid: 'a', exit: { code: 0, at: 'x' } });
    await world.pass();
    expect(world.states['a']).toBe('exited');
    world.peer.event('session.removed', { session_uuid: 'a' });
    await world.pass();
    expect(world.states).toEqual({ s: 'idle' });
  });

  it('take facts that overtake the list after it', async () => {
    const world = new World([sessionRecord('s', 0, { title: 'of the list' })]);
    world.peer.event('session.title', { session_uuid: 's', title: 'later' });
    world.peer.event('session.started', { session: sessionRecord('new') });
    await world.pass();
    expect(world.sessions.list.value.map(({ said }) => said)).toEqual([undefined, 'later']);
  });

  it('ask for the agents again after a change, together', async () => {
    const world = new World();
    await world.pass();
    world.agents = [agent('n')];
    for (let count = 0; count < 100; count++)
      world.peer.event('session.started', { session: sessionRecord('n', count) });
    await world.pass();
    expect(world.peer.requests('agent.list')).toHaveLength(2);
    expect(world.sessions.list.value[0]?.agent?.session_uuid).toBe('n');
  });

  it('stay known while the hub is away, and are corrected by the next list', async () => {
    const world = new World([sessionRecord('a'), sessionRecord('b')]);
    await world.pass();
    world.sessions.lost();
    await world.pass(60_000);
    expect(Object.keys(world.states)).toEqual(['a', 'b']);
    world.records = [sessionRecord('b')];
    world.connect();
    await world.pass();
    expect(Object.keys(world.states)).toEqual(['b']);
    world.sessions.dispose();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('are looked for again when the session host was lost, or has not been needed yet', async () => {
    const world = new World();
    await world.pass();
    const usual = world.peer.answer;
    world.peer.answer = undefined;
    world.peer.event('host.lost', { code: 'host.lost', message: 'x' });
    await world.pass(1_000);
    const asked = world.peer.requests('host.watch').at(-1);
    world.peer.refuse(asked?.id ?? 0, 'host.not_running');
    world.peer.answer = usual;
    world.records = [sessionRecord('s')];
    await world.pass(3_000);
    expect(Object.keys(world.states)).toEqual(['s']);
  });

  it('take no harm from facts of any shape', async () => {
    const world = new World([sessionRecord('u')]);
    await world.pass();
    const names = [
      'session.started',
      'session.updated',
      'session.title',
      'session.activity',
      'session.nope',
      'x',
    ];
    const data = fc.oneof(
      fc.jsonValue(),
      fc.record({ session_uuid: fc.constantFrom('u', 'v'), title: fc.jsonValue(), session: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), data, (name, value) => {
        world.sessions.event({ type: 'event', name, data: value });
      }),
      fuzz(5_000),
    );
    await world.pass();
    expect(world.sessions.list.value.length).toBeGreaterThan(0);
  });
});
