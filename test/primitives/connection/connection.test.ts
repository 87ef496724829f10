/** The global `connection` with its real worker: pairing, reconnecting, revoking, and what a bad relay can do. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import type { LuaRecord, LuaValue } from '../../../base/values.js';
import { connection } from '../../../primitives/connection/connection.js';
import { FakeHub } from '../../support/fake-hub.js';
import { openLuaHost } from '../../support/lua-host.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';
import { answered, codeOf, offer, sodium, TestDevice } from './device.js';

const page = { page_url: 'http://127.0.0.1:4171/', cable_url: 'ws://127.0.0.1:4171/cable' };
const PEER = 'p'.repeat(22);

/** What must not have failed. */
function well<T>(value: T | HubError): T {
  if (value instanceof HubError) throw value;
  return value;
}

function open(dataDir = tempDir()) {
  const hub = new FakeHub(connection, { dataDir });
  hub.web = page;
  const facts: { name: string; data: LuaRecord }[] = [];
  const notify = hub.notify.bind(hub);
  hub.notify = (name: string, data: LuaValue) => {
    facts.push({ name, data: data as LuaRecord });
    notify(name, data);
  };
  const { functions } = hub.engine();
  const dropped = async (data: string): Promise<unknown> => {
    const result = await functions.unseal(PEER, data);
    if (!(result instanceof HubError)) throw new Error('it was not dropped');
    expect((result as HubError).code).toBe('connection.dropped');
    return (result as HubError).details?.['reason'];
  };
  /** Pairs a device and lets it say its first word. */
  const pair = async (device: TestDevice, view_only = false) => {
    const { url } = well(await functions.code({ view_only }));
    const handshake = device.pair(url);
    const session = answered(handshake, well(await functions.unseal(PEER, handshake.data)).reply);
    const first = well(await functions.unseal(PEER, offer(session)));
    return { url, hubKey: codeOf(url).hubKey, handshake, session, first };
  };
  const connect = async (device: TestDevice, hubKey: Uint8Array) => {
    const handshake = device.connect(hubKey);
    const session = answered(handshake, well(await functions.unseal(PEER, handshake.data)).reply);
    const first = well(await functions.unseal(PEER, offer(session)));
    return { handshake, session, first };
  };
  const named = (name: string) => facts.filter((fact) => fact.name === name).map(({ data }) => data);
  const stop = async () => await Promise.all(hub.workers.map((worker) => worker.terminate()));
  return { hub, functions, facts, named, dropped, pair, connect, stop, dataDir };
}

test('a device pairs with the URL, is told of the hub, and speaks', async () => {
  const { functions, named, hub } = open();
  const { url, view_only } = well(await functions.code(undefined));
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4171\/#[\w-]+$/);
  expect(view_only).toBe(false);
  const device = new TestDevice('My phone\u0007\u202e');
  const handshake = device.pair(url);
  expect(handshake.hubAddress).toBe(await functions.address());

  const greeted = well(await functions.unseal(PEER, handshake.data));
  expect(greeted).toMatchObject({ identity: handshake.identity, device_id: handshake.deviceId });
  // A greeting alone pairs nobody.
  expect(await functions.devices()).toEqual([]);
  expect(named('device_session')).toEqual([]);
  expect(await functions.seal(handshake.identity, { type: 'rekey' })).toMatchObject({
    code: 'connection.no_session',
  });

  const session = answered(handshake, greeted.reply);
  expect(session.greeting).toMatchObject({
    hub: { hub_id: '0123456789abcdef', version: '1.2.3' },
    device: { id: handshake.deviceId, name: 'My phone', view_only: false },
    ice: { servers: [], relay_only: false },
  });
  const { identity, device_id } = greeted;
  expect(await functions.unseal(PEER, offer(session))).toEqual({
    identity,
    device_id,
    view_only: false,
    signal: { type: 'offer', sdp: 'v=0' },
  });
  expect(named('device_paired')).toEqual([{ device_id, name: 'My phone', view_only: false }]);
  expect(named('device_session')).toEqual([{ identity, device_id, name: 'My phone', view_only: false }]);
  expect(await functions.devices()).toMatchObject([{ id: device_id, name: 'My phone', view_only: false }]);

  // What Lua adds to a signal does not travel.
  const sealed = well(await functions.seal(identity, { type: 'answer', sdp: 'v=1', identity }));
  expect(sealed.peer).toBe(PEER);
  expect(session.channel.open(sealed.data)).toEqual({ type: 'answer', sdp: 'v=1' });
  expect(await functions.seal(identity, { type: 'answer' })).toMatchObject({ code: 'connection.bad_signal' });
  expect(hub.counters.snapshot()).toEqual({});
});

test('a code is good once: then there is another, and it is told', async () => {
  const { functions, named, dropped, pair } = open();
  const { url, handshake } = await pair(new TestDevice());
  await until(() => named('connection_code_ready').length === 1);
  const [{ url: next } = {}] = named('connection_code_ready');
  expect(next).not.toBe(url);
  expect(well(await functions.code(undefined)).url).toBe(next);
  expect(await dropped(new TestDevice().pair(url).data)).toBe('bad_secret');
  expect(await dropped(handshake.data)).toBe('replayed');
});

test('of two devices with the same code the one that goes on first is paired', async () => {
  const { functions, dropped } = open();
  const { url } = well(await functions.code(undefined));
  const [first, second] = [new TestDevice('first'), new TestDevice('second')].map((device) =>
    device.pair(url),
  );
  const sessions = [];
  for (const handshake of [first, second])
    sessions.push(
      answered(handshake as never, well(await functions.unseal(PEER, handshake?.data ?? '')).reply),
    );
  well(await functions.unseal(PEER, offer(sessions[1] as never)));
  expect(await dropped(offer(sessions[0] as never))).toBe('bad_secret');
  expect(await functions.devices()).toMatchObject([{ name: 'second' }]);
});

test('generate and regenerate tell the code; a view-only code pairs a device that may look on', async () => {
  const { functions, named, pair } = open();
  functions.generate({ view_only: true });
  const first = await until(() => named('connection_code_ready')[0]);
  expect(first).toMatchObject({ view_only: true, url: expect.stringContaining('#') as string });
  functions.generate({ view_only: true });
  expect(await until(() => named('connection_code_ready')[1])).toEqual(first);
  functions.regenerate({ view_only: true });
  const other = await until(() => named('connection_code_ready')[2]);
  expect(other['url']).not.toBe(first['url']);
  // The two kinds do not touch each other.
  const full = well(await functions.code(undefined));
  expect(full).toMatchObject({ view_only: false });
  expect(well(await functions.code({ view_only: true })).url).toBe(other['url']);
  expect(well(await functions.code({ renew: true })).url).not.toBe(full.url);

  const { first: said, session } = await pair(new TestDevice(), true);
  expect(said.view_only).toBe(true);
  expect(session.greeting.device.view_only).toBe(true);
  expect(await functions.devices()).toMatchObject([{ view_only: true }]);
});

test('without a page there is no code', async () => {
  const { hub, functions, named } = open();
  hub.web = undefined;
  expect(await functions.code(undefined)).toMatchObject({ code: 'connection.unavailable' });
  expect(await functions.copy_to_clipboard()).toMatchObject({ code: 'connection.unavailable' });
  functions.generate(undefined);
  expect(await until(() => named('connection_code_failed')[0])).toMatchObject({
    code: 'connection.unavailable',
  });
});

test('a paired device connects again, also after the hub was restarted, and as often as it likes', async () => {
  const before = open();
  const device = new TestDevice();
  const { hubKey } = await before.pair(device);
  await before.connect(device, hubKey);
  const address = await before.functions.address();
  const { url } = well(await before.functions.code(undefined));
  await before.stop();

  const { functions, connect, named, pair } = open(before.dataDir);
  expect(await functions.address()).toBe(address);
  expect(await functions.devices()).toMatchObject([{ name: 'Phone' }]);
  for (let n = 0; n < 20; n++) {
    const { session, first } = await connect(device, hubKey);
    expect(first.signal).toEqual({ type: 'offer', sdp: 'v=0' });
    expect(session.greeting.device.name).toBe('Phone');
  }
  expect(named('device_session')).toHaveLength(20);
  // Bounded: the oldest went.
  expect(named('device_session_ended')).toHaveLength(4);
  // A URL that was shown before the restart still pairs.
  expect(well(await functions.code(undefined)).url).toBe(url);
  await pair(new TestDevice('Tablet'));
  expect(await functions.devices()).toMatchObject([{ name: 'Phone' }, { name: 'Tablet' }]);
});

test('a revoked device is out at once, and stays so; it may pair again', async () => {
  const { hub, functions, named, dropped, pair, connect, stop, dataDir } = open();
  const device = new TestDevice();
  const { hubKey, session, first } = await pair(device);
  expect(await functions.revoke_device(first.device_id)).toBeUndefined();
  expect(named('device_session_ended')).toEqual([{ identity: first.identity }]);
  expect(named('device_revoked')).toEqual([{ device_id: first.device_id }]);
  expect(await dropped(offer(session))).toBe('unknown_connection');
  expect(await dropped(device.connect(hubKey).data)).toBe('revoked');
  expect(await functions.seal(first.identity, { type: 'rekey' })).toMatchObject({
    code: 'connection.no_session',
  });
  expect(hub.counters.get('connection.dropped_revoked')).toBe(1);
  await stop();

  const after = open(dataDir);
  expect(await after.functions.devices()).toEqual([]);
  expect(await after.dropped(device.connect(hubKey).data)).toBe('revoked');
  await after.pair(device);
  await after.connect(device, hubKey);
  expect(await connect(device, hubKey).catch((thrown: unknown) => thrown)).toBeInstanceOf(Error);
});

test('devices are renamed, and limited or not, and that is told', async () => {
  const { functions, named, pair, connect } = open();
  const device = new TestDevice();
  const { first, hubKey } = await pair(device);
  const id = first.device_id;
  expect(await functions.rename_device(id, '  Telefon ')).toBeUndefined();
  expect(await functions.set_view_only(id, true)).toBeUndefined();
  expect(named('device_changed')).toEqual([
    { device_id: id, name: 'Telefon', view_only: false },
    { device_id: id, name: 'Telefon', view_only: true },
  ]);
  const again = await connect(device, hubKey);
  expect(again.session.greeting.device).toEqual({ id, name: 'Telefon', view_only: true });
  expect(again.first.view_only).toBe(true);

  expect(await functions.rename_device(id, ' \u0000 ')).toMatchObject({ code: 'connection.bad_name' });
  expect(await functions.rename_device(id, 'x'.repeat(101))).toMatchObject({ code: 'connection.bad_name' });
  for (const failed of [
    await functions.rename_device('nobody', 'x'),
    await functions.set_view_only('nobody', true),
    await functions.revoke_device('nobody'),
  ])
    expect(failed).toMatchObject({ code: 'connection.unknown_device' });
});

test('what is unknown, repeated, changed, out of order, too large or nonsense is dropped and counted', async () => {
  const { hub, dropped, pair, functions } = open();
  const device = new TestDevice();
  const { hubKey, session, handshake } = await pair(device);
  expect(await dropped(new TestDevice().connect(hubKey).data)).toBe('unknown_device');
  const old = device.connect(hubKey);
  well(await functions.unseal(PEER, device.connect(hubKey).data));
  expect(await dropped(old.data)).toBe('replayed');
  expect(await dropped(handshake.data)).toBe('replayed');
  const data = offer(session);
  expect(await dropped(`${data.slice(0, -6)}AAAAAA`)).toBe('tampered');
  well(await functions.unseal(PEER, data));
  expect(await dropped(data)).toBe('replayed');
  expect(await dropped('A'.repeat(70_000))).toBe('oversized');
  expect(await dropped('')).toBe('malformed');
  expect(await dropped('nonsense')).toBe('malformed');
  expect(await functions.unseal('a peer as no relay has it', data)).toMatchObject({
    details: { reason: 'malformed' },
  });
  const stranger = sodium.keyPair();
  expect(await dropped(device.connect(stranger.publicKey).data)).toBe('tampered');
  expect(hub.counters.snapshot()).toMatchObject({
    'connection.dropped_unknown_device': 1,
    'connection.dropped_replayed': 3,
    'connection.dropped_tampered': 2,
    'connection.dropped_oversized': 1,
    'connection.dropped_malformed': 3,
  });
});

test('restart_ratchet throws the keys away, and has what the device is to be told', async () => {
  const { functions, named, dropped, pair, connect } = open();
  const device = new TestDevice();
  const { hubKey, session, first } = await pair(device);
  const second = await connect(device, hubKey);
  expect(await functions.restart_ratchet(first.identity)).toBe(1);
  const [told] = named('device_rekey');
  expect(told).toMatchObject({ identity: first.identity, device_id: first.device_id, peer: PEER });
  expect(session.channel.open(told?.['data'] as string)).toEqual({ type: 'rekey' });
  expect(await dropped(offer(session))).toBe('unknown_connection');
  well(await functions.unseal(PEER, offer(second.session)));
  expect(await functions.restart_ratchet(first.device_id)).toBe(1);
  expect(await functions.restart_ratchet(first.device_id)).toBe(0);
});

test('a thousand greetings with wrong secrets: no answer, all counted, and the right one works later', async () => {
  const { hub, functions } = open();
  const { url } = well(await functions.code(undefined));
  const { hubKey } = codeOf(url);
  const device = new TestDevice();
  const wrong = `http://x/#${Buffer.concat([Buffer.of(1), hubKey, Buffer.alloc(16)]).toString('base64url')}`;
  const all = await Promise.all(
    Array.from({ length: 1_000 }, () => functions.unseal(PEER, device.pair(wrong).data)),
  );
  for (const result of all) expect(result).toMatchObject({ code: 'connection.dropped' });
  const counted = (reason: string): number => hub.counters.get(`connection.dropped_${reason}`);
  expect(counted('bad_secret')).toBeGreaterThanOrEqual(100);
  expect(counted('bad_secret') + counted('too_many')).toBe(1_000);
  for (;;) {
    const handshake = device.pair(url);
    const result = await functions.unseal(PEER, handshake.data);
    if (!(result instanceof HubError)) break;
    expect((result as HubError).details).toEqual({ reason: 'too_many' });
  }
  expect(await functions.devices()).toEqual([]);
});

test('keys are encrypted, in files and a folder of nobody else', async () => {
  const { dataDir, pair } = open();
  const device = new TestDevice('Unmistakable name');
  await pair(device);
  const folder = join(dataDir, 'hubs/0123456789abcdef/pairing');
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect(mode(folder)).toBe('700');
  expect(readdirSync(folder)).toEqual(['devices.box']);
  expect(mode(join(folder, 'devices.box'))).toBe('600');
  expect(mode(join(dataDir, 'pairing.key'))).toBe('600');
  const content = readFileSync(join(folder, 'devices.box'));
  for (const secret of [
    'Unmistakable',
    'public_key',
    Buffer.from(device.keys.publicKey).toString('base64url'),
  ])
    expect(content.includes(secret)).toBe(false);
});

test.each(['content', 'key'])('a store with a damaged %s is kept aside, and that is told', async (what) => {
  const before = open();
  const device = new TestDevice();
  const { hubKey } = await before.pair(device);
  await before.stop();
  const folder = join(before.dataDir, 'hubs/0123456789abcdef/pairing');
  const store = join(folder, 'devices.box');
  const content = readFileSync(store);
  if (what === 'content') {
    content[60] = (content[60] as number) ^ 1;
    writeFileSync(store, content);
  } else writeFileSync(join(before.dataDir, 'pairing.key'), Buffer.alloc(32, 1));

  const { functions, named, dropped } = open(before.dataDir);
  expect(await functions.devices()).toEqual([]);
  const [{ kept_at } = {}] = named('connection_store_damaged');
  expect(kept_at).toMatch(/devices\.box\.damaged-/);
  expect(readFileSync(kept_at as string)).toEqual(content);
  expect(await functions.address()).not.toBe(device.connect(hubKey).hubAddress);
  expect(await dropped(device.connect(hubKey).data)).toBe('tampered');
});

test('keys that cannot be kept safe are not used', async () => {
  const dataDir = tempDir();
  writeFileSync(join(dataDir, 'pairing.key'), Buffer.alloc(32), { mode: 0o644 });
  const { functions } = open(dataDir);
  expect(await functions.devices()).toMatchObject({
    code: 'connection.storage',
    message: expect.stringContaining('chmod 600') as string,
  });
  const other = tempDir();
  mkdirSync(join(other, 'hubs/0123456789abcdef/pairing'), { recursive: true, mode: 0o755 });
  expect(await open(other).functions.address()).toMatchObject({
    code: 'connection.storage',
    message: expect.stringContaining('chmod 700') as string,
  });
});

test('the ICE servers of the configuration are told to devices', async () => {
  const { dataDir, pair } = open();
  const servers = [{ urls: ['turn:turn.example:3478'], username: 'u', credential: 'c' }];
  const config = { 'webrtc.ice_servers': servers, 'webrtc.relay_only': true };
  writeFileSync(join(dataDir, 'config.json'), JSON.stringify(config));
  const { session } = await pair(new TestDevice());
  expect(session.greeting.ice).toEqual({ servers, relay_only: true });
});

test('a worker that dies takes its connections with it: that is told, and devices come back', async () => {
  const { hub, functions, named, pair, stop } = open();
  const { first } = await pair(new TestDevice());
  await stop();
  hub.notify('worker.restarted', { worker: 'connection', reason: 'x', restarts: 1 });
  expect(named('device_session_ended')).toEqual([{ identity: first.identity }]);
  expect(await functions.address()).toMatchObject({ code: 'connection.lost' });
});

test('Lua waits for it, or is called back', async () => {
  const { run } = openLuaHost();
  const [address, same] = await run(`
    local address = assert(connection.address())
    local devices, called = assert(connection.devices()), nil
    assert(#devices == 0)
    connection.address(function(value, err) called = value or err end)
    while not called do timer.sleep(0.001) end
    return address, called == address`);
  expect([typeof address, same]).toEqual(['string', true]);
});
