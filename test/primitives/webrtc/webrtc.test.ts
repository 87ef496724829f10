/** What devices ask of the hub and scripts say to devices, with the real worker. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fail } from '../../../base/errors.js';
import { until } from '../../support/until.js';
import { WebrtcHub } from '../../support/webrtc-hub.js';

const PEER = 'device1:0000000000000000';

test('other requests are carried out by the hub, with progress, failures and all', async () => {
  const hub = new WebrtcHub();
  hub.request = (method, params, report) => {
    if (method === 'agent.rm') return Promise.resolve(fail('agent.not_found', 'no such agent'));
    report({ stage: 'first' });
    return Promise.resolve({ method, params });
  };
  const device = await hub.connected();
  expect(await device.request('agent.list', { all: true })).toEqual({
    method: 'agent.list',
    params: { all: true },
  });
  await until(() => device.events.length > 0);
  expect(device.events[0]!.data).toEqual({ stage: 'first', request_id: 1 });
  expect(await device.codeOf(device.request('agent.rm'))).toBe('agent.not_found');
  expect(await device.codeOf(device.request('stop'))).toBe('device.not_allowed');
});

test('an answer of megabytes arrives whole', async () => {
  const hub = new WebrtcHub();
  const long = 'x'.repeat(1_500_000);
  hub.request = () => Promise.resolve(long);
  const device = await hub.connected();
  expect(await device.request('status')).toBe(long);
  expect(device.largestMessage).toBeLessThanOrEqual(16 * 1024);
});

test('requests beyond the bound are refused while others are open', async () => {
  const hub = new WebrtcHub();
  const open: (() => void)[] = [];
  hub.request = () => new Promise((resolve) => open.push(() => resolve('done')));
  const device = await hub.connected();
  const codes = Array.from({ length: 33 }, () => device.codeOf(device.request('status')));
  expect(await Promise.race(codes)).toBe('webrtc.too_many_requests');
  await until(() => open.length === 32);
  for (const answer of open) answer();
  expect((await Promise.all(codes)).filter((code) => code === 'ok')).toHaveLength(32);
});

test('scripts and devices send each other messages and bytes', async () => {
  const hub = new WebrtcHub();
  const device = await hub.connected();
  device.say({ type: 'app', data: { hello: 'hub' } });
  expect(await hub.fact('webrtc_message')).toEqual({ peer_id: PEER, data: { hello: 'hub' } });
  expect(hub.functions.send(PEER, { hello: 'device', list: [1, 2.5] })).toBeUndefined();
  expect(hub.functions.send_binary(PEER, Uint8Array.of(0, 255))).toBeUndefined();
  expect(hub.functions._tell(PEER, 'pty_forwarder', { session_uuid: 'u' })).toBeUndefined();
  await until(() => device.apps.length === 2 && device.events.length === 1);
  expect(device.apps.map(({ data }) => data)).toEqual([
    { hello: 'device', list: [1, 2.5] },
    { binary_base64: 'AP8=' },
  ]);
  expect(hub.functions.send(PEER, Number.NaN)).toMatchObject({ code: 'webrtc.bad_value' });
  expect(hub.functions.send(PEER, 'x'.repeat(1024 * 1024))).toMatchObject({ code: 'webrtc.bad_value' });
  expect(hub.functions.send('nobody', {})).toMatchObject({ code: 'webrtc.no_peer' });
});

test('what scripts send to one device is bounded', async () => {
  const hub = new WebrtcHub();
  await hub.connected();
  const codes = Array.from({ length: 6 }, () => hub.functions.send(PEER, 'x'.repeat(1_000_000))?.code);
  expect(codes.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
  expect(codes[5]).toBe('webrtc.queue_full');
});

test('a peer is closed with a reason, and its number is not used again', async () => {
  const hub = new WebrtcHub();
  const device = await hub.connected();
  expect(hub.functions.close_peer(PEER, 'enough')).toBe(true);
  await until(() => device.isClosed && device.error !== undefined);
  expect(device.error).toMatchObject({ code: 'webrtc.closed', message: 'enough' });
  expect(await hub.fact('webrtc_peer_disconnected')).toMatchObject({ peer_id: PEER });
  expect(hub.functions.close_peer(PEER, undefined)).toBe(false);
});

test('when the worker dies, its peers are told to be gone', async () => {
  const hub = new WebrtcHub();
  await hub.connected();
  await hub.crashWorkers();
  hub.notify('worker.restarted', { worker: 'webrtc' });
  expect(await hub.fact('webrtc_peer_disconnected')).toMatchObject({ peer_id: PEER });
});

test('with settings that cannot be used, no connection is made', async () => {
  const hub = new WebrtcHub();
  const { sdp } = await hub.device({ identity: 'a:1', device_id: 'a' }).rtc.createOffer();
  writeFileSync(`${hub.identity.dataDir}/config.json`, '{"webrtc.relay_only":"perhaps"}');
  expect(await hub.functions.handle_offer('a:1', sdp)).toMatchObject({ code: 'webrtc.unavailable' });
});

test('status says which browsers are connected and how, without asking the worker', async () => {
  const hub = new WebrtcHub();
  expect(hub.status()).toEqual({});
  await hub.connected();
  await hub.connected({ view_only: true });
  await until(() =>
    hub.status().browsers?.every(({ path, rtt_ms }) => path === 'direct' && rtt_ms !== undefined),
  );
  hub.notify('device_changed', { device_id: 'device1', name: 'Renamed', view_only: false });
  expect(hub.status()).toMatchObject({
    peers: 2,
    browsers: [
      { device_id: 'device1', name: 'Renamed', view_only: false },
      { device_id: 'device2', name: 'Device 2', view_only: true },
    ],
  });
  hub.functions.close_peer('device2:0000000000000000', undefined);
  await until(() => hub.status().peers === 1);
});
