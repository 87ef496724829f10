/** The hub's client against the hub's own relay, in the clear and sealed with the real `connection`. */
import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';
import { named, startRelay } from '../../support/relay.js';
import { answering, noRequests } from '../../support/signaling-lua.js';
import { until } from '../../support/until.js';
import { answered, offer, TestDevice } from '../connection/device.js';

const hub = named('hub');
const peer = named('peer');

async function signaling(url: string) {
  const host = openLuaHost();
  await host.run(
    `heard, subscribed = {}, 0
     events.on("action_cable_subscribed", function() subscribed = subscribed + 1 end)
     events.on("action_cable_rejected", function(fact) rejected = fact.channel_id end)
     local url, hub = ...
     conn = assert(action_cable.connect{ url = url .. "/cable" })
     channel = assert(action_cable.subscribe(conn, "SignalChannel", { hub = hub, role = "hub" },
       function(msg) heard[#heard + 1] = msg end))`,
    url,
    hub,
  );
  const subscribed = async (times: number): Promise<void> => {
    await until(async () => (await host.run('return subscribed >= ...', times))[0] === true);
  };
  await subscribed(1);
  return { host, subscribed };
}

test('signals go both ways, and on after the relay was restarted', async () => {
  const relay = await startRelay();
  const { host, subscribed } = await signaling(relay.url);
  const roundTrip = async ({ greeted }: typeof relay): Promise<void> => {
    const device = await greeted();
    const asDevice = await device.subscribe({ hub, role: 'device', peer });
    device.signal(asDevice, { data: 'up' });
    await until(async () => (await host.run('return #heard > 0'))[0] === true);
    expect(await host.run('return table.remove(heard)')).toEqual([{ peer, data: 'up' }]);
    await host.run('assert(action_cable.perform(channel, "signal", { peer = ..., data = "down" }))', peer);
    await device.heard({ identifier: asDevice, message: { data: 'down' } });
  };
  await roundTrip(relay);
  await relay.close();
  const again = await startRelay({ port: relay.port });
  await subscribed(2);
  await roundTrip(again);
});

test('what the relay does not offer is rejected', async () => {
  const relay = await startRelay();
  const { host } = await signaling(relay.url);
  await host.run('wrong = action_cable.subscribe(conn, "ChatChannel", {}, print)');
  await until(async () => (await host.run('return rejected == wrong'))[0] === true);
});

test('a hub that ends leaves no connection', async () => {
  const relay = await startRelay();
  const { host } = await signaling(relay.url);
  host.engine.scope.dispose();
  await until(() => relay.relay.load().connections === 0);
});

test('a device pairs through the relay, and what it says and hears is sealed', async () => {
  const relay = await startRelay();
  const web = { page_url: `${relay.url}/`, cable_url: `${relay.url}/cable` };
  const { run } = openLuaHost({ doors: { ...noRequests, web: () => Promise.resolve(web) } });
  await run(answering);
  const device = new TestDevice();
  const handshake = device.pair((await run('return connection.code().url'))[0] as string);
  const client = await relay.greeted();
  const asDevice = await client.subscribe({ hub: handshake.hubAddress, role: 'device', peer });
  const heard = async (): Promise<string> => {
    const frame = await until(() => client.frames.find(({ identifier }) => identifier === asDevice));
    client.frames.splice(0, client.frames.indexOf(frame) + 1);
    return (frame['message'] as { data: string }).data;
  };
  client.signal(asDevice, { data: handshake.data });
  const session = answered(handshake, await heard());
  for (const sdp of ['v=0', 'v=1']) {
    client.signal(asDevice, { data: offer(session, sdp) });
    expect(session.channel.open(await heard())).toEqual({ type: 'answer', sdp: `answer to ${sdp}` });
  }
  const [first] = (await run('return heard[1]')) as [object];
  expect(first).toEqual({
    type: 'offer',
    sdp: 'v=0',
    identity: handshake.identity,
    device_id: handshake.deviceId,
    view_only: false,
  });
});
