/** Who gets which signal. The primitives below are stood in for; test/e2e has them all. */
import { describe, expect, test } from 'vitest';
import type { LuaRecord } from '../../../base/values.js';
import { openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

const STUBS = `
noted = json.array()
local function note(...) noted[#noted + 1] = json.encode({ ... }) end
connection = {
  address = function() return "hubaddress" end,
}
action_cable = {
  connect = function(options) note("connect", options.crypto) return "conn" end,
  subscribe = function(conn, channel, params, callback)
    note("subscribe", conn, channel, params.hub, params.role)
    heard = callback
    return "channel"
  end,
  perform = function(channel, action, signal)
    note("perform", channel, action, signal.identity, signal.type, signal.sdp or signal.candidate or "")
    return true
  end,
  close = function(conn) note("close", conn) return true end,
}
hub.handle_webrtc_offer = function(identity, sdp) note("offer", identity, sdp) return true end
hub.handle_ice_candidate = function(identity, candidate)
  note("candidate", identity, candidate.candidate or "", candidate.sdp_mid or "")
  return true
end`;

async function open() {
  const host = openLuaHost();
  await host.hub.start();
  const core = (code: string, ...args: LuaRecord[]) => host.hub.core.load(code, '=test', args);
  await core(`timer.sleep(0) require("hub.signaling").stop() ${STUBS}`);
  const noted = async () => {
    const [lines] = await core('local lines = noted noted = json.array() return lines');
    return (lines as unknown as string[]).map((line) => JSON.parse(line) as unknown[]);
  };
  return { ...host, core, noted };
}

async function started() {
  const host = await open();
  expect(await host.core('return require("hub.signaling").start()')).toEqual([true]);
  await connected(host);
  await host.noted();
  return host;
}

/** The relay is there: the hub subscribes. */
async function connected({ hub, core }: Awaited<ReturnType<typeof open>>): Promise<void> {
  hub.notify('action_cable_connected', { conn: 'conn', url: 'ws://x/cable' });
  await core('timer.sleep(0)');
}

test('it subscribes once, as this hub, when the relay is there', async () => {
  const host = await open();
  await host.core('local s = require("hub.signaling") assert(s.start()) assert(s.start())');
  expect(await host.noted()).toEqual([['connect', true]]);
  for (let n = 0; n < 2; n++) await connected(host);
  expect(await host.noted()).toEqual([['subscribe', 'conn', 'SignalChannel', 'hubaddress', 'hub']]);
});

test('offers and candidates of devices go to webrtc, anything else nowhere', async () => {
  const { core, noted, log } = await started();
  await core(`
    heard({ type = "offer", identity = "d:1", device_id = "d", sdp = "v=0" }, "channel")
    heard({ type = "candidate", identity = "d:1", device_id = "d", candidate = "c", sdp_mid = "0", sdp_m_line_index = 0 })
    heard({ type = "candidate", identity = "d:1", device_id = "d" })
    heard({ type = "answer", identity = "d:1", device_id = "d", sdp = "v=0" })`);
  expect(await noted()).toEqual([
    ['offer', 'd:1', 'v=0'],
    ['candidate', 'd:1', 'c', '0'],
    ['candidate', 'd:1', '', ''],
  ]);
  expect(log.at('warn').join()).not.toContain('device d');
});

test('a refusal is said in the log', async () => {
  const { core, log } = await started();
  await core(`
    hub.handle_webrtc_offer = function() return require("hub.failure")("webrtc.unknown_peer", "no such peer") end
    heard({ type = "offer", identity = "d:1", device_id = "d", sdp = "v=0" })`);
  expect(log.at('warn').join()).toContain('the offer of device d was refused: no such peer');
});

test('answers and candidates go to their device, sealed by the primitive', async () => {
  const { core, hub, noted } = await started();
  hub.notify('webrtc_answer', { identity: 'd:1', sdp: 'v=0' });
  hub.notify('webrtc_candidate', { identity: 'd:1', candidate: 'c', sdp_mid: '0', sdp_m_line_index: 0 });
  await core('timer.sleep(0)');
  expect(await noted()).toEqual([
    ['perform', 'channel', 'signal', 'd:1', 'answer', 'v=0'],
    ['perform', 'channel', 'signal', 'd:1', 'candidate', 'c'],
  ]);
});

test('without a relay nothing is sent', async () => {
  const { core, hub, noted } = await open();
  hub.notify('webrtc_answer', { identity: 'd:1', sdp: 'v=0' });
  hub.notify('device_rekey', { identity: 'd:1', device_id: 'd', peer: 'p', data: 'sealed' });
  await core('timer.sleep(0)');
  expect(await noted()).toEqual([]);
});

test('what fails can be tried again, and is said in the log', async () => {
  const host = await open();
  const { core, noted, log } = host;
  expect(
    await core(`
      local connect = action_cable.connect
      action_cable.connect = function() return require("hub.failure")("action_cable.limit", "too many") end
      local started, err = require("hub.signaling").start()
      action_cable.connect = connect
      return started, err.code`),
  ).toEqual([undefined, 'action_cable.limit']);
  await core(`
    address = connection.address
    connection.address = function() return require("hub.failure")("connection.storage", "no keys") end
    assert(require("hub.signaling").start())`);
  await connected(host);
  expect(await core('connection.address = address return require("hub.signaling").running()')).toEqual([
    false,
  ]);
  expect(await noted()).toEqual([
    ['connect', true],
    ['close', 'conn'],
  ]);
  expect(log.at('error')).toEqual([
    'devices cannot reach this hub: too many',
    'devices cannot reach this hub: no keys',
  ]);
  expect(await core('return require("hub.signaling").start()')).toEqual([true]);
});

test('new keys: what the primitive has sealed goes to the device as it is', async () => {
  const { core, hub, noted } = await started();
  await core('action_cable.perform = function(...) noted[1] = json.encode({ ... }) return true end');
  hub.notify('device_rekey', { identity: 'd:1', device_id: 'd', peer: 'p', data: 'sealed' });
  await core('timer.sleep(0)');
  expect(await noted()).toEqual([['channel', 'signal', { peer: 'p', data: 'sealed' }]]);
});

describe('the log says when devices can reach the hub, and when not', () => {
  const url = 'ws://x/cable';

  test('once for each change', async () => {
    const { core, hub, log } = await started();
    hub.notify('action_cable_disconnected', { conn: 'other', url, reason: 'gone', will_reconnect: true });
    hub.notify('action_cable_subscribed', { conn: 'conn', channel_id: 1, channel: 'x', again: false });
    for (let n = 0; n < 2; n++)
      hub.notify('action_cable_disconnected', { conn: 'conn', url, reason: 'gone', will_reconnect: true });
    hub.notify('action_cable_subscribed', { conn: 'conn', channel_id: 1, channel: 'x', again: true });
    await core('timer.sleep(0)');
    expect(log.at('info').filter((line) => line.startsWith('devices can'))).toEqual([
      'devices can reach this hub',
      'devices can reach this hub again',
    ]);
    expect(log.at('warn').filter((line) => line.startsWith('devices'))).toEqual([
      expect.stringContaining('cannot reach this hub now'),
    ]);
  });

  test.each([
    [
      'a relay that does not want it',
      'action_cable_disconnected',
      { url, reason: 'no', will_reconnect: false },
    ],
    ['a relay without the channel', 'action_cable_rejected', { channel_id: 1, channel: 'SignalChannel' }],
  ])('%s is tried again later', async (_name, fact, data) => {
    const { core, hub, log, noted } = await started();
    await core('require("hub.signaling").AGAIN_S = 0');
    hub.notify(fact, { conn: 'conn', ...data });
    await until(async () => (await core('return require("hub.signaling").running()'))[0] === true);
    expect(await noted()).toEqual([
      ['close', 'conn'],
      ['connect', true],
    ]);
    expect(log.at('warn').join()).toContain('devices cannot reach this hub');
  });

  test('a hub without a page is not tried again, until it has one', async () => {
    const { core, hub, noted } = await started();
    hub.notify('action_cable_disconnected', { conn: 'conn', reason: 'no page', will_reconnect: false });
    await core('timer.sleep(0)');
    expect(await core('return require("hub.signaling").running()')).toEqual([false]);
    hub.notify('web_address_changed', { page_url: 'http://x/', cable_url: url });
    await until(async () => (await core('return require("hub.signaling").running()'))[0] === true);
    expect((await noted()).map(([name]) => name)).toEqual(['close', 'connect']);
  });
});
