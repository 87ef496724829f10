import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { fail } from '../../../base/errors.js';
import { loadDeviceCrypto } from '../../../web/link/device-crypto.js';
import { HubList } from '../../../web/link/hubs.js';
import { openKeyStore } from '../../../web/link/key-store.js';
import type { Hub } from '../../../web/link/types.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { FakePeers } from './support/fake-peer.js';
import { FakeHubKeys, FakeRelay, MemoryKeys } from './support/fake-relay.js';
import { FakePage, greeting, hello } from './support/fake-world.js';

const crypto = await loadDeviceCrypto();

const runs = fuzz(2_000);

class World {
  readonly clock = new VirtualClock();
  readonly relay = new FakeRelay();
  readonly peers = new FakePeers();
  readonly page = new FakePage();
  readonly store: MemoryKeys;
  readonly hubs: HubList;
  crypto = (): Promise<typeof crypto> => Promise.resolve(crypto);

  constructor(store = new MemoryKeys()) {
    this.store = store;
    this.hubs = new HubList({
      clock: this.clock,
      random: () => 1,
      randomBytes: (count) => randomBytes(count),
      page: this.page,
      pageUrl: 'http://127.0.0.1:1/',
      openPeer: this.peers.open,
      subscribe: this.relay.subscribe,
      store,
      crypto: () => this.crypto(),
      hello,
    });
  }

  async hub(): Promise<FakeHubKeys> {
    const hub = await FakeHubKeys.behind(this.relay);
    hub.onOffer = () => void this.clock.after(10, () => this.peers.last.open());
    return hub;
  }

  /** Lets `ms` pass while `promise` is waited for. */
  async during<T>(ms: number, promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    for (let at = 0; at <= ms; at += 100) await this.clock.advanceAsync(100);
    return await promise;
  }
}

async function paired(): Promise<{ world: World; keys: FakeHubKeys; hub: Hub }> {
  const world = new World();
  const keys = await world.hub();
  const hub = await world.during(500, world.hubs.pair(keys.url, 'phone'));
  return { world, keys, hub };
}

describe('pairing', () => {
  it('connects, keeps the hub, and is done with one handshake', async () => {
    const { world, keys, hub } = await paired();
    expect(hub.address).toBe(keys.address);
    expect(hub.state.value.kind).toBe('online');
    expect(hub.name.value).toBe('repo');
    expect(keys.kinds).toEqual(['pair']);
    expect(keys.signals[0]).toEqual({ type: 'offer', sdp: 'offer' });
    expect(world.hubs.list.value).toEqual([hub]);
    expect(world.store.kept.get(keys.address)).toMatchObject({
      name: 'repo',
      cable_url: 'ws://127.0.0.1:1/cable',
      page_url: 'http://127.0.0.1:1/',
    });
  });

  it('says that nobody answers, and keeps nothing', async () => {
    const world = new World();
    const keys = await world.hub();
    keys.answers = false;
    await expect(world.during(12_000, world.hubs.pair(keys.url, 'x'))).rejects.toMatchObject({
      code: 'pairing.no_answer',
    });
    expect(world.hubs.list.value).toHaveLength(0);
    expect(world.store.kept.size).toBe(0);
    expect(world.relay.subscribers).toHaveLength(0);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('says that the relay is not there, or refuses', async () => {
    const world = new World();
    const keys = await world.hub();
    world.relay.down();
    await expect(world.during(6_000, world.hubs.pair(keys.url, 'x'))).rejects.toMatchObject({
      code: 'pairing.unreachable',
    });
    world.relay.up();
    world.relay.rejects = true;
    await expect(world.during(6_000, world.hubs.pair(keys.url, 'x'))).rejects.toMatchObject({
      code: 'pairing.unreachable',
    });
  });

  it('says what is wrong with a code', async () => {
    const world = new World();
    for (const code of ['', 'x', 'http://127.0.0.1/#', '#AAAA'])
      await expect(world.hubs.pair(code, 'x')).rejects.toMatchObject({ code: 'pairing.bad_code' });
  });

  it('says that a part of the app could not be loaded', async () => {
    const world = new World();
    const keys = await world.hub();
    world.crypto = () => Promise.reject(fail('link.not_loaded', 'not loaded'));
    await expect(world.hubs.pair(keys.url, 'x')).rejects.toMatchObject({ code: 'pairing.unreachable' });
  });

  it('waits for a hub that comes to the relay a moment later', async () => {
    const world = new World();
    const keys = await world.hub();
    keys.answers = false;
    world.clock.after(1_500, () => {
      keys.answers = true;
    });
    await world.during(4_000, world.hubs.pair(keys.url, 'x'));
    expect(keys.kinds).toEqual(['pair']);
  });

  it('takes the place of an older pairing with the same hub', async () => {
    const { world, keys, hub } = await paired();
    const again = await world.during(500, world.hubs.pair(keys.url, 'phone'));
    expect(world.hubs.list.value).toEqual([again]);
    expect(again).not.toBe(hub);
    expect(world.peers.all[0]?.closed).toBe(true);
  });
});

describe('a hub that was paired with', () => {
  it('is found again, with the keys of before', async () => {
    const first = await paired();
    const world = new World(first.world.store);
    const keys = first.keys;
    world.relay.hubs.set(keys.address, keys);
    Object.assign(keys, { onOffer: () => void world.clock.after(10, () => world.peers.last.open()) });
    first.world.hubs.dispose();
    // The hub's answers go by the relay that it knows.
    Object.assign(first.world.relay, { toDevice: world.relay.toDevice.bind(world.relay) });
    await world.during(500, world.hubs.load());
    expect(world.hubs.list.value[0]?.state.value.kind).toBe('online');
    expect(keys.kinds).toEqual(['pair', 'connect']);
  });

  it('is in the list before anything was loaded, and is found when that is', async () => {
    const { world: before, keys } = await paired();
    before.hubs.dispose();
    const world = new World(before.store);
    let loads = 0;
    world.crypto = () =>
      ++loads < 3 ? Promise.reject(fail('link.not_loaded', 'not loaded')) : Promise.resolve(crypto);
    await world.hubs.load();
    expect(world.hubs.list.value.map(({ address }) => address)).toEqual([keys.address]);
    await world.clock.advanceAsync(2_000);
    expect(loads).toBe(3);
    world.hubs.dispose();
  });

  it('gets a new offer under the same keys while the relay is there', async () => {
    const { world, keys, hub } = await paired();
    await world.clock.advanceAsync(500);
    world.peers.last.listener.closed('gone');
    await world.clock.advanceAsync(1_000);
    expect(hub.state.value.kind).toBe('online');
    expect(keys.kinds).toEqual(['pair']);
    expect(keys.signals.filter(({ type }) => type === 'offer')).toHaveLength(2);
  });

  it('is greeted anew when the relay was lost meanwhile', async () => {
    const { world, keys, hub } = await paired();
    world.relay.down();
    world.relay.up();
    world.peers.last.listener.closed('gone');
    await world.clock.advanceAsync(1_000);
    expect(hub.state.value.kind).toBe('online');
    expect(keys.kinds).toEqual(['pair', 'connect']);
  });

  it('is greeted anew, over a new connection, when the relay fell silent', async () => {
    const { world, keys, hub } = await paired();
    world.relay.heardAgoMs = 60_000;
    world.peers.last.listener.closed('gone');
    await world.clock.advanceAsync(1_000);
    expect(world.relay.reopened).toBe(1);
    expect(hub.state.value.kind).toBe('online');
    expect(keys.kinds).toEqual(['pair', 'connect']);
  });

  it('has its relay connected anew at once when the page wakes up', async () => {
    const { world, hub } = await paired();
    world.relay.heardAgoMs = 600_000;
    world.page.wake();
    expect(world.relay.reopened).toBe(1);
    world.relay.heardAgoMs = 0;
    await world.clock.advanceAsync(2_000);
    expect(world.relay.reopened).toBe(1);
    expect(world.peers.all).toHaveLength(2);
    expect(hub.state.value.kind).toBe('online');
  });

  it('is found soon after a relay that was away is back', async () => {
    const { world, hub } = await paired();
    world.relay.down();
    world.peers.last.listener.closed('gone');
    await world.clock.advanceAsync(20_000);
    expect(hub.state.value.kind).toBe('offline');
    world.relay.backSilently();
    await world.clock.advanceAsync(1_500);
    expect(hub.state.value.kind).toBe('online');
  });

  it('is greeted anew when it wants new keys, without losing its connection', async () => {
    const { world, keys, hub } = await paired();
    keys.say(world.relay.subscribers[0]?.peer ?? '', { type: 'rekey' });
    expect(hub.state.value.kind).toBe('online');
    await world.clock.advanceAsync(500);
    world.peers.last.listener.closed('gone');
    await world.clock.advanceAsync(1_000);
    expect(keys.kinds).toEqual(['pair', 'connect']);
  });

  it('tells under what name and right it knows this device', async () => {
    const { world, keys, hub } = await paired();
    keys.greeting = {
      ...greeting,
      hub: { ...greeting.hub, name: 'renamed' },
      device: { id: 'd', name: 'mine', view_only: true },
    };
    world.relay.down();
    world.relay.up();
    world.peers.last.listener.closed('gone');
    await world.clock.advanceAsync(1_000);
    expect(hub.name.value).toBe('renamed');
    expect(hub.device.value).toEqual({ id: 'd', name: 'mine', view_only: true });
    expect(world.store.kept.get(keys.address)?.device.view_only).toBe(true);
    await expect(hub.request('agent.rm', { id: 'x' })).rejects.toMatchObject({ code: 'device.view_only' });
    expect(world.peers.last.requests('agent.rm')).toHaveLength(0);
  });

  it('is forgotten with its connection', async () => {
    const { world, hub } = await paired();
    await world.hubs.forget(hub);
    await world.clock.advanceAsync(1_000);
    expect(world.hubs.list.value).toHaveLength(0);
    expect(world.store.kept.size).toBe(0);
    expect(world.peers.last.closed).toBe(true);
    expect(world.relay.subscribers).toHaveLength(0);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('tells the progress of a request to who asked', async () => {
    const { world, hub } = await paired();
    const stages: string[] = [];
    const asked = hub.request('agent.new', { branch: 'b' }, ({ stage }) => stages.push(stage));
    const request = world.peers.last.requests('agent.new')[0];
    const id = request?.id ?? 0;
    world.peers.last.event('progress', { request_id: id, stage: 'checkout' });
    world.peers.last.event('progress', { request_id: id + 1, stage: 'of another' });
    world.peers.last.refuse(id, 'agent.limit');
    await expect(asked).rejects.toMatchObject({ code: 'agent.limit' });
    world.peers.last.event('progress', { request_id: id, stage: 'late' });
    expect(stages).toEqual(['checkout']);
  });

  it('shows the notices of plugins, and counts what it has no use for', async () => {
    const { world, hub } = await paired();
    const notices: unknown[] = [];
    const end = hub.onNotice((notice) => notices.push(notice));
    const debug = vi.spyOn(console, 'debug').mockReturnValue();
    const say = (data: unknown) => world.peers.last.say({ type: 'app', data: data as never });
    say({ type: 'notice', title: 'Tests are green', body: 'on main', session: 'abc' });
    say({ type: 'notice', title: 'x'.repeat(300) });
    for (const useless of [{ type: 'notice' }, { type: 'notice', title: ' ' }, { type: 'other' }, null, [1]])
      say(useless);
    world.peers.last.event('pty_forwarder', { session_uuid: 'abc' });
    expect(notices).toMatchObject([
      { title: 'Tests are green', body: 'on main', session: 'abc', open: false },
      { title: `${'x'.repeat(200)}…`, body: undefined },
      { session: 'abc', open: true },
    ]);
    expect(world.hubs.counters.snapshot()).toMatchObject({ 'link.app_ignored': 5 });
    expect(debug).toHaveBeenCalledTimes(5);
    debug.mockRestore();
    end();
    say({ type: 'notice', title: 'nobody listens' });
    expect(notices).toHaveLength(3);
  });

  it('takes no harm from what a relay puts in between', async () => {
    const { world, hub } = await paired();
    const { listener } = world.relay.subscribers[0] ?? {};
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ data: fc.oneof(fc.base64String(), fc.string()) })),
        (message) => listener?.received(message),
      ),
      runs,
    );
    await world.clock.advanceAsync(1_000);
    expect(hub.state.value.kind).toBe('online');
    const dropped = Object.values(world.hubs.counters.snapshot()).reduce((sum, count) => sum + count, 0);
    expect(dropped).toBe(runs.numRuns);
  });
});

describe('a browser that keeps nothing', () => {
  it('says so', async () => {
    await expect(openKeyStore()).rejects.toMatchObject({ code: 'link.no_storage' });
  });
});
