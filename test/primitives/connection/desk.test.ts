/** What needs time, or a disk that fails: on a virtual clock, without a thread. */
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSodium } from '../../../pairing/sodium.js';
import type { Told, Unsealed } from '../../../primitives/connection/connection.calls.js';
import { Desk } from '../../../primitives/connection/desk.js';
import type { PairingState } from '../../../primitives/connection/state.js';
import { Vault } from '../../../primitives/connection/vault.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { tempDir } from '../../support/temp-repo.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { answered, codeOf, offer, TestDevice } from './device.js';

const HOUR_MS = 3_600_000;
const PEER = 'p'.repeat(22);

type Calls = Record<string, (arg: object) => Promise<Told<unknown>>>;

function open(dataDir = tempDir(), clock = new VirtualClock()) {
  const complaints: string[] = [];
  const desk = new Desk({
    dataDir,
    stateDir: join(dataDir, 'hub'),
    hub: { hub_id: 'h', name: 'n', version: '1' },
    clock,
    complain: (message) => void complaints.push(message),
  });
  const calls = desk.calls as unknown as Calls;
  const call = async <T>(name: string, arg: object = {}): Promise<Told<T>> =>
    (await calls[name]?.(arg)) as Told<T>;
  const code = async (): Promise<string> =>
    `#${(await call<{ code: string }>('code', { view_only: false, renew: false })).value.code}`;
  const unseal = async (data: string): Promise<Told<Unsealed>> => await call('unseal', { peer: PEER, data });
  const greet = async (handshake: ReturnType<TestDevice['pair']>) => {
    const { value } = await unseal(handshake.data);
    if ('dropped' in value) throw new Error(value.dropped);
    return answered(handshake, value.reply);
  };
  const pair = async (device: TestDevice) => {
    const url = await code();
    const session = await greet(device.pair(url));
    const { value } = await unseal(offer(session));
    return { session, hubKey: codeOf(url).hubKey, value };
  };
  return {
    desk,
    call,
    code,
    unseal,
    greet,
    pair,
    clock,
    complaints,
    dataDir,
    store: join(dataDir, 'hub/pairing/devices.box'),
  };
}

test('a code that nobody uses is good for a day', async () => {
  const { code, unseal, greet, clock } = open();
  const url = await code();
  clock.advance(24 * HOUR_MS - 1);
  expect(await code()).toBe(url);
  await greet(new TestDevice().pair(url));
  clock.advance(1);
  expect((await unseal(new TestDevice().pair(url).data)).value).toEqual({ dropped: 'bad_secret' });
  expect(await code()).not.toBe(url);
});

test('a greeting that nothing follows is forgotten after a minute, a silent connection after a day', async () => {
  const { call, code, unseal, greet, pair, clock } = open();
  const device = new TestDevice();
  const url = await code();
  const session = await greet(device.pair(url));
  clock.advance(60_001);
  expect((await unseal(offer(session))).value).toEqual({ dropped: 'unknown_connection' });

  const paired = await pair(device);
  clock.advance(23 * HOUR_MS);
  expect((await unseal(offer(paired.session))).value).toMatchObject({ signal: { type: 'offer' } });
  clock.advance(24 * HOUR_MS);
  expect((await call('devices')).facts).toEqual([]);
  clock.advance(1);
  const { facts } = await unseal(offer(paired.session));
  expect(facts).toEqual([
    { name: 'device_session_ended', data: { identity: paired.session.channel.identity } },
  ]);
});

test('a device that cannot be written down is not paired, and its code is still good', async () => {
  const { call, code, unseal, greet, complaints, store } = open();
  const url = await code();
  rmSync(store);
  mkdirSync(store);
  const device = new TestDevice();
  const session = await greet(device.pair(url));
  const refused = await unseal(offer(session));
  expect(refused).toMatchObject({ value: { dropped: 'storage' }, facts: [], codes: [] });
  expect(complaints).toEqual([expect.stringContaining('could not be paired')]);
  expect((await call('devices')).value).toEqual([]);
  await expect(call('code', { view_only: false, renew: true })).rejects.toMatchObject({
    code: 'connection.storage',
  });

  rmdirSync(store);
  expect(await code()).toBe(url);
  const again = await greet(device.pair(url));
  expect((await unseal(offer(again))).value).toMatchObject({ signal: { type: 'offer' } });
});

test('what cannot be written down is taken back, but a revocation counts', async () => {
  const { call, unseal, pair, store } = open();
  const { session, value } = await pair(new TestDevice());
  const id = (value as { device_id: string }).device_id;
  rmSync(store);
  mkdirSync(store);
  await expect(call('rename', { id, name: 'x' })).rejects.toMatchObject({ code: 'connection.storage' });
  expect((await call('devices')).value).toMatchObject([{ name: 'Phone' }]);
  const told = await call('revoke', { id });
  expect(told).toMatchObject({ value: true, failed: expect.stringContaining('cannot be written') as string });
  expect(told.facts.map(({ name }) => name)).toEqual(['device_session_ended', 'device_revoked']);
  expect((await unseal(offer(session))).value).toEqual({ dropped: 'unknown_connection' });
  rmdirSync(store);
});

test('when a device greeted last is remembered over a restart', async () => {
  const before = open();
  const device = new TestDevice();
  const { hubKey } = await before.pair(device);
  const old = device.connect(hubKey);
  await before.greet(device.connect(hubKey));
  await before.desk.close();
  const { unseal } = open(before.dataDir);
  expect((await unseal(old.data)).value).toEqual({ dropped: 'replayed' });
});

test('what comes at the same time is answered in the order in which it came', async () => {
  const { unseal, pair } = open();
  const { session } = await pair(new TestDevice());
  const all = Array.from({ length: 50 }, (_, n) => offer(session, `v=${n}`));
  const values = await Promise.all(all.map(async (data) => (await unseal(data)).value));
  expect(values.map((value) => 'signal' in value && value.signal)).toEqual(
    all.map((_, n) => ({ type: 'offer', sdp: `v=${n}` })),
  );
});

test('a device whose clock was wrong can pair again', async () => {
  const { unseal, pair, greet } = open();
  const device = new TestDevice();
  device.sentMs = Number.MAX_SAFE_INTEGER - 10;
  const { hubKey } = await pair(device);
  device.sentMs = 1_000;
  expect((await unseal(device.connect(hubKey).data)).value).toEqual({ dropped: 'replayed' });
  await pair(device);
  await greet(device.connect(hubKey));
});

test('whatever else comes is dropped, and disturbs nobody', async () => {
  const { call, code, unseal, pair, clock } = open();
  const device = new TestDevice();
  const { session, hubKey } = await pair(device);
  const url = await code();
  const sources = [
    () => device.connect(hubKey).data,
    () => new TestDevice().pair(url).data,
    () => offer(session),
  ];
  const real = sources.map((make) => Buffer.from(make(), 'base64url'));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .record({ from: fc.constantFrom(...real), at: fc.nat(), bit: fc.nat(7) })
      .map(({ from, at, bit }) =>
        from.map((byte, index) => (index === at % from.length ? byte ^ (1 << bit) : byte)),
      ),
    fc
      .record({ from: fc.constantFrom(...real), end: fc.nat() })
      .map(({ from, end }) => from.subarray(0, end % from.length)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (data) => {
      clock.advance(100);
      const { value, facts } = await unseal(Buffer.from(data).toString('base64url'));
      expect([Object.keys(value), facts]).toEqual([['dropped'], []]);
    }),
    fuzz(1_000),
  );
  expect((await unseal(real[2]?.toString('base64url') ?? '')).value).toMatchObject({
    signal: { type: 'offer' },
  });
  expect((await call('devices')).value).toHaveLength(1);
});

test('bad ICE servers in the configuration keep nobody out', async () => {
  const { pair, complaints, dataDir } = open();
  writeFileSync(join(dataDir, 'config.json'), '{"webrtc.ice_servers": 5}');
  const { session } = await pair(new TestDevice());
  expect(session.greeting.ice).toEqual({ servers: [], relay_only: false });
  expect(complaints).toEqual([expect.stringContaining('no ICE servers')]);
});

test('a store of a newer botster is left alone', async () => {
  const { dataDir, call, store } = open();
  await call('address');
  const sodium = await loadSodium();
  const paths = { statePath: store, keyPath: join(dataDir, 'pairing.key') };
  const { vault, state } = await Vault.open(sodium, paths);
  await vault.save({ ...(state as PairingState), version: 2 });
  await expect(open(dataDir).call('address')).rejects.toMatchObject({
    code: 'connection.storage',
    message: expect.stringContaining('newer botster') as string,
  });
});

test('hubs that start at the same time have one key; one that is none is not replaced', async () => {
  const dataDir = tempDir();
  const sodium = await loadSodium();
  const keyPath = join(dataDir, 'pairing.key');
  const paths = Array.from({ length: 8 }, (_, n) => ({
    statePath: join(dataDir, `hub${n}/devices.box`),
    keyPath,
  }));
  const vaults = await Promise.all(paths.map((path) => Vault.open(sodium, path)));
  const state = { version: 1, hub_secret_key: 'A'.repeat(43), codes: [], devices: [], revoked: [] };
  await Promise.all(vaults.map(({ vault }) => vault.save(state)));
  for (const path of paths)
    expect(await Vault.open(sodium, path)).toMatchObject({ state, keptAt: undefined });
  writeFileSync(keyPath, 'short');
  await expect(Vault.open(sodium, paths[0] as never)).rejects.toMatchObject({
    message: expect.stringContaining('not a key any more') as string,
  });
});
