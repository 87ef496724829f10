import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';
import { makeRepo } from '../../support/temp-repo.js';

test('agents are names for sessions, known to every plugin', async () => {
  const { run, hub } = openLuaHost();
  const other = hub.openEngine({ name: 'other', moduleRoots: [] });
  await run(`
    told = {}
    events.on("agent_registered", function(data) told[#told + 1] = "+" .. data.key .. #data.session_uuids end)
    events.on("agent_unregistered", function(data) told[#told + 1] = "-" .. data.key .. #data.session_uuids end)`);
  await other.load(
    `assert(hub.register_agent("one", { uuid = "a" }))
     assert(hub.register_agent("many", { { uuid = "a" }, { uuid = "b" } }))
     assert(hub.register_agent("named", { shell = { uuid = "c" } }))
     assert(hub.register_agent("none", {}))`,
    '=other',
  );
  expect(await run('return hub.agents()')).toEqual([
    { one: ['a'], many: ['a', 'b'], named: ['c'], none: [] },
  ]);
  expect(await run('return hub.unregister_agent("one"), hub.unregister_agent("one")')).toEqual([true, false]);
  expect(await run('hub.register_agent("many", { { uuid = "x" } }) return hub.agents().many')).toEqual([
    ['x'],
  ]);

  // What this engine took over stays, the rest ends with the one that registered it.
  other.dispose();
  expect(await run('return hub.agents()')).toEqual([{ many: ['x'] }]);
  expect(await run('return told')).toEqual([
    ['+one1', '+many2', '+named1', '+none0', '-one1', '+many1', '-none0', '-named1'],
  ]);
});

test("agents of the hub's own Lua stay when that is opened anew", async () => {
  const { hub, run } = openLuaHost();
  await hub.core.load('hub.register_agent("core", { uuid = "a" })', '=hub');
  hub.core.dispose();
  expect(await run('return hub.agents()')).toEqual([{ core: ['a'] }]);
  expect(await run('return hub.unregister_agent("core")')).toEqual([true]);
});

test('there is an end to it', async () => {
  const { run } = openLuaHost();
  expect(
    await run(`
      local many = {}
      for n = 1, 65 do many[n] = { uuid = tostring(n) } end
      local _, too_many = hub.register_agent("x", many)
      local count = 0
      while true do
        local done, err = hub.register_agent("agent " .. count, {})
        if not done then return count, err.code, too_many.code, hub.register_agent("agent 0", {}) end
        count = count + 1
      end`),
  ).toEqual([1_000, 'hub.agent_limit', 'hub.agent_limit', true]);
});

test('what is no handle is refused', async () => {
  const { failure } = openLuaHost();
  expect((await failure('hub.register_agent("x", { a = 1 })')).message).toContain(
    "bad argument #2 to 'hub.register_agent' (handles[a]: pty handle expected, got number)",
  );
});

test('the worktrees of the page', async () => {
  const repoRoot = await makeRepo();
  const { run } = openLuaHost({ repoRoot });
  expect(await run('return hub.get_worktrees()')).toEqual([[{ path: repoRoot, branch: 'main' }]]);
  expect(
    await run(
      'local got hub.get_worktrees(function(list) got = #list end) while not got do timer.sleep(0.01) end return got',
    ),
  ).toEqual([1]);
  const outside = openLuaHost();
  const [list, err] = await outside.run('return hub.get_worktrees()');
  expect([list, err]).toEqual([
    undefined,
    expect.objectContaining({ code: expect.stringMatching(/^worktree\./) }),
  ]);
});
