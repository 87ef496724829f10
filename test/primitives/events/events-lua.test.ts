import { describe, expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

describe('in one engine', () => {
  test('emit runs the handlers before it returns, in order, with the very value', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local seen = {}
        for i = 1, 3 do events.on("x", function(data) data.count = data.count + 1 seen[#seen + 1] = i .. ":" .. data.count end) end
        local data = { count = 0, f = print }
        events.emit("x", data)
        return table.concat(seen, " "), data.count`),
    ).toEqual(['1:1 2:2 3:3', 3]);
  });

  test('a handler that fails is logged with its traceback and stops nobody', async () => {
    const { run, log } = openLuaHost();
    expect(
      await run(`
        local seen = {}
        events.on("x", function() error("first broke") end)
        events.on("x", function() error({ code = 5 }) end)
        events.on("x", function() error(setmetatable({}, { __tostring = function() return "third broke" end })) end)
        events.on("x", function() seen[1] = true end)
        events.emit("x")
        return seen[1]`),
    ).toEqual([true]);
    const failures = log.at('error');
    expect(failures).toHaveLength(3);
    expect(failures[0]).toMatch(/a handler of the event x failed: test:3: first broke\nstack traceback:\n/);
    expect(failures[2]).toContain('third broke');
  });

  test('off during emit: a handler that is removed does not run, others do', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local seen, ids = {}, {}
        local function add(name, action) ids[name] = events.on("x", function() seen[#seen + 1] = name if action then action() end end) end
        add("a", function() events.off(ids.a) events.off(ids.c) end)
        add("b")
        add("c")
        add("d", function() add("late") end)
        events.emit("x")
        events.emit("x")
        return table.concat(seen, " ")`),
    ).toEqual(['a b d b d late']);
  });

  test('emit in a handler runs at once, and endless emits end in an error, not in the end of the hub', async () => {
    const { run, log } = openLuaHost();
    expect(
      await run(`
        local seen = {}
        events.on("outer", function() seen[#seen + 1] = "o1" events.emit("inner") end)
        events.on("outer", function() seen[#seen + 1] = "o2" end)
        events.on("inner", function() seen[#seen + 1] = "i" end)
        events.emit("outer")
        local depth = 0
        events.on("endless", function() depth = depth + 1 events.emit("endless") end)
        events.emit("endless")
        return table.concat(seen, " "), depth > 10`),
    ).toEqual(['o1 i o2', true]);
    expect(log.at('error').join('\n')).toMatch(/overflow/);
    expect(await run('return 1 + 1')).toEqual([2]);
  });

  test('a handler may wait, and emit returns after it', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        assert(fs.write("a.txt", "content"))
        local seen
        events.on("x", function() seen = fs.read("a.txt") end)
        events.emit("x")
        return seen`),
    ).toEqual(['content']);
  });

  test('off and has', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local id = events.on("x", print)
        local other = events.on("x", print)
        return events.has("x"), events.off(id), events.off(id), events.has("x"), events.off(other), events.has("x"), events.off(12345)`),
    ).toEqual([true, true, false, true, true, false, false]);
  });

  test('10,000 handlers, added and removed, and not one more', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local ids, count = {}, 0
        for i = 1, 10000 do ids[i] = assert(events.on("x", function() count = count + 1 end)) end
        local none, err = events.on("y", print)
        events.emit("x")
        for i = 1, 10000, 2 do events.off(ids[i]) end
        events.emit("x")
        for i = 2, 10000, 2 do events.off(ids[i]) end
        events.emit("x")
        return count, none, err.code, events.has("x")`),
    ).toEqual([15_000, undefined, 'events.limit', false]);
  });
});

describe('between engines', () => {
  test('handlers elsewhere get a copy, soon', async () => {
    const host = openLuaHost();
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    await other.load('events.on("x", function(data) got = data data.changed = true end)', '=other');
    await host.run('local data = { list = { 1 } } events.emit("x", data) assert(data.changed == nil)');
    expect(await until(async () => (await other.load('return got', '=other'))[0])).toEqual({
      list: [1],
      changed: true,
    });
  });

  test('data that cannot be copied reaches the own handlers, and is logged', async () => {
    const host = openLuaHost();
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    await other.load('events.on("x", function(data) got = true end)', '=other');
    expect(
      await host.run(
        'local seen events.on("x", function(f) seen = f end) events.emit("x", print) return seen == print',
      ),
    ).toEqual([true]);
    expect(host.log.at('error').join('\n')).toContain('function');
    expect(await other.load('return got', '=other')).toEqual([undefined]);
  });

  test('host facts reach every engine; an engine that is gone is forgotten', async () => {
    const host = openLuaHost();
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    const listen = 'events.on("fact", function(data) got = (got or 0) + data.n end)';
    await host.run(listen);
    await other.load(listen, '=other');
    host.hub.notify('fact', { n: 1 });
    for (const engine of [host.engine, other]) {
      expect(await until(async () => (await engine.load('return got', '=look'))[0])).toBe(1);
    }
    other.dispose();
    host.hub.notify('fact', { n: 1 });
    expect(await until(async () => (await host.run('return got > 1 and got'))[0] as number | false)).toBe(2);
    expect(await host.run('return events.has("fact")')).toEqual([true]);
  });

  test('a handler that runs for ever ends alone', async () => {
    const host = openLuaHost({ limits: { callbackBudgetMs: 50 } });
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    await other.load('events.on("x", function() while true do end end)', '=other');
    await host.run('events.on("x", function() seen = true end) events.emit("x")');
    expect(await host.run('return seen')).toEqual([true]);
    await until(() => host.log.at('error').some((line) => line.includes('Lua time')));
    expect(await other.load('return 1', '=other')).toEqual([1]);
  });
});

test.each([
  ['events.on(5, print)', "#1 to 'events.on' (event: string expected, got number)"],
  ['events.on("", print)', "#1 to 'events.on' (event: non-empty string expected, got an empty one)"],
  ['events.on("x", 5)', "#2 to 'events.on' (callback: function expected, got number)"],
  ['events.on("x")', "#2 to 'events.on' (callback: function expected, got nil)"],
  ['events.off("x")', "#1 to 'events.off' (id: subscription id expected, got string)"],
  ['events.emit()', "#1 to 'events.emit' (event: string expected, got nil)"],
  ['events.has({})', "#1 to 'events.has' (event: string expected, got table)"],
])('%s raises', async (code, message) => {
  expect((await openLuaHost().failure(code)).message).toContain(`bad argument ${message}`);
});
