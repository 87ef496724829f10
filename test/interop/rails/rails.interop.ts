/**
 * The hub's `action_cable` and a device, through a real Rails Action Cable server. Not part of the normal suite, since it
 * needs Debian's Rails: `.ci/interop` runs it.
 */
import { expect, test } from 'vitest';
import type { LuaValue } from '../../../base/values.js';
import { SIGNAL_CHANNEL } from '../../../protocol/signals.js';
import { answered, offer, TestDevice } from '../../primitives/connection/device.js';
import { type LuaHost, openLuaHost } from '../../support/lua-host.js';
import { answering, noRequests } from '../../support/signaling-lua.js';
import { until } from '../../support/until.js';
import { Device } from './device.js';
import { RailsServer } from './rails-server.js';

const hub = 'hubhubhubhubhubhubhubA';
const peer = 'peerpeerpeerpeerpeerpA';
const asDevice = { channel: SIGNAL_CHANNEL, hub, role: 'device', peer };

type Fact = Readonly<Record<string, LuaValue>>;

/** A hub whose plugin notes facts and signals. */
async function openHub(url: string, address = hub): Promise<LuaHost> {
  const host = openLuaHost();
  await host.run(
    `facts, heard = {}, {}
     for _, name in ipairs { "connected", "disconnected", "subscribed", "rejected" } do
       events.on("action_cable_" .. name, function(fact) fact.fact = name facts[#facts + 1] = fact end)
     end
     local url, address = ...
     conn = assert(action_cable.connect{ url = url })
     channel = assert(action_cable.subscribe(conn, "SignalChannel", { hub = address, role = "hub" },
       function(msg) heard[#heard + 1] = msg end))`,
    url,
    address,
  );
  return host;
}

/** Waits for the fact of a kind, the `nth` of it. */
async function factOf({ run }: LuaHost, name: string, nth = 1): Promise<Fact> {
  return await until(async () => {
    const [facts] = await run('return json.array(facts)');
    return (facts as readonly Fact[]).filter(({ fact }) => fact === name)[nth - 1];
  });
}

async function heardBy({ run }: LuaHost, count: number): Promise<readonly LuaValue[]> {
  return await until(async () => {
    const [heard] = (await run('return json.array(heard)')) as [readonly LuaValue[]];
    return heard.length >= count ? heard : undefined;
  });
}

/** A signal each way. */
async function roundTrip(host: LuaHost, device: Device, text: string, before: number): Promise<void> {
  device.perform(asDevice, { action: 'signal', data: `to hub ${text}` });
  expect((await heardBy(host, before + 1))[before]).toEqual({ peer, data: `to hub ${text}` });
  const heard = device.heard.length;
  await host.run(`assert(action_cable.perform(channel, "signal", { peer = "${peer}", data = ... }))`, text);
  await until(() => device.heard.length === heard + 1);
  expect(device.heard[heard]).toEqual({ data: text });
}

test('signals go both ways', async () => {
  const rails = await RailsServer.start();
  const host = await openHub(rails.url);
  await factOf(host, 'subscribed');
  const device = new Device(rails.url);
  expect(await device.subscribe(asDevice)).toBe(true);
  await roundTrip(host, device, 'hello', 0);
  // As large as they get, and any text.
  await roundTrip(host, device, 'x'.repeat(64 * 1024), 1);
  await roundTrip(host, device, 'ä "quoted" \\ \u{1f600}', 2);
});

test('another hub’s signals are not heard', async () => {
  const rails = await RailsServer.start();
  const [host, other] = [await openHub(rails.url), await openHub(rails.url, 'otherotherotherotherAA')];
  await factOf(host, 'subscribed');
  await factOf(other, 'subscribed');
  const device = new Device(rails.url);
  await device.subscribe(asDevice);
  await roundTrip(host, device, 'hello', 0);
  expect(await other.run('return #heard')).toEqual([0]);
});

test('300 signals each way arrive', async () => {
  const rails = await RailsServer.start();
  const host = await openHub(rails.url);
  await factOf(host, 'subscribed');
  const device = new Device(rails.url);
  await device.subscribe(asDevice);
  await host.run(
    `for n = 1, 300 do assert(action_cable.perform(channel, "signal", { peer = "${peer}", data = n })) end`,
  );
  for (let n = 1; n <= 300; n++) device.perform(asDevice, { action: 'signal', data: n });
  const heard = (await heardBy(host, 300)) as { data: number }[];
  await until(() => device.heard.length === 300);
  const all = Array.from({ length: 300 }, (_, n) => n + 1);
  // Rails carries out the messages of one client on several threads, so their order is not certain.
  const sorted = (messages: { data: number }[]) => messages.map(({ data }) => data).sort((a, b) => a - b);
  expect(sorted(heard)).toEqual(all);
  expect(sorted(device.heard as { data: number }[])).toEqual(all);
});

test('a subscription that the server rejects is told', async () => {
  const rails = await RailsServer.start();
  const host = await openHub(rails.url, 'not an address');
  expect(await factOf(host, 'rejected')).toMatchObject({ channel: SIGNAL_CHANNEL, channel_id: 1 });
  const device = new Device(rails.url);
  expect(await device.subscribe({ ...asDevice, peer: 'short' })).toBe(false);
});

test('a connection that the server refuses is over', async () => {
  const rails = await RailsServer.start();
  const host = await openHub(`${rails.url}?as=stranger`);
  expect(await factOf(host, 'disconnected')).toMatchObject({
    reason: 'unauthorized',
    will_reconnect: false,
    url: rails.url,
  });
});

test('the server checks where a client comes from, and the hub passes', async () => {
  const rails = await RailsServer.start();
  const stranger = new Device(rails.url, 'http://example.com');
  await until(() => stranger.closed);
  expect(stranger.said).toEqual([]);
});

test('a server that is killed and started again: signals go on', async () => {
  const rails = await RailsServer.start();
  const host = await openHub(rails.url);
  await factOf(host, 'subscribed');
  await rails.kill();
  expect(await factOf(host, 'disconnected')).toMatchObject({ will_reconnect: true });
  const again = await RailsServer.start(rails.port);
  expect(await factOf(host, 'subscribed', 2)).toMatchObject({ again: true });
  const device = new Device(again.url);
  expect(await device.subscribe(asDevice)).toBe(true);
  await roundTrip(host, device, 'again', 0);
});

test('a server that hangs is noticed, and found again when it goes on', async () => {
  const rails = await RailsServer.start();
  const host = await openHub(rails.url);
  await factOf(host, 'subscribed');
  rails.signal('SIGSTOP');
  expect(await factOf(host, 'disconnected')).toMatchObject({
    reason: 'the server fell silent',
    will_reconnect: true,
  });
  rails.signal('SIGCONT');
  await factOf(host, 'subscribed', 2);
});

test('a device pairs through it, and what it says and hears is sealed', async () => {
  const rails = await RailsServer.start();
  const web = { page_url: `http://127.0.0.1:${rails.port}/`, cable_url: rails.url };
  const { run } = openLuaHost({ doors: { ...noRequests, web: () => Promise.resolve(web) } });
  await run(answering);
  const handshake = new TestDevice().pair((await run('return connection.code().url'))[0] as string);
  const device = new Device(rails.url);
  const params = { ...asDevice, hub: handshake.hubAddress };
  expect(await device.subscribe(params)).toBe(true);
  const heard = async (count: number): Promise<string> => {
    const message = await until(() => device.heard[count - 1]);
    return (message as { data: string }).data;
  };
  device.perform(params, { action: 'signal', data: handshake.data });
  const session = answered(handshake, await heard(1));
  for (const [n, sdp] of ['v=0', 'v=1'].entries()) {
    device.perform(params, { action: 'signal', data: offer(session, sdp) });
    const answer = await heard(2 + n);
    expect(session.channel.open(answer)).toEqual({ type: 'answer', sdp: `answer to ${sdp}` });
  }
  // Rails does not keep the order of a burst.
  const burst = Array.from({ length: 30 }, (_, n) => `v=${n + 2}`);
  for (const sdp of burst) device.perform(params, { action: 'signal', data: offer(session, sdp) });
  await heard(3 + burst.length);
  const answers = device.heard
    .slice(3)
    .map((message) => session.channel.open((message as { data: string }).data));
  expect(new Set(answers.map((signal) => ('sdp' in signal ? signal.sdp : signal)))).toEqual(
    new Set(burst.map((sdp) => `answer to ${sdp}`)),
  );
});
