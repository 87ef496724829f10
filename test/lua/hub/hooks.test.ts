import { expect, test } from 'vitest';
import { hubModules } from '../../support/hub-lua.js';
import { openLuaHost } from '../../support/lua-host.js';

function open() {
  const host = openLuaHost({ moduleRoots: hubModules });
  return { ...host, run: (code: string) => host.run(`local hooks = require("hub.hooks") ${code}`) };
}

test('observers hear of it in the order of registration, until they are taken off', async () => {
  const { run } = open();
  expect(
    await run(`
      local heard = {}
      hooks.on("agent_created", function(agent) heard[#heard + 1] = "a" .. agent.name end)
      local id = hooks.on("agent_created", function(agent) heard[#heard + 1] = "b" .. agent.name end)
      hooks.notify("agent_created", { name = 1 })
      local off, again = hooks.off(id), hooks.off(id)
      hooks.notify("agent_created", { name = 2 })
      hooks.notify("agent_deleted", { name = 3 })
      return table.concat(heard, " "), off, again`),
  ).toEqual(['a1 b1 a2', true, false]);
});

test('an observer that fails is logged and stops nobody; one that is taken off meanwhile is not called', async () => {
  const { run, log } = open();
  expect(
    await run(`
      local heard, last = {}
      hooks.on("agent_created", function() error("broken") end)
      hooks.on("agent_created", function() heard[#heard + 1] = "second" hooks.off(last) end)
      last = hooks.on("agent_created", function() heard[#heard + 1] = "third" end)
      hooks.notify("agent_created", {})
      return table.concat(heard, " ")`),
  ).toEqual(['second']);
  expect(log.at('error').join()).toMatch(
    /the observer of agent_created at test:3 failed: test:3: broken\nstack/,
  );
});

test('announce tells observers, and handlers of events in every engine', async () => {
  const { run } = open();
  expect(
    await run(`
      local heard = {}
      hooks.on("agent_selected", function(data) heard[#heard + 1] = "observer " .. data.agent_id end)
      events.on("agent_selected", function(data) heard[#heard + 1] = "event " .. data.agent_id end)
      hooks.announce("agent_selected", { agent_id = "x" })
      return table.concat(heard, ", ")`),
  ).toEqual(['observer x, event x']);
});

test('interceptors run by priority, then by registration, each on what the one before returned', async () => {
  const { run } = open();
  expect(
    await run(`
      local function adding(name) return function(value) value.order = value.order .. name return value end end
      hooks.intercept("before_pty_spawn", adding("c"))
      hooks.intercept("before_pty_spawn", adding("e"), { priority = 50 })
      hooks.intercept("before_pty_spawn", adding("a"), { priority = 200 })
      hooks.intercept("before_pty_spawn", adding("d"))
      hooks.intercept("before_pty_spawn", adding("b"), { priority = 100.5 })
      local given = { order = "" }
      return hooks.call("before_pty_spawn", given, "context").order, given.order`),
  ).toEqual(['abcde', '']);
});

test('without interceptors the value comes back as it is; they may wait and see the context', async () => {
  const { run } = open();
  expect(
    await run(`
      local value = {}
      local same = hooks.call("filter_agent_env", value) == value
      local id = hooks.intercept("filter_agent_env", function(env, purpose)
        timer.sleep(0.001)
        return { [purpose.name] = "yes" }
      end)
      local changed = hooks.call("filter_agent_env", {}, { name = "claude" })
      return same, changed.claude, hooks.has("filter_agent_env"), hooks.unintercept(id), hooks.has("filter_agent_env")`),
  ).toEqual([true, 'yes', true, true, false]);
});

test('nil or false blocks, with the reason', async () => {
  const { run } = open();
  expect(
    await run(`
      local id = hooks.intercept("before_agent_create", function() return nil, "not on Fridays" end)
      local value, err = hooks.call("before_agent_create", {})
      hooks.unintercept(id)
      hooks.intercept("before_agent_create", function() return false end)
      local other, silent = hooks.call("before_agent_create", {})
      return value, err.code, tostring(err), other, silent.code, tostring(silent)`),
  ).toEqual([
    undefined,
    'hook.blocked',
    'the hook before_agent_create at test:2 said no: not on Fridays',
    undefined,
    'hook.blocked',
    'the hook before_agent_create at test:5 said no: it gave no reason (a hook that lets pass returns its value)',
  ]);
});

test('one that fails blocks a before_ hook, and is passed over elsewhere, without what it changed', async () => {
  const { run, log } = open();
  expect(
    await run(`
      local function broken(value) value.seen = true value.list[1] = "changed" error("oops") end
      hooks.intercept("before_agent_create", broken)
      local blocked, err = hooks.call("before_agent_create", { list = { "as it was" } })
      hooks.intercept("filter_agent_env", broken)
      local passed = hooks.call("filter_agent_env", { list = { "as it was" } })
      return blocked, err.code, tostring(err), passed.seen, passed.list[1]`),
  ).toEqual([
    undefined,
    'hook.failed',
    'the hook before_agent_create at test:2 failed: test:2: oops',
    undefined,
    'as it was',
  ]);
  expect(log.at('error')).toHaveLength(2);
  expect(
    await run(`
      for _, name in ipairs({ "before_agent_delete", "filter_agent_env" }) do
        hooks.intercept(name, function() error("oops") end, { on_error = name == "filter_agent_env" and "block" or "pass" })
      end
      local passed = hooks.call("before_agent_delete", "value")
      local blocked, err = hooks.call("filter_agent_env", { list = {} })
      return passed, blocked, err.code`),
  ).toEqual(['value', undefined, 'hook.failed']);
});

test.each([
  [
    'hooks.on("no_such", print)',
    "hooks.on: there is no observer hook 'no_such'; there are: agent_attention, ",
  ],
  ['hooks.on("before_agent_create", print)', "there is no observer hook 'before_agent_create'"],
  ['hooks.notify("agent_create", {})', "there is no observer hook 'agent_create'"],
  [
    'hooks.intercept("agent_created", print)',
    "there is no interceptor hook 'agent_created'; there are: before_agent_create, ",
  ],
  ['hooks.call("x", 1)', "there is no interceptor hook 'x'"],
  ['hooks.on("agent_created")', 'hooks.on: a function expected, got nil'],
  [
    'hooks.intercept("before_pty_spawn", print, { priority = "high" })',
    'priority: a number expected, got string',
  ],
  [
    'hooks.intercept("before_pty_spawn", print, { on_error = "ignore" })',
    "on_error: 'block' or 'pass' expected",
  ],
])('%s raises', async (code, message) => {
  const { failure } = openLuaHost({ moduleRoots: hubModules });
  expect((await failure(`local hooks = require("hub.hooks") ${code}`)).message).toContain(message);
});

test('a hook that is declared can be used, and the list names all', async () => {
  const { run } = open();
  expect(
    await run(`
      hooks.declare("before_deploy", "interceptor", "Mine.")
      hooks.intercept("before_deploy", function(value) return value + 1 end)
      local found
      for _, hook in ipairs(hooks.list()) do if hook.name == "before_deploy" then found = hook end end
      return hooks.call("before_deploy", 1), found.doc, found.handlers`),
  ).toEqual([2, 'Mine.', 1]);
});
