/** How clients name devices, and what they are told of them. The primitives below are stood in for. */
import { expect, test } from 'vitest';
import type { LuaRecord, LuaValue } from '../../../base/values.js';
import { type LuaHost, openLuaHost } from '../../support/lua-host.js';

/** `connection` and `webrtc` with three devices, noting what they are asked. */
const STUBS = `
asked = json.array()
local devices = {
  { id = "AAAAbbbbccccddddeeee01", name = "Pixel", view_only = false, paired_at = "2026-01-01T00:00:00Z" },
  { id = "AAAAffffccccddddeeee02", name = "Laptop", view_only = true, paired_at = "2026-01-02T00:00:00Z", last_seen_at = "2026-01-03T00:00:00Z" },
  { id = "Zzzzffffccccddddeeee03", name = "pixel", view_only = false, paired_at = "2026-01-03T00:00:00Z" },
}
local function note(...) asked[#asked + 1] = table.concat({ ... }, " ") end
local function device(id) for _, one in ipairs(devices) do if one.id == id then return one end end end
connection = {
  devices = function() return devices end,
  rename_device = function(id, name) note("rename", id, name) device(id).name = name return true end,
  set_view_only = function(id, on) note("view_only", id, tostring(on)) device(id).view_only = on return true end,
  revoke_device = function(id)
    note("revoke", id)
    for index, one in ipairs(devices) do if one.id == id then table.remove(devices, index) end end
    return true
  end,
  code = function(options)
    note("code", tostring(options.view_only), tostring(options.renew))
    return { url = "http://127.0.0.1:1/#x", view_only = options.view_only == true, created_at = "2026-01-01T00:00:00Z" }
  end,
}
webrtc = { peers = function()
  return { { peer_id = "a", device_id = "AAAAbbbbccccddddeeee01" }, { peer_id = "b", device_id = "AAAAbbbbccccddddeeee01" } }
end }`;

async function open(): Promise<{
  host: LuaHost;
  run: (name: string, params?: LuaRecord) => Promise<LuaValue[]>;
}> {
  const host = openLuaHost();
  await host.hub.start();
  await host.hub.core.load(STUBS, '=stubs');
  const run = (name: string, params: LuaRecord = {}) =>
    host.hub.core.load('return require("hub.commands").run(...)', '=test', [name, params]);
  return { host, run };
}

test('device.list tells which are connected', async () => {
  const { run } = await open();
  expect(await run('device.list')).toEqual([
    true,
    {
      devices: [
        expect.objectContaining({ name: 'Pixel', connected: 2, view_only: false }),
        expect.objectContaining({ name: 'Laptop', connected: 0, last_seen_at: '2026-01-03T00:00:00Z' }),
        expect.objectContaining({ name: 'pixel', connected: 0 }),
      ],
    },
  ]);
});

test.each([
  ['AAAAbbbbccccddddeeee01', 'AAAAbbbbccccddddeeee01'],
  ['AAAAb', 'AAAAbbbbccccddddeeee01'],
  ['laptop', 'AAAAffffccccddddeeee02'],
])('%s names one device', async (id, found) => {
  const { host, run } = await open();
  expect(await run('device.rename', { id, name: 'New name' })).toEqual([
    true,
    { device: expect.objectContaining({ id: found, name: 'New name' }) },
  ]);
  expect(await host.hub.core.load('return asked', '=test')).toEqual([[`rename ${found} New name`]]);
});

test('what fits several is refused with what it fits, what fits none with what to do', async () => {
  const { host, run } = await open();
  for (const [id, matches] of [
    ['AAAA', ['AAAAbbbbccccddddeeee01', 'AAAAffffccccddddeeee02']],
    ['PIXEL', ['AAAAbbbbccccddddeeee01', 'Zzzzffffccccddddeeee03']],
  ] as const) {
    expect(await run('device.revoke', { id })).toEqual([
      false,
      { code: 'device.ambiguous', message: expect.stringContaining('2 devices'), details: { matches } },
    ]);
  }
  for (const id of ['', 'nobody', '%a']) {
    expect(await run('device.set_view_only', { id, view_only: true })).toEqual([
      false,
      { code: 'device.not_found', message: expect.stringContaining('botster devices'), details: { id } },
    ]);
  }
  expect(await host.hub.core.load('return asked', '=test')).toEqual([[]]);
});

test('view-only and revoking answer the device as it is, and as it was', async () => {
  const { run } = await open();
  expect(await run('device.set_view_only', { id: 'AAAAb', view_only: true })).toEqual([
    true,
    { device: expect.objectContaining({ name: 'Pixel', view_only: true, connected: 2 }) },
  ]);
  expect(await run('device.revoke', { id: 'AAAAb' })).toEqual([
    true,
    { device: expect.objectContaining({ name: 'Pixel', connected: 0 }) },
  ]);
  expect(await run('device.revoke', { id: 'AAAAb' })).toMatchObject([false, { code: 'device.not_found' }]);
});

test('connection.code passes on what is asked, and failures as they are', async () => {
  const { host, run } = await open();
  expect(await run('connection.code', { view_only: true })).toMatchObject([true, { view_only: true }]);
  expect(await run('connection.code', { renew: true })).toMatchObject([true, { view_only: false }]);
  expect(await host.hub.core.load('return asked', '=test')).toEqual([['code true nil', 'code nil true']]);
  await host.hub.core.load(
    'connection.code = function() return nil, { code = "connection.unavailable", message = "no page" } end',
    '=test',
  );
  expect(await run('connection.code')).toMatchObject([false, { code: 'connection.unavailable' }]);
});
