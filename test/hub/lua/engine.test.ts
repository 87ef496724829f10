/** An engine as its owner sees it: loading, errors, modules, callbacks, memory, isolation, the end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { t } from '../../../base/schema.js';
import type { Callback } from '../../../base/values.js';
import { LuaError } from '../../../hub/lua/task.js';
import { addHostFunctions, type LuaHost, openLuaHost } from '../../support/lua-host.js';
import { tempDir } from '../../support/temp-repo.js';

const settle = async ({ hub }: LuaHost): Promise<void> => {
  do await new Promise((resolve) => setImmediate(resolve));
  while (hub.scheduler.pending || hub.inbox.pending);
};

describe('errors', () => {
  it('have a traceback with file, line and function names', async () => {
    const { failure } = openLuaHost();
    const error = await failure(
      'local function inner() error("deep") end\nlocal function outer() inner() end\nouter()',
    );
    expect(error.message).toBe('test:1: deep');
    expect(error.traceback.split('\n')).toEqual([
      'test:1: deep',
      'stack traceback:',
      expect.stringContaining("[C]: in function 'error'"),
      expect.stringMatching(/test:1: in .*inner/),
      expect.stringMatching(/test:2: in .*outer/),
      expect.stringContaining('test:3: in main chunk'),
    ]);
  });

  it('keep the identity of error tables in Lua, and their content outside', async () => {
    const { run, failure } = openLuaHost();
    expect(
      await run('local e = {code = 7} local ok, got = pcall(error, e) return ok, got == e, rawequal(got, e)'),
    ).toEqual([false, true, true]);
    const error = await failure('error({code = "x.y", message = "what happened", details = {n = 1}})');
    expect(error.message).toBe('what happened');
    expect(error.value).toEqual({ code: 'x.y', message: 'what happened', details: { n: 1 } });
  });

  it('use __tostring, and survive one that fails', async () => {
    const { failure } = openLuaHost();
    expect(
      (await failure('error(setmetatable({}, {__tostring = function() return "shown" end}))')).message,
    ).toBe('shown');
    expect(
      (await failure('error(setmetatable({}, {__tostring = function() error("no") end}))')).message,
    ).toMatch(/error object/);
    expect((await failure('error({at = {1.0, "x"}})')).message).toBe('error object {"at":[1,"x"]}');
    expect((await failure('error()')).message).toBe('(error object is a nil value)');
    expect((await failure('error(print)')).message).toMatch(/error object is a function value/);
  });

  it('name the place of a syntax error', async () => {
    const { failure } = openLuaHost();
    const error = await failure('local a = 1\nlocal b = = 2');
    expect([error.kind, error.message]).toEqual(['syntax', "test:2: unexpected symbol near '='"]);
  });

  it('of endless recursion are clear, and the engine lives', async () => {
    const { failure, run } = openLuaHost();
    expect((await failure('local function r() return 1 + r() end r()')).message).toMatch(
      /stack overflow|not enough memory/,
    );
    expect(
      (await failure('local m = {} m.__index = function(t, k) return t[k] end setmetatable(m, m) return m.x'))
        .message,
    ).toMatch(/C stack overflow|stack overflow/);
    expect((await failure('local s = ("("):rep(1000) load(s)() ')).message).toBeTruthy();
    expect(await run('return 1')).toEqual([1]);
  });

  it('that are expected behave like their message, with a code', async () => {
    const { run } = openLuaHost();
    const result = await run(`
      local value, err = fs.read("no/such/file")
      return value, err.code, type(err), tostring(err) == err.message, ("" .. err) == err.message,
        err:find("no such", 1, true) ~= nil, #err == #err.message`);
    expect(result).toEqual([undefined, 'fs.not_found', 'table', true, true, expect.any(Boolean), true]);
  });
});

describe('arguments', () => {
  it('are refused in the words of Lua, before the implementation runs', async () => {
    const { engine, run } = openLuaHost();
    let calls = 0;
    addHostFunctions(engine, {
      f: {
        params: [
          t.num({ min: 0, max: 10 }),
          t.opt(t.object({ name: t.name, list: t.opt(t.list(t.int())) })),
          t.opt(t.oneOf('a', 'b')),
        ],
        call: () => ++calls,
      },
    });
    const messages: [string, string][] = [
      ['', 'p1: number expected, got no value'],
      ['"5"', 'p1: number expected, got string'],
      ['0/0', 'p1: number expected, got NaN'],
      ['11', 'p1: number >= 0 and <= 10 expected, got 11'],
      ['math.huge', 'p1: number >= 0 and <= 10 expected, got Infinity'],
      ['1, 2', 'p2: table expected, got number'],
      ['1, {}', 'p2.name: string expected, got nil'],
      ['1, {name = ""}', 'p2.name: non-empty string expected, got an empty one'],
      ['1, {name = "a\\0b"}', 'p2.name: string without NUL bytes expected, got one with'],
      ['1, {name = "\\xff"}', 'p2.name: UTF-8 text expected, got other bytes'],
      ['1, {name = "n", list = {1, 2.5}}', 'p2.list[2]: integer expected, got 2.5'],
      ['1, {name = "n", list = {1, "x"}}', 'p2.list[2]: integer expected, got string'],
      ['1, nil, "c"', "p3: 'a' or 'b' expected, got 'c'"],
    ];
    for (const [args, message] of messages) {
      const [ok, got] = await run(`return pcall(T.f, ${args || 'table.unpack({})'})`);
      const number = message.slice(1, 2);
      expect([ok, got]).toEqual([false, `bad argument #${number} to 'T.f' (${message})`]);
    }
    expect(calls).toBe(0);
    expect(await run('return T.f(10, {name = "n", list = {}}, "b")')).toEqual([1]);
  });

  it('name the line of the caller', async () => {
    const { failure } = openLuaHost();
    expect((await failure('\n\ntimer.after("soon", print)')).message).toBe(
      "test:3: bad argument #1 to 'timer.after' (seconds: number expected, got string)",
    );
  });
});

describe('require', () => {
  it("loads a module once per engine, from the engine's folders, by dotted names", async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'a/pkg'), { recursive: true });
    writeFileSync(join(folder, 'a/b.lua'), 'count = (count or 0) + 1 return {name = ..., count = count}');
    writeFileSync(join(folder, 'a/pkg/init.lua'), 'return "package"');
    writeFileSync(join(folder, 'nothing.lua'), 'loaded = true');
    const { run } = openLuaHost({ moduleRoots: [{ folder, shownAs: 'plugin' }] });
    expect(
      await run(
        'return require("a.b"), require("a.b") == require("a.b"), require("a.pkg"), (require("nothing"))',
      ),
    ).toEqual([{ name: 'a.b', count: 1 }, true, 'package', true]);
    expect(
      await run('package.preload.x = function(n) return n .. "!" end return require("x"), package.loaded.x'),
    ).toEqual(['x!', 'x!']);
  });

  it('says what it looked for, refuses to leave its folders, names the file of an error', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'bad.lua'), 'local x = = 1');
    writeFileSync(join(folder, 'fails.lua'), '\nerror("at load")');
    const { failure, run } = openLuaHost({ moduleRoots: [{ folder, shownAs: 'plugin' }] });
    expect((await failure('require("no.such")')).message).toContain("module 'no.such' not found");
    expect((await failure('require("no.such")')).message).toContain("no file 'plugin/no/such.lua'");
    expect((await failure('require("../secrets")')).message).toContain('bad module name');
    expect((await failure('require("bad")')).message).toContain(
      "plugin/bad.lua:1: unexpected symbol near '='",
    );
    expect((await failure('require("fails")')).message).toContain('plugin/fails.lua:2: at load');
    expect(await run('return pcall(require)')).toEqual([
      false,
      expect.stringContaining("bad argument #1 to 'require'"),
    ]);
  });

  it('refuses a module that requires itself, and tries again after a failure', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'loop.lua'), 'require("loop")');
    writeFileSync(
      join(folder, 'once.lua'),
      'tries = (tries or 0) + 1 if tries == 1 then error("first") end return "second"',
    );
    const { failure, run } = openLuaHost({ moduleRoots: [{ folder, shownAs: 'plugin' }] });
    expect((await failure('require("loop")')).message).toContain("module 'loop' requires itself");
    await failure('require("once")');
    expect(await run('return (require("once"))')).toEqual(['second']);
  });

  it('lets two tasks share one loading', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'slow.lua'), 'runs = (runs or 0) + 1 fs.exists("x") return {}');
    const { engine } = openLuaHost({ moduleRoots: [{ folder, shownAs: 'plugin' }] });
    const both = ['a', 'b'].map((name) => engine.load(`${name} = require("slow")`, '=test'));
    await Promise.all(both);
    expect(await engine.load('return a == b, runs', '=test')).toEqual([true, 1]);
  });
});

describe('callbacks', () => {
  it('run as tasks of their own, in order, never inside of the call', async () => {
    const host = openLuaHost();
    addHostFunctions(host.engine, {
      call: { params: [t.fn(), t.any], call: (callback: Callback, value: unknown) => callback.call(value) },
    });
    await host.run(
      'log_of = {} for i = 1, 3 do T.call(function(v) log_of[#log_of + 1] = v end, i) end log_of[1] = "before"',
    );
    await settle(host);
    expect(await host.run('return log_of')).toEqual([['before', 1, 2, 3]]);
  });

  it('that fail are logged with a traceback, counted, and disturb nobody', async () => {
    const host = openLuaHost();
    addHostFunctions(host.engine, {
      call: { params: [t.fn()], call: (callback: Callback) => callback.call() },
    });
    await host.run('T.call(function() error("in callback") end) T.call(function() ran = true end)');
    await settle(host);
    expect(host.log.at('error').join('\n')).toMatch(
      /the callback of 'T.call' failed: test:1: in callback\nstack traceback/,
    );
    expect(host.hub.counters.get('lua.errors.test')).toBe(1);
    expect(await host.run('return ran')).toEqual([true]);
  });

  it('are freed by release after queued calls, and by cancel before', async () => {
    const host = openLuaHost();
    const kept: Callback[] = [];
    addHostFunctions(host.engine, {
      keep: { params: [t.fn()], call: (callback: Callback) => void kept.push(callback) },
    });
    await host.run(
      'n = 0 weak = setmetatable({}, {__mode = "v"}) for i = 1, 2 do local f = function() n = n + 1 end weak[i] = f T.keep(f) end',
    );
    const [first, second] = kept as [Callback, Callback];
    first.call();
    first.release();
    second.call();
    second.cancel();
    await settle(host);
    first.call();
    second.call();
    await settle(host);
    expect([first.pending, second.pending]).toEqual([0, 0]);
    expect(await host.run('collectgarbage() collectgarbage() return n, weak[1], weak[2]')).toEqual([
      1,
      undefined,
      undefined,
    ]);
  });

  it('are freed when nobody holds the handle any more', async () => {
    const host = openLuaHost();
    addHostFunctions(host.engine, { take: { params: [t.fn()], call: () => undefined } });
    await host.run(
      'weak = setmetatable({}, {__mode = "v"}) do local f = function() return weak end weak[1] = f T.take(f) end',
    );
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await expect
      .poll(async () => {
        collect();
        return (await host.run('collectgarbage() collectgarbage() return weak[1] == nil'))[0];
      })
      .toBe(true);
  });

  it('belong to their engine: another one refuses them', async () => {
    const host = openLuaHost();
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    const kept: Callback[] = [];
    const keep = { params: [t.fn()], call: (callback: Callback) => void kept.push(callback) };
    addHostFunctions(host.engine, { keep });
    addHostFunctions(other, { get: { call: () => kept[0] } });
    await host.run('T.keep(print)');
    await expect(other.load('return pcall(T.get)', '=test')).resolves.toEqual([
      false,
      expect.stringContaining('cannot copy a function of another engine'),
    ]);
  });

  it('beyond the bound are dropped and counted, never queued without end', async () => {
    const host = openLuaHost({ limits: { readyTasks: 10 } });
    let kept: Callback | undefined;
    addHostFunctions(host.engine, {
      keep: {
        params: [t.fn()],
        call: (callback: Callback) => {
          kept = callback;
        },
      },
    });
    await host.run('n = 0 T.keep(function() n = n + 1 end)');
    for (let i = 0; i < 25; i++) kept?.call();
    await settle(host);
    expect(await host.run('return n')).toEqual([10]);
    expect(host.hub.counters.get('lua.dropped.test')).toBe(15);
  });

  it('of waiting functions get the result or the error, once', async () => {
    const host = openLuaHost();
    addHostFunctions(host.engine, {
      slow: { params: [t.any], waits: true, call: (value: unknown) => Promise.resolve(value) },
    });
    await host.run('seen = {} T.slow(5, function(...) seen[#seen + 1] = {n = select("#", ...), ...} end)');
    await host.run('fs.read("nope", function(value, err) seen[#seen + 1] = {value == nil, err.code} end)');
    for (let i = 0; i < 50; i++) await settle(host);
    await expect.poll(() => host.run('return #seen')).toEqual([2]);
    expect(await host.run('return seen[1][1], seen[2]')).toEqual([5, [true, 'fs.not_found']]);
  });
});

describe('memory', () => {
  it('has a cap: a clear error that can be caught, and an engine that goes on', async () => {
    const { run, failure } = openLuaHost({ limits: { capBytes: 32 * 1024 * 1024 } });
    const fill = 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end';
    expect(await failure(fill)).toMatchObject({ kind: 'memory', message: 'not enough memory' });
    expect(await run(`local ok, e = pcall(function() ${fill} end) return ok, e`)).toEqual([
      false,
      'not enough memory',
    ]);
    const [size] = await run('collectgarbage() return #table.concat({("y"):rep(1e6), ("z"):rep(1e6)})');
    expect(size).toBe(2_000_000);
  });

  it('over the cap takes large results as errors, small ones as they are', async () => {
    const { engine, run } = openLuaHost({ limits: { capBytes: 20 * 1024 * 1024 } });
    addHostFunctions(engine, {
      give: { params: [t.int()], waits: true, call: (size: number) => Promise.resolve(Buffer.alloc(size)) },
    });
    expect(await run('return pcall(T.give, 30 * 1024 * 1024)')).toEqual([false, 'not enough memory']);
    expect(await run('return pcall(T.give, 60 * 1024 * 1024)')).toEqual([
      false,
      expect.stringContaining('strings of more than 33554432 bytes'),
    ]);
    expect(await run('return #T.give(100000)')).toEqual([100_000]);
  });
});

describe('an engine whose virtual machine breaks', () => {
  /** Leaves no room for a value that the host delivers outside of any protected call. */
  const BRIM = `kept = {}
    for _, size in ipairs({1e6, 1e5, 1e4, 1e3, 100, 20}) do
      while pcall(function() kept[#kept + 1] = ("x"):rep(size) .. #kept end) do end
    end
    while pcall(function() kept = {kept} end) do end`;

  it('is closed, counted and named, and takes nothing with it', async () => {
    const host = openLuaHost({
      limits: { capBytes: 17 * 1024 * 1024, hostReserveBytes: 0, callbackBudgetMs: 5_000 },
    });
    let kept: Callback<[unknown]> | undefined;
    addHostFunctions(host.engine, {
      keep: {
        params: [t.fn()],
        call: (callback: Callback) => {
          kept = callback;
        },
      },
    });
    await host.run('T.keep(function() end)');
    await host.run(BRIM).catch(() => undefined);
    kept?.call(Array.from({ length: 2_000 }, (_, i) => ({ i })));
    await settle(host);
    expect(host.engine.closed).toBe(true);
    expect(host.hub.counters.get('lua.broken.test')).toBe(1);
    expect(host.log.at('error').join()).toContain("the Lua engine 'test' broke");
    expect(await host.hub.core.load('return 1', '=core')).toEqual([1]);
  });

  it("is opened anew if it is the hub's own", async () => {
    const host = openLuaHost({ limits: { capBytes: 17 * 1024 * 1024, hostReserveBytes: 0 } });
    const { core } = host.hub;
    await core.load('events.on("big", function() end)', '=test');
    await core.load(BRIM, '=test').catch(() => undefined);
    host.hub.notify(
      'big',
      Array.from({ length: 2_000 }, (_, i) => ({ i })),
    );
    await settle(host);
    expect(host.hub.core === core).toBe(false);
    expect(await host.hub.core.load('return hub.hub_id()', '=core')).toEqual([host.identity.hubId]);
  });
});

describe('engines', () => {
  it('share nothing', async () => {
    const { hub, run } = openLuaHost();
    const other = hub.openEngine({ name: 'other', moduleRoots: [] });
    await run('shared = 1 string.shared = 2 log.shared = 3');
    expect(await other.load('return shared, string.shared, log.shared, ("").shared', '=test')).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('end their tasks and resources when they are closed, also in the middle of a task', async () => {
    const { hub, engine } = openLuaHost();
    addHostFunctions(engine, { never: { waits: true, call: () => new Promise(() => undefined) } });
    let ended = false;
    engine.scope.defer(() => {
      ended = true;
    });
    const waiting = engine.load('T.never()', '=test');
    const running = engine.load('while true do end', '=test');
    await new Promise((resolve) => setImmediate(resolve));
    engine.dispose();
    for (const task of [waiting, running]) {
      await expect(task).rejects.toMatchObject({ kind: 'dropped', message: 'test was closed' });
    }
    expect(ended).toBe(true);
    await expect(engine.load('return 1', '=test')).rejects.toBeInstanceOf(LuaError);
    expect(Object.keys(hub.metrics().engines)).toEqual([]);
  });
});
