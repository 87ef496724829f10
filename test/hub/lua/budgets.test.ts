/** Code that does not stop: it is stopped, whatever it tries, and nobody else waits for it. */

import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { t } from '../../../base/schema.js';
import type { Callback } from '../../../base/values.js';
import { Engine } from '../../../hub/lua/engine.js';
import { readStandard } from '../../../hub/lua/standard.js';
import type { LuaError } from '../../../hub/lua/task.js';
import { addHostFunctions, type LuaHost, openLuaHost } from '../../support/lua-host.js';
import { MemoryLog } from '../../support/memory-log.js';

const LIMITS = { loadBudgetMs: 60, callbackBudgetMs: 40, uninterruptibleMs: 20, closeMs: 5 };

function host(): LuaHost {
  const opened = openLuaHost({ limits: LIMITS });
  addHostFunctions(opened.engine, {
    wait: { waits: true, call: () => new Promise((resolve) => setImmediate(resolve)) },
    call: { params: [t.fn()], call: (callback: Callback) => callback.call() },
  });
  return opened;
}

const LOOP = 'while true do pcall(function() while true do end end) end';

describe('a task over its budget cannot swallow the error', () => {
  const cases: [string, string][] = [
    ['with a plain loop', 'while true do end'],
    ['with a goto', '::again:: goto again'],
    ['with pcall', LOOP],
    [
      'with nested pcalls',
      'local function r(n) while true do pcall(n > 0 and r or function() end, n - 1) end end r(50)',
    ],
    ['with error objects and pcall', 'while true do pcall(error, {}) end'],
    ['with xpcall and a looping handler', `while true do xpcall(error, function() ${LOOP} end) end`],
    [
      'with a loop in xpcall and a looping handler',
      `xpcall(function() while true do end end, function() ${LOOP} end)`,
    ],
    [
      'with a handler that fails for ever',
      'local function h() error("again") end while true do xpcall(error, h) end',
    ],
    ['with coroutine.resume', `while true do coroutine.resume(coroutine.create(function() ${LOOP} end)) end`],
    ['with coroutine.wrap in pcall', `while true do pcall(coroutine.wrap(function() ${LOOP} end)) end`],
    [
      'with coroutines inside of coroutines',
      `local function deep(n) if n == 0 then ${LOOP} end while true do coroutine.resume(coroutine.create(deep), n - 1) end end deep(20)`,
    ],
    [
      'with a generator that never ends',
      'for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end',
    ],
    [
      'with __close',
      `local m = setmetatable({}, {__close = function() ${LOOP} end}) local a <close>, b = m, 1 local c <close> = m while true do end`,
    ],
    [
      'with __close in a coroutine',
      `local m = setmetatable({}, {__close = function() ${LOOP} end}) local z <close> = m coroutine.wrap(function() local x <close> = m ${LOOP} end)()`,
    ],
    [
      'with coroutine.close of a looping __close',
      `local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() ${LOOP} end}) coroutine.yield() end) coroutine.resume(co) while true do pcall(coroutine.close, co) end`,
    ],
    [
      'with a sort comparator',
      `local t = {} for i = 1, 100 do t[i] = -i end table.sort(t, function() ${LOOP} end)`,
    ],
    ['with sort in pcall', `while true do pcall(table.sort, {3, 2, 1}, function() ${LOOP} end) end`],
    [
      'with __lt under table.sort',
      `local m = {__lt = function() ${LOOP} end} local t = {} for i = 1, 5 do t[i] = setmetatable({}, m) end while true do pcall(table.sort, t) end`,
    ],
    ['with a gsub callback', `while true do pcall(string.gsub, "abc", ".", function() ${LOOP} end) end`],
    [
      'with __tostring',
      `while true do pcall(tostring, setmetatable({}, {__tostring = function() ${LOOP} end})) end`,
    ],
    [
      'with a coroutine in __tostring',
      `while true do pcall(tostring, setmetatable({}, {__tostring = function() coroutine.wrap(function() ${LOOP} end)() end})) end`,
    ],
    [
      'with __index under table.concat',
      `while true do pcall(table.concat, setmetatable({}, {__len = function() return 9 end, __index = function() ${LOOP} end})) end`,
    ],
    ['with __gc', `setmetatable({}, {__gc = function() ${LOOP} end}) collectgarbage() ${LOOP}`],
    ['with load', `while true do pcall(load, function() ${LOOP} end) end`],
    ['with require', `package.preload.m = function() ${LOOP} end while true do pcall(require, "m") end`],
    [
      'with many small coroutines',
      'while true do local co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) end',
    ],
    ['with events', `events.on("x", function() ${LOOP} end) while true do pcall(events.emit, "x") end`],
    [
      'with growing strings',
      'local s = "x" while true do local ok, r = pcall(function() return s .. s end) if ok then s = r end end',
    ],
    [
      'with growing tables',
      'local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end',
    ],
    ['with string.rep', 'while true do pcall(string.rep, "x", 1e7) end'],
    [
      'with an exponential pattern',
      'while true do pcall(string.find, ("a"):rep(300), ("a-"):rep(6) .. "b") end',
    ],
    ['with table.move of a billion elements', 'while true do pcall(table.move, {}, 1, 1e9, 2) end'],
    [
      'with table.move over all integers',
      'while true do pcall(table.move, {}, 1, math.maxinteger - 1, 1) end',
    ],
    ...['insert', 'remove', 'concat', 'unpack', 'sort'].map((name): [string, string] => [
      `with table.${name} of a table that claims to be endless`,
      `local t = setmetatable({}, {__len = function() return 1 << 60 end, __index = function() return "x" end})
       while true do pcall(table.${name}, t, ${name === 'insert' ? '1, 2' : name === 'remove' ? '1.0' : 'nil'}) end`,
    ]),
    [
      'with numbers as text',
      'while true do pcall(table.move, {}, "1", "1e9", "2") pcall(string.rep, "x", "1e7") end',
    ],
    [
      'with next over a table of holes',
      'local t = {} for i = 1, 3e5 do t[i] = i end for i = 1, 3e5 do t[i] = nil end while true do next(t) end',
    ],
    [
      'with collectgarbage',
      'local t = {} for i = 1, 1e5 do t[i] = {} end while true do collectgarbage() end',
    ],
  ];
  it.each(cases)('%s', async (_, code) => {
    const { failure, run } = host();
    const error = await failure(code);
    expect([error.kind, error.message]).toEqual([
      expect.stringMatching(/budget|error/),
      expect.stringMatching(/loading test was ended|__gc/),
    ]);
    // the engine serves the next task as if nothing had been
    expect(await run('local s = 0 for i = 1, 1e4 do s = s + i end return s')).toEqual([50005000]);
  });

  it('names the plugin code that was running', async () => {
    const { failure } = host();
    const error = await failure('local function spin()\n  while true do end\nend\nspin()');
    expect(error.traceback).toMatch(/^loading test was ended: it used more than its 60 ms of Lua time\n/);
    expect(error.traceback).toMatch(/test:[12]: in local 'spin'/);
  });

  it('closes what the task had open', async () => {
    const { failure, run } = host();
    await failure(
      'local x <close> = setmetatable({}, {__close = function() closed = true end}) while true do end',
    );
    expect(await run('return closed')).toEqual([true]);
  });

  it('leaves a coroutine of the task dead, not half done', async () => {
    const { failure, run } = host();
    await failure('co = coroutine.create(function() while true do end end) coroutine.resume(co)');
    expect(await run('return coroutine.status(co), coroutine.resume(co)')).toEqual([
      'dead',
      false,
      'cannot resume dead coroutine',
    ]);
  });

  it('counts Lua time, not the time it waits', async () => {
    const { engine, run } = host();
    const longer = LIMITS.loadBudgetMs * 2;
    addHostFunctions(engine, {
      wait: { waits: true, call: () => new Promise((resolve) => setTimeout(resolve, longer)) },
    });
    expect(await run('T.wait() return "alive"')).toEqual(['alive']);
  });

  it('counts the CPU that a task got, not what a busy machine gave to others', async () => {
    const { hub } = openLuaHost();
    const slow = new Engine({
      name: 'slow',
      log: new MemoryLog(),
      counters: hub.counters,
      scheduler: hub.scheduler,
      standard: readStandard(resolve(import.meta.dirname, '../../../lua')),
      moduleRoots: [],
      getenv: () => undefined,
      limits: { ...LIMITS, loadBudgetMs: 10, uninterruptibleMs: 10 },
      cpuMs: () => 0,
    });
    const count = 'local function count() for i = 1, 2e6 do end return "done" end ';
    expect(await slow.load(`${count} return count()`, '=slow')).toEqual(['done']);
    const inC = `${count} return tostring(setmetatable({}, {__tostring = count}))`;
    expect(await slow.load(inC, '=slow')).toEqual(['done']);
    slow.dispose();
  });

  it('ends a callback by its own, smaller budget, and logs it with its place', async () => {
    const { run, log, hub } = host();
    await run('T.call(function() while true do end end)');
    await run('for i = 1, 100 do T.wait() end');
    while (hub.scheduler.pending) await new Promise((resolve) => setImmediate(resolve));
    expect(log.at('error').join('\n')).toMatch(
      /the callback of 'T.call' failed: the callback of 'T.call' was ended: it used more than its 40 ms/,
    );
    expect(hub.counters.get('lua.errors.test')).toBe(1);
  });
});

describe('while one engine loops for ever', () => {
  it('the loop handles events and other engines run, and its own tasks wait', async () => {
    const { hub, engine } = openLuaHost({ limits: { loadBudgetMs: 150 } });
    const other = hub.openEngine({ name: 'other', moduleRoots: [] });
    const order: string[] = [];
    const spin = engine.load(LOOP, '=spin').catch((thrown: LuaError) => order.push(thrown.kind));
    const own = engine.load('return 1', '=own').then(() => order.push('own task'));
    for (let i = 0; i < 5; i++) {
      await other.load('local s = 0 for i = 1, 1e4 do s = s + i end return s', '=other');
      order.push('other engine');
    }
    await Promise.all([spin, own]);
    expect(order).toEqual([...Array<string>(5).fill('other engine'), 'budget', 'own task']);
  });

  it('a plugin never sees another task of its own in between', async () => {
    const { engine } = openLuaHost();
    const writer = engine.load('for i = 1, 3e5 do a = i b = i end', '=writer');
    const torn = engine.load('return a ~= b or a ~= 300000', '=reader');
    await writer;
    expect(await torn).toEqual([false]);
  });
});
