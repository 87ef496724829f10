import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

test('the page, as a plugin uses it', async () => {
  const host = openLuaHost();
  expect(
    await host.run(`
      assert(config.set("agent", { name = "a", tries = 3, ratio = 1.0, tags = json.array() }) == true)
      local agent = config.get("agent")
      assert(math.type(agent.tries) == "integer" and math.type(agent.ratio) == "float")
      assert(json.encode(agent.tags) == "[]")
      assert(config.all().agent.name == "a")
      config.set("agent", nil)
      return config.get("agent"), config.data_dir(), config.lua_path() ~= "", config.env("NO_SUCH_VARIABLE")`),
  ).toEqual([undefined, host.identity.dataDir, true, undefined]);
});

test('values of one engine reach another, and the file', async () => {
  const host = openLuaHost();
  const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
  await host.run('assert(config.set("k", "v"))');
  expect(await other.load('return config.get("k")', '=other')).toEqual(['v']);
  expect(JSON.parse(readFileSync(join(host.identity.dataDir, 'config.json'), 'utf8'))).toEqual({ k: 'v' });
});

test('100 sets at once from Lua are all kept', async () => {
  const host = openLuaHost();
  await host.run(
    'done = 0 for i = 1, 100 do config.set("k" .. i, i, function(ok) done = done + (ok and 1 or 0) end) end',
  );
  await until(async () => (await host.run('return done == 100'))[0] === true);
  const settings = JSON.parse(readFileSync(join(host.identity.dataDir, 'config.json'), 'utf8')) as object;
  expect(Object.keys(settings)).toHaveLength(100);
});

test('a damaged file is an error value that names it', async () => {
  const host = openLuaHost();
  const path = join(host.identity.dataDir, 'config.json');
  writeFileSync(path, '{\n"a": }');
  expect(
    await host.run(
      'local value, err = config.get("a") return value, err.code, err.details.line, tostring(err)',
    ),
  ).toEqual([
    undefined,
    'config.unreadable',
    2,
    `cannot use ${path}: bad JSON at line 2, column 6: a value expected, found "}"`,
  ]);
  expect(await host.run('local ok, err = config.set("a", 1) return ok, err.code')).toEqual([
    undefined,
    'config.unreadable',
  ]);
  expect(readFileSync(path, 'utf8')).toBe('{\n"a": }');
});

test('what cannot be a setting', async () => {
  const host = openLuaHost();
  expect(await host.run('local _, err = config.set("k", { x = "\\xff" }) return err.code')).toEqual([
    'config.bad_value',
  ]);
  expect((await host.failure('config.set("k", print)')).message).toContain(
    "bad argument #2 to 'config.set' (value: ",
  );
  expect((await host.failure('config.set("", 1)')).message).toContain(
    "bad argument #1 to 'config.set' (key: ",
  );
  expect((await host.failure('config.set("k")')).message).toContain(
    "bad argument #2 to 'config.set' (value: ",
  );
});
