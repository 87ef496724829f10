/** Waiting: where host functions may yield, what other tasks see, and the coroutine library on top. */
import { describe, expect, it } from 'vitest';
import { t } from '../../../base/schema.js';
import type { Callback } from '../../../base/values.js';
import { addHostFunctions, type LuaHost, openLuaHost } from '../../support/lua-host.js';

/** `T.wait(value)` gives the value back after a trip through the event loop. */
function hostWithWait(): LuaHost {
  const host = openLuaHost();
  addHostFunctions(host.engine, {
    wait: {
      params: [t.any],
      waits: true,
      call: (value: unknown) => new Promise((resolve) => setImmediate(() => resolve(value))),
    },
    call: { params: [t.fn()], call: (callback: Callback) => callback.call() },
  });
  return host;
}

describe('a waiting host function', () => {
  const places: [string, string, unknown[]][] = [
    ['in a plain call', 'return T.wait(7)', [7]],
    ['in pcall', 'return pcall(T.wait, 7)', [true, 7]],
    ['in pcall, then an error', 'return pcall(function() T.wait(1) error("e", 0) end)', [false, 'e']],
    ['in xpcall', 'return xpcall(function() return T.wait(7) end, debug.traceback)', [true, 7]],
    [
      'in __close',
      `local log = {}
       do local x <close> = setmetatable({}, {__close = function() log[1] = T.wait("closed") end}) end
       return log[1]`,
      ['closed'],
    ],
    [
      'in __close after an error',
      `local log = {}
       local ok, err = pcall(function()
         local x <close> = setmetatable({}, {__close = function(_, e) log[1] = T.wait(e) end})
         error("oops", 0)
       end)
       return ok, err, log[1]`,
      [false, 'oops', 'oops'],
    ],
    ['in __index', 'return setmetatable({}, {__index = function(_, k) return T.wait(k) end}).key', ['key']],
    [
      'in __newindex',
      'local v setmetatable({}, {__newindex = function(_, k, x) v = T.wait(x) end}).k = 3 return v',
      [3],
    ],
    ['in __call', 'return setmetatable({}, {__call = function(_, x) return T.wait(x) end})(5)', [5]],
    [
      'in __add and __concat',
      'local m = {__add = function(a, b) return T.wait(b) end, __concat = function(a, b) return T.wait(b) end} local x = setmetatable({}, m) return x + 4, x .. "s"',
      [4, 's'],
    ],
    [
      'in __eq, __lt and __le',
      'local m = {__eq = function() return T.wait(true) end, __lt = function() return T.wait(true) end, __le = function() return T.wait(false) end} local a, b = setmetatable({}, m), setmetatable({}, m) return a == b, a < b, a <= b',
      [true, true, false],
    ],
    [
      'in __len and __unm',
      'local x = setmetatable({}, {__len = function() return T.wait(9) end, __unm = function() return T.wait(-9) end}) return #x, -x',
      [9, -9],
    ],
    [
      'in an iterator',
      'local s = 0 for v in function(_, k) k = (k or 0) + 1 if T.wait(k) < 4 then return k end end do s = s + v end return s',
      [6],
    ],
    [
      'in __pairs',
      'local out = {} for k, v in pairs(setmetatable({}, {__pairs = function() T.wait(1) return next, {a = 1} end})) do out[#out + 1] = k .. v end return out[1]',
      ['a1'],
    ],
    ['in a gsub callback', 'return (("abc"):gsub(".", function(c) return T.wait(c:upper()) end))', ['ABC']],
    [
      'in a sort comparator',
      'local t = {3, 1, 2} table.sort(t, function(a, b) return T.wait(a < b) end) return t',
      [[1, 2, 3]],
    ],
    ['in a coroutine', 'return coroutine.wrap(function() return T.wait("x") end)()', ['x']],
    [
      'two coroutines deep, between user yields',
      `local co = coroutine.wrap(function(a)
         local b = coroutine.yield(T.wait(a) + 1)
         local inner = coroutine.wrap(function() coroutine.yield(T.wait("i1")) return T.wait("i2") end)
         return inner() .. inner() .. b
       end)
       return co(1), co("!")`,
      [2, 'i1i2!'],
    ],
    ['in a chunk made by load', 'return load("return T.wait(...)")(8)', [8]],
  ];
  it.each(places)('works %s', async (_, code, expected) => {
    expect(await hostWithWait().run(code)).toEqual(expected);
  });

  const barriers: [string, string][] = [
    [
      '__tostring called by tostring',
      'tostring(setmetatable({}, {__tostring = function() return T.wait("x") end}))',
    ],
    [
      '__index called by table.concat',
      'table.concat(setmetatable({}, {__index = function(_, i) return T.wait("x") end, __len = function() return 2 end}))',
    ],
    ['a message handler', 'select(2, xpcall(error, function() return select(2, pcall(T.wait, 1)) end))'],
    [
      'a coroutine inside of such a place',
      'tostring(setmetatable({}, {__tostring = function() return coroutine.wrap(function() return T.wait("x") end)() end}))',
    ],
  ];
  it.each(barriers)('raises a clear error in %s', async (_, code) => {
    const { run } = hostWithWait();
    const [, message] = await run(
      `local ok, r = pcall(function() return ${code} end) return ok, tostring(r)`,
    );
    expect(message).toMatch(/'T.wait' has to wait, which is not possible here: a C function is in between/);
  });

  it('gives the engine to other tasks, one waiting task at a time in order', async () => {
    const { run } = hostWithWait();
    const [order] = await run(`
      local order = {}
      for i = 1, 3 do
        T.call(function() order[#order + 1] = "start " .. i T.wait(1) order[#order + 1] = "end " .. i end)
      end
      order[#order + 1] = "main"
      for _ = 1, 10 do T.wait(1) end
      return order`);
    expect(order).toEqual(['main', 'start 1', 'start 2', 'start 3', 'end 1', 'end 2', 'end 3']);
  });

  it('raises what the host throws as a plain message, and logs the rest', async () => {
    const { engine, run, log } = openLuaHost();
    addHostFunctions(engine, {
      bug: { waits: true, call: () => Promise.reject(new TypeError('secret detail')) },
      bugNow: {
        call: () => {
          throw new TypeError('secret detail');
        },
      },
    });
    for (const name of ['bug', 'bugNow']) {
      const [ok, message] = await run(`return pcall(T.${name})`);
      expect(ok).toBe(false);
      expect(message).toMatch(/internal error of the hub, logged as \w+/);
    }
    expect(log.at('error').filter((line) => line.includes('secret detail'))).toHaveLength(2);
  });
});

describe('coroutines', () => {
  const cases: [string, string, unknown[]][] = [
    [
      'pass values both ways',
      'local co = coroutine.create(function(...) local x = coroutine.yield(...) return x * 2 end) local a = {coroutine.resume(co, 1, 2)} local b = {coroutine.resume(co, 21)} return a, b',
      [
        [true, 1, 2],
        [true, 42],
      ],
    ],
    [
      'tell their status',
      'local co co = coroutine.create(function() local inner = coroutine.wrap(function() return coroutine.status(co) end) coroutine.yield(coroutine.status(co), inner()) end) local s0 = coroutine.status(co) local _, s1, s2 = coroutine.resume(co) local s3 = coroutine.status(co) coroutine.resume(co) return s0, s1, s2, s3, coroutine.status(co)',
      ['suspended', 'running', 'normal', 'suspended', 'dead'],
    ],
    [
      'refuse to resume the dead',
      'local co = coroutine.create(function() end) coroutine.resume(co) return coroutine.resume(co)',
      [false, 'cannot resume dead coroutine'],
    ],
    [
      'refuse to resume themselves',
      'local co co = coroutine.create(function() return coroutine.resume(co) end) return coroutine.resume(co)',
      [true, false, 'cannot resume non-suspended coroutine'],
    ],
    [
      'give errors as values',
      'return coroutine.resume(coroutine.create(function() error({code = 3}) end))',
      [false, { code: 3 }],
    ],
    [
      'propagate errors out of wrap, with a position',
      'return pcall(coroutine.wrap(function() error("deep") end))',
      [false, expect.stringMatching(/test:1: deep$/)],
    ],
    [
      'run <close> variables in coroutine.close',
      'local closed local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() closed = true end}) coroutine.yield() end) coroutine.resume(co) return coroutine.close(co), closed, coroutine.status(co)',
      [true, true, 'dead'],
    ],
    [
      'give the error of a failing __close',
      'local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() error("c", 0) end}) coroutine.yield() end) coroutine.resume(co) return coroutine.close(co)',
      [false, 'c'],
    ],
    [
      'know whether they can yield',
      'return coroutine.isyieldable(), coroutine.wrap(function() return coroutine.isyieldable() end)()',
      [false, true],
    ],
    [
      'know the main coroutine',
      'local _, main = coroutine.running() local co, inner = coroutine.wrap(function() return coroutine.running() end)() return main, type(co), inner',
      [true, 'thread', false],
    ],
    [
      'refuse to yield outside',
      'return pcall(coroutine.yield, 1)',
      [false, 'attempt to yield from outside a coroutine'],
    ],
    [
      'refuse to yield across C',
      'return coroutine.wrap(function() return pcall(tostring, setmetatable({}, {__tostring = function() coroutine.yield() end})) end)()',
      [false, 'attempt to yield across a C-call boundary'],
    ],
    [
      'check their arguments',
      'return pcall(coroutine.resume, 1)',
      [false, "bad argument #1 to 'resume' (coroutine expected, got number)"],
    ],
    [
      'work as generators',
      'local out = {} for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do out[#out + 1] = v end return out',
      [[1, 2, 3]],
    ],
    [
      'refuse to close what runs',
      'return pcall(function() local co = coroutine.running() return coroutine.close(co) end)',
      [false, expect.stringMatching(/cannot close a running coroutine/)],
    ],
  ];
  it.each(cases)('%s', async (_, code, expected) => {
    expect(await openLuaHost().run(code)).toEqual(expected);
  });

  it('that wait inside of another task are normal, and cannot be resumed or closed', async () => {
    const { run } = hostWithWait();
    const result = await run(`
      local co = coroutine.create(function() return T.wait("done") end)
      local seen
      T.call(function()
        seen = {coroutine.status(co), select(2, coroutine.resume(co)), select(2, pcall(coroutine.close, co))}
      end)
      local ok, value = coroutine.resume(co)
      T.wait(1)
      return ok, value, seen`);
    expect(result.slice(0, 2)).toEqual([true, 'done']);
    expect(result[2]).toEqual([
      'normal',
      'cannot resume non-suspended coroutine',
      expect.stringMatching(/cannot close a normal coroutine/),
    ]);
  });
});
