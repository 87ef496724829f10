import { describe, expect, it } from 'vitest';
import { FakeWorld } from './support/fake-world.js';

/** Answers every ping, until told otherwise. */
function answering(world: FakeWorld): { stop(): void } {
  let answers = true;
  let answered = 0;
  const tick = (): void => {
    if (!answers) return;
    const { last } = world.peers;
    for (const { id } of last.pings.slice(answered)) last.pong(id);
    answered = last.pings.length;
    world.clock.after(50, tick);
  };
  tick();
  return {
    stop: () => {
      answers = false;
    },
  };
}

async function online(): Promise<FakeWorld> {
  const world = new FakeWorld();
  await world.pass();
  expect(world.kind).toBe('online');
  return world;
}

describe('the connection to a hub', () => {
  it('goes from offer to hello to online, and pings at once', async () => {
    const world = await online();
    expect(world.sessions[0]?.sent).toEqual([{ type: 'offer', sdp: 'offer' }]);
    expect(world.peers.last.messages[0]).toMatchObject({ type: 'hello', client: 'web' });
    expect(world.peers.last.pings).toHaveLength(1);
    world.peers.last.pong(1);
    expect(world.connection.health).toMatchObject({ rtt_ms: 0, loop_age_ms: 1, queued_bytes: 3 });
  });

  it('stays online while pings are answered', async () => {
    const world = await online();
    const pings = answering(world);
    await world.pass(60_000);
    expect(world.peers.all).toHaveLength(1);
    expect(world.peers.last.pings.length).toBeGreaterThanOrEqual(30);
    expect(world.connection.missed).toBe(0);
    pings.stop();
  });

  it('replaces a path that fell silent within about five seconds, and fails what was asked over it', async () => {
    const world = await online();
    const pings = answering(world);
    await world.pass(20_000);
    const asked = world.wires[0]?.request('status', {});
    const outcome = expect(asked).rejects.toMatchObject({ code: 'hub.connection_lost' });
    pings.stop();
    await world.pass(6_000);
    await outcome;
    expect(world.peers.all).toHaveLength(2);
    expect(world.peers.all[0]?.closed).toBe(true);
    expect(world.lost).toBe(1);
    expect(world.kind).toBe('online');
    expect(world.connection.missed).toBeGreaterThan(0);
  });

  it('takes anything heard for a sign of life', async () => {
    const world = await online();
    for (let second = 0; second < 30; second++) {
      await world.pass(1_000);
      world.peers.last.event('x', {});
    }
    expect(world.peers.all).toHaveLength(1);
  });

  it('after a sleep asks at once, and has a new path a second later if nothing answers', async () => {
    const world = await online();
    const pings = answering(world);
    await world.pass(10_000);
    pings.stop();
    const before = world.peers.last.pings.length;
    world.clock.advanceBlocked(600_000);
    await world.pass(0);
    expect(world.peers.all[0]?.pings.length).toBe(before + 1);
    await world.pass(1_000);
    expect(world.peers.all).toHaveLength(2);
    expect(world.kind).toBe('online');
  });

  it('keeps a path that answers after a sleep', async () => {
    const world = await online();
    const pings = answering(world);
    await world.pass(10_000);
    world.clock.advanceBlocked(600_000);
    await world.pass(30_000);
    expect(world.peers.all).toHaveLength(1);
    pings.stop();
  });

  it('verifies when the page is shown, and does not ping while it is hidden', async () => {
    const world = await online();
    world.peers.last.pong(1);
    world.page.hide();
    await world.pass(600_000);
    expect(world.peers.last.pings).toHaveLength(1);
    expect(world.peers.all).toHaveLength(1);
    world.page.wake();
    const id = world.peers.last.pings.at(-1)?.id ?? 0;
    expect(id).toBeGreaterThan(1);
    await world.pass(900);
    world.peers.last.pong(id);
    await world.pass(1_000);
    expect(world.peers.all).toHaveLength(1);
    world.page.hide();
    world.page.wake();
    await world.pass(1_000);
    expect(world.peers.all).toHaveLength(2);
  });

  it('is verified when the browser has doubts', async () => {
    const world = await online();
    world.peers.last.pong(1);
    world.peers.last.listener.doubtful();
    // A second for the answer, and a moment because this connection was a short one.
    await world.pass(1_300);
    expect(world.peers.all).toHaveLength(2);
  });

  it('tries again with growing delays while there is no hub, and says offline', async () => {
    const world = new FakeWorld({ reachable: false });
    await world.pass(120_000);
    const gaps = world.tries.slice(1).map((at, index) => at - (world.tries[index] ?? 0));
    const early = gaps.filter((_, index) => (world.tries[index + 1] ?? 0) < 30_000);
    expect(early[0]).toBe(250);
    expect(Math.max(...early)).toBe(1_000);
    expect(gaps.at(-1)).toBe(15_000);
    expect(world.connection.state.value).toMatchObject({
      kind: 'offline',
      reason: 'The hub does not answer.',
    });
    world.reachable = true;
    await world.pass(15_100);
    expect(world.kind).toBe('online');
  });

  it('tries at once when the network is back', async () => {
    const world = await online();
    world.reachable = false;
    world.peers.last.listener.closed('gone');
    await world.pass(120_000);
    expect(world.kind).toBe('offline');
    world.reachable = true;
    world.page.wake('online');
    await world.pass();
    expect(world.kind).toBe('online');
  });

  it('tries at once when the relay is there again', async () => {
    const world = await online();
    world.reachable = false;
    world.peers.last.listener.closed('gone');
    await world.pass(60_000);
    world.reachable = true;
    world.connection.relayConnected();
    await world.pass();
    expect(world.kind).toBe('online');
  });

  it('asks for a sign of life when the relay is gone, which may have been in the hub', async () => {
    const world = await online();
    const pings = answering(world);
    await world.pass(10_000);
    world.connection.relayLost();
    await world.pass(5_000);
    expect(world.peers.all).toHaveLength(1);
    pings.stop();
    world.connection.relayLost();
    await world.pass(1_000);
    expect(world.peers.all).toHaveLength(2);
  });

  it('ends for good when the device was revoked', async () => {
    const world = await online();
    world.peers.last.say({ type: 'error', code: 'device.revoked', message: 'gone' });
    await world.pass(120_000);
    expect(world.kind).toBe('revoked');
    expect(world.peers.all).toHaveLength(1);
    world.page.wake();
    world.connection.nudge();
    await world.pass(60_000);
    expect(world.peers.all).toHaveLength(1);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('does not hurry to a hub that closes every connection', async () => {
    const world = new FakeWorld();
    world.peers.onOpen = (peer) => {
      world.clock.after(1, () => peer.say({ type: 'error', code: 'hub.nope', message: 'no' }));
    };
    await world.pass(60_000);
    expect(world.peers.all.length).toBeLessThan(80);
    expect(world.peers.all.length).toBeGreaterThan(5);
  });

  it('says why a hub of another version is not online', async () => {
    const world = new FakeWorld();
    world.peers.onOpen = (peer) => {
      peer.open = () => {
        peer.listener.opened();
        peer.say({ type: 'hello', protocol_version: 99, client: 'hub', version: '9.0.0' });
      };
    };
    await world.pass(20_000);
    expect(world.connection.state.value).toMatchObject({
      kind: 'offline',
      reason: expect.stringContaining('protocol 99'),
    });
  });

  it('gives up a try whose offer is not answered, and does not use that session again', async () => {
    const world = new FakeWorld();
    await Promise.resolve();
    await world.pass();
    const session = world.sessions[0];
    if (session === undefined) throw new Error('no session');
    world.peers.last.listener.closed('gone');
    // The next one stays silent.
    world.peers.onOpen = (peer) => {
      const silent = world.sessions.at(-1);
      if (silent !== undefined) silent.onSend = () => undefined;
      expect(peer.closed).toBe(false);
    };
    await world.pass(300);
    const silent = world.sessions.at(-1);
    expect(silent).not.toBe(session);
    world.peers.onOpen = () => undefined;
    await world.pass(5_500);
    expect(silent?.reusable).toBe(false);
    expect(world.kind).toBe('online');
  });

  it('leaves no timer behind when it is stopped', async () => {
    const world = await online();
    world.connection.dispose();
    await world.pass();
    expect(world.clock.pendingTimers).toBe(0);
    expect(world.peers.last.closed).toBe(true);
    expect(world.page.listener).toBeUndefined();
  });
});
