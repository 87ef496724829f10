import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

test('every function has a form that waits and one that calls back', async () => {
  const host = openLuaHost();
  expect(
    await host.run(`
      assert(fs.write("a/b.txt", "x\\0\\xff") == true)
      assert(fs.read("a/b.txt") == "x\\0\\xff")
      results = {}
      fs.read("a/b.txt", function(...) results.read = { n = select("#", ...), ... } end)
      fs.read("missing", function(...) results.missing = { n = select("#", ...), ... } end)
      fs.write("c.txt", "y", function(...) results.write = { n = select("#", ...), ... } end)
      fs.read_bytes("a/b.txt", 1, function(...) results.part = { ... } end)
      assert(next(results) == nil)
      return fs.exists("a"), fs.is_dir("a"), #fs.listdir("a"), fs.stat("a/b.txt").size`),
  ).toEqual([true, true, 1, 3]);
  await until(
    async () =>
      (
        await host.run('return results.read and results.missing and results.write and results.part and true')
      )[0] === true,
  );
  await host.run(`
    assert(results.read.n == 1 and results.read[1] == "x\\0\\xff")
    assert(results.missing.n == 2 and results.missing[1] == nil and results.missing[2].code == "fs.not_found")
    assert(results.write.n == 1 and results.write[1] == true)
    assert(results.part[1] == "\\0\\xff")`);
  expect(readFileSync(join(host.identity.repoRoot, 'c.txt'), 'utf8')).toBe('y');
});

test('modified is a float, size and mode are integers', async () => {
  await openLuaHost().run(`
    assert(fs.write("a", ""))
    local stat = fs.stat("a")
    assert(math.type(stat.size) == "integer" and math.type(stat.mode) == "integer")
    assert(math.abs(stat.modified - os.time()) < 100)`);
});

test('a failure is an error value with code and path', async () => {
  const host = openLuaHost();
  const path = join(host.identity.repoRoot, 'no/such');
  expect(
    await host.run('local _, err = fs.read("no/such") return err.code, err.details.path, "failed: " .. err'),
  ).toEqual(['fs.not_found', path, `failed: cannot read ${path}: no such file or folder`]);
});

test('waiting works in a pcall, in a coroutine of the plugin, and in a callback', async () => {
  const host = openLuaHost();
  expect(
    await host.run(`
      assert(fs.write("a", "1"))
      local ok, inside = pcall(function() return fs.read("a") end)
      local co = coroutine.wrap(function() coroutine.yield(fs.read("a")) return "end" end)
      fs.exists("a", function() later = fs.read("a") end)
      return ok, inside, co(), co()`),
  ).toEqual([true, '1', '1', 'end']);
  expect(await until(async () => (await host.run('return later'))[0])).toBe('1');
});

test('while a task waits for the disk, others of its engine run', async () => {
  const host = openLuaHost();
  const slow = host.run(
    'order = {} for i = 1, 20 do fs.write("f" .. i, ("x"):rep(100000)) end order[#order + 1] = "slow"',
  );
  await host.run('order[#order + 1] = "quick"');
  await slow;
  expect(await host.run('return table.concat(order, " ")')).toEqual(['quick slow']);
});

test('bad paths raise', async () => {
  const { failure } = openLuaHost();
  const expected: [string, string][] = [
    [
      'fs.read("a\\0b")',
      "bad argument #1 to 'fs.read' (path: string without NUL bytes expected, got one with)",
    ],
    ['fs.read("")', "bad argument #1 to 'fs.read' (path: non-empty string expected, got an empty one)"],
    ['fs.write("a\\xff", "x")', "bad argument #1 to 'fs.write' (path: UTF-8 text expected, got other bytes)"],
    [
      'fs.resolve_safe(".", "a\\0/../../b")',
      "bad argument #2 to 'fs.resolve_safe' (relative: string without NUL bytes expected, got one with)",
    ],
    [
      'fs.rmdir("a", { recursive = 1 })',
      "bad argument #2 to 'fs.rmdir' (options.recursive: boolean expected, got number)",
    ],
    ['fs.read_bytes("a", -1)', "bad argument #2 to 'fs.read_bytes' (offset: integer >= 0 expected, got -1)"],
    [
      'fs.read_bytes("a", 2^53)',
      "bad argument #2 to 'fs.read_bytes' (offset: integer expected, got 9007199254740992)",
    ],
  ];
  for (const [code, message] of expected) expect((await failure(code)).message).toContain(message);
});

test('an engine that ends during a write leaves a whole file, or none', async () => {
  const host = openLuaHost();
  const writing = host.run('fs.write("big", ("x"):rep(10000000))').catch(() => undefined);
  await until(() => host.engine.tasks.waiting === 1);
  host.engine.dispose();
  await writing;
  const path = join(host.identity.repoRoot, 'big');
  await until(() => existsSync(path));
  expect(readFileSync(path)).toHaveLength(10_000_000);
});
