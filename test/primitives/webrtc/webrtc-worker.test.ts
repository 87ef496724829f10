/** The worker with real connections over the machine's network, and a real session host. */
import { describe, expect, test } from 'vitest';
import { BUFFERED_BYTES } from '../../../session-link/host-relay.js';
import { until } from '../../support/until.js';
import type { DeviceAttach } from '../../support/webrtc-device.js';
import { DeviceThread } from '../../support/webrtc-device-thread.js';
import { WebrtcHub } from '../../support/webrtc-hub.js';

const FLOOD = ['-c', 'while :; do echo "the quick brown fox jumps over the lazy dog"; done'] as const;

async function listed(hub: WebrtcHub): Promise<Record<string, unknown>[]> {
  return (await hub.functions.peers()) as Record<string, unknown>[];
}

describe('sessions', () => {
  test('a device connects, attaches, types, sees the echo and resizes', async () => {
    const hub = new WebrtcHub();
    const host = await hub.startHost();
    const session = await (await host.connect()).spawn('cat');
    const device = await hub.connected();
    expect(device.hello).toMatchObject({ client: 'hub', hub_id: hub.identity.hubId });
    expect(await hub.fact('webrtc_peer_connected')).toEqual({
      peer_id: 'device1:0000000000000000',
      device_id: 'device1',
    });
    const attach = await device.attach(session.uuid, 7, { rows: 30, cols: 100 });
    attach.type('hello there\r');
    await until(() => attach.text.includes('hello there\r\nhello there'));
    await device.request('session.resize', { id: session.uuid, rows: 40, cols: 120 });
    await until(() => device.events.some(({ name }) => name === 'attach.resized'));
    expect(attach.fault).toBeUndefined();
    expect(await listed(hub)).toMatchObject([{ device_id: 'device1', view_only: false, path: 'host' }]);
  });

  test('while sessions flood, every ping is answered, an echo arrives and no byte is missing', async () => {
    const hub = new WebrtcHub();
    const connection = await (await hub.startHost()).connect();
    const device = await hub.connected();
    const floods: DeviceAttach[] = [];
    for (let attach = 1; attach <= 3; attach++)
      floods.push(await device.attach((await connection.spawn('sh', FLOOD)).uuid, attach));
    const quiet = await device.attach((await connection.spawn('cat')).uuid, 4);
    for (let id = 1; id <= 40; id++) {
      device.say({ type: 'dc_ping', id });
      if (id === 20) quiet.type('typed meanwhile\r');
      await until(() => device.pongs.length === id);
    }
    await until(() => quiet.text.includes('typed meanwhile\r\ntyped meanwhile'));
    await until(() => floods.every(({ received }) => received > 64 * 1024));
    expect(device.pongs.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect([...floods, quiet].map(({ fault }) => fault)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(device.largestMessage).toBeLessThanOrEqual(16 * 1024);
  });

  test('a device that reads nothing costs a bounded amount, and the others do not notice', async () => {
    const hub = new WebrtcHub();
    const connection = await (await hub.startHost()).connect();
    const frozen = new DeviceThread(hub, 'frozen');
    await frozen.connected();
    for (let n = 0; n < 1; n++) {
      const { uuid } = await connection.spawn('sh', FLOOD);
      await frozen.attach(uuid, 16 * 1024 * 1024);
    }
    await until(() => frozen.receivedBytes > 0);
    frozen.freeze();
    const device = await hub.connected();
    const flood = await device.attach((await connection.spawn('sh', FLOOD)).uuid, 1);
    await until(() => flood.received > 1024 * 1024);
    const [peer] = await listed(hub);
    expect(peer).toMatchObject({ device_id: 'frozen' });
    expect(peer!['queued_bytes']).toBeLessThan(BUFFERED_BYTES);
    device.say({ type: 'dc_ping', id: 1 });
    await until(() => device.pongs.length === 1);
  });

  test('pings are answered while the hub is blocked', async () => {
    const hub = new WebrtcHub();
    const device = new DeviceThread(hub, 'pinging');
    await device.connected();
    await until(() => device.pongs > 5);
    const before = device.pongs;
    // The main thread of this process is the hub's.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    expect(device.pongs - before).toBeGreaterThan(10);
    expect(device.pings - device.pongs).toBeLessThan(20);
  });

  test('attaches beyond the bound are refused, one by one, and the others go on', async () => {
    const hub = new WebrtcHub();
    const connection = await (await hub.startHost()).connect();
    const { uuid } = await connection.spawn('cat');
    const device = await hub.connected();
    const codes = new Map<string, number>();
    for (let attach = 0; attach < 1_000; attach += 25) {
      const some = Array.from({ length: 25 }, (_, i) =>
        device.codeOf(device.request('session.attach', { id: uuid, attach: attach + i, credit: 1 })),
      );
      for (const code of await Promise.all(some)) codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(Object.fromEntries(codes)).toEqual({ ok: 64, 'host.too_many_attaches': 936 });
    expect(await device.codeOf(device.request('session.attach', { id: uuid, attach: 0, credit: 1 }))).toBe(
      'session.attach_in_use',
    );
    expect(await device.codeOf(device.request('session.detach', { attach: 0 }))).toBe('ok');
    const again = await device.attach(uuid, 0);
    again.type('still here\r');
    await until(() => again.text.includes('still here'));
  });

  test('when the session host dies, requests fail with host.lost and the device is told', async () => {
    const hub = new WebrtcHub();
    const host = await hub.startHost();
    const { uuid } = await (await host.connect()).spawn('cat');
    const device = await hub.connected();
    await device.attach(uuid, 1);
    host.child.kill('SIGKILL');
    await until(() => device.events.some(({ name }) => name === 'host.lost'));
    expect(await device.codeOf(device.request('session.list', {}))).toBe('ok');
  });
});

describe('what a viewer may do', () => {
  test('it looks on: typing, changing and asking more are refused, whatever it says of itself', async () => {
    const hub = new WebrtcHub();
    const connection = await (await hub.startHost()).connect();
    const { uuid } = await connection.spawn('cat');
    const viewer = await hub.connected({ view_only: true });
    for (const [method, params] of [
      ['session.send', { id: uuid, data_base64: 'aGk=' }],
      ['session.resize', { id: uuid, rows: 10, cols: 10 }],
      ['session.kill', { id: uuid }],
      ['agent.new', {}],
      ['connection.code', {}],
    ] as const)
      expect(await viewer.codeOf(viewer.request(method, params))).toBe('device.view_only');
    expect(await viewer.codeOf(viewer.request('eval', { code: 'os.exit()' }))).toBe('device.not_allowed');
    const attach = await viewer.attach(uuid, 1, { view_only: false, rows: 5, cols: 5 });
    attach.type('not to be seen');
    attach.type('nor this');
    await until(() => viewer.events.some(({ name }) => name === 'attach.input_refused'));
    const user = await hub.connected();
    const other = await user.attach(uuid, 1);
    other.type('from the user\r');
    await until(() => attach.text.includes('from the user'));
    expect(attach.text).not.toContain('not to be seen');
    expect(viewer.events.filter(({ name }) => name === 'attach.input_refused')).toHaveLength(1);
    await until(() => hub.counters.get('webrtc.viewer_input_dropped') === 2);
    expect((await connection.record(uuid)).rows).toBe(24);
    viewer.say({ type: 'app', data: { run: 'something' } });
    await until(() => viewer.events.some(({ name }) => name === 'app.refused'));
    expect(hub.facts.some(({ name }) => name === 'webrtc_message')).toBe(false);
  });
});

describe('who may connect', () => {
  test('an identity that nobody vouched for, and one that was revoked, get no answer', async () => {
    const hub = new WebrtcHub();
    const device = hub.device({ identity: 'x:0', device_id: 'x' });
    const offer = await device.rtc.createOffer();
    expect(await hub.functions.handle_offer('stranger:0', offer.sdp)).toMatchObject({
      code: 'webrtc.unknown_device',
    });
    hub.notify('device_revoked', { device_id: 'x' });
    expect(await hub.functions.handle_offer('x:0', offer.sdp)).toMatchObject({
      code: 'webrtc.unknown_device',
    });
    expect(hub.functions.handle_ice_candidate('x:0', { candidate: 'candidate:1' })).toMatchObject({
      code: 'webrtc.unknown_device',
    });
    expect(await listed(hub)).toEqual([]);
  });

  test('a revoked device is told and cut off at once; the others stay', async () => {
    const hub = new WebrtcHub();
    const [first, second] = [await hub.connected(), await hub.connected()];
    hub.notify('device_revoked', { device_id: 'device1' });
    await until(() => first.error !== undefined && first.isClosed);
    expect(first.error!.code).toBe('device.revoked');
    expect(await hub.fact('webrtc_peer_disconnected')).toMatchObject({ device_id: 'device1' });
    second.say({ type: 'dc_ping', id: 1 });
    await until(() => second.pongs.length === 1);
  });

  test('a device that becomes view-only must connect again; a new name changes nothing', async () => {
    const hub = new WebrtcHub();
    const device = await hub.connected();
    hub.notify('device_changed', { device_id: 'device1', name: 'New', view_only: false });
    device.say({ type: 'dc_ping', id: 1 });
    await until(() => device.pongs.length === 1);
    hub.notify('device_changed', { device_id: 'device1', name: 'New', view_only: true });
    await until(() => device.error !== undefined && device.isClosed);
    expect(device.error!.code).toBe('device.role_changed');
  });

  test('a second connection of one identity takes the place of the first', async () => {
    const hub = new WebrtcHub();
    const first = await hub.connected({ identity: 'a:1', device_id: 'a' });
    const second = await hub.connected({ identity: 'a:1', device_id: 'a' });
    await until(() => first.isClosed);
    expect(first.error?.code).toBe('webrtc.replaced');
    expect((await listed(hub)).map(({ peer_id }) => peer_id)).toEqual(['a:1']);
    expect(second.isClosed).toBe(false);
  });
});

describe('bad input', () => {
  test('an SDP of 10 MB, one with media, one without a fingerprint are refused; offers have a rate', async () => {
    const hub = new WebrtcHub();
    const device = hub.device({ identity: 'a:1', device_id: 'a' });
    const { sdp } = await device.rtc.createOffer();
    const refusal = async (text: string): Promise<unknown> =>
      ((await hub.functions.handle_offer('a:1', text)) as { code: string } | undefined)?.code;
    expect(await refusal(sdp + 'x'.repeat(10 * 1024 * 1024))).toBe('webrtc.sdp_too_large');
    expect(await refusal(sdp + 'é'.repeat(20 * 1024))).toBe('webrtc.sdp_too_large');
    expect(await refusal(`${sdp}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`)).toBe('webrtc.bad_sdp');
    expect(await refusal(sdp.replace(/^a=fingerprint.*$/gm, 'a=x'))).toBe('webrtc.bad_sdp');
    expect(await refusal('')).toBe('webrtc.bad_sdp');
    let code: unknown;
    for (let n = 0; n < 30 && code !== 'webrtc.too_many_offers'; n++) code = await refusal('v=0');
    expect(code).toBe('webrtc.too_many_offers');
    await until(() => hub.counters.get('webrtc.offers_refused') > 5);
  });

  test('a device has eight connections at most', async () => {
    const hub = new WebrtcHub();
    const { sdp } = await hub.device().rtc.createOffer();
    const codes: unknown[] = [];
    for (let n = 0; n < 9; n++) {
      hub.notify('device_session', { identity: `a:${n}`, device_id: 'a', name: 'A', view_only: false });
      codes.push(((await hub.functions.handle_offer(`a:${n}`, sdp)) as { code: string } | undefined)?.code);
    }
    expect(codes).toEqual([...Array.from({ length: 8 }, () => undefined), 'webrtc.too_many_peers']);
  });

  test.each([
    ['bytes that are no frame', new Uint8Array(64).fill(255)],
    ['a frame of 1 GB that is only announced', Uint8Array.of(0x40, 0, 0, 0, 1)],
    ['a message that is no JSON', Uint8Array.of(0, 0, 0, 3, 1, 0x7b, 0x7b)],
    ['a terminal frame that only hubs send', Uint8Array.of(0, 0, 0, 2, 2, 0)],
    ['credit without a number', Uint8Array.of(0, 0, 0, 2, 5, 0)],
  ])('%s ends that connection and no other', async (_, bytes) => {
    const hub = new WebrtcHub();
    const [bad, good] = [await hub.connected(), await hub.connected()];
    bad.raw(bytes);
    await until(() => bad.error !== undefined && bad.isClosed);
    expect(bad.error!.code).toMatch(/^protocol\./);
    good.say({ type: 'dc_ping', id: 1 });
    await until(() => good.pongs.length === 1);
    expect(await listed(hub)).toHaveLength(1);
  });

  test('a channel of another name, or without order, ends the connection', async () => {
    const hub = new WebrtcHub();
    const odd = hub.device({ channels: [{ label: 'control' }, { label: 'video' }] });
    const loose = hub.device({ channels: [{ label: 'control', ordered: false }, { label: 'bytes' }] });
    await Promise.all([odd.connect(), loose.connect()]);
    await until(() => odd.isClosed && loose.isClosed);
    expect(await listed(hub)).toEqual([]);
  });

  test('a device that does not begin with hello, or speaks another version, is told why', async () => {
    const hub = new WebrtcHub();
    const [rude, old] = [hub.device({ greets: false }), hub.device({ greets: false })];
    await Promise.all([rude.connect(), old.connect()]);
    await until(() => rude.hello !== undefined && old.hello !== undefined);
    rude.say({ type: 'dc_ping', id: 1 });
    old.greet({ protocol_version: 99 });
    await until(() => rude.error !== undefined && old.error !== undefined);
    expect(rude.error!.code).toBe('protocol.hello_expected');
    expect(old.error!.code).toBe('protocol.version_mismatch');
  });
});
