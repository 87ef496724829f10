import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { runLuaCommand } from '../../hub/lua-command.js';
import { hubModules } from '../support/hub-lua.js';
import { type LuaHostOptions, openLuaHost } from '../support/lua-host.js';
import { tempDir } from '../support/temp-repo.js';

/** An engine whose `hub.commands` has the function `run` that is given. */
function open(run: string, options: LuaHostOptions = {}) {
  const folder = tempDir();
  mkdirSync(join(folder, 'hub'));
  writeFileSync(
    join(folder, 'hub/commands.lua'),
    `return { run = function(name, params, report) ${run} end }`,
  );
  const host = openLuaHost({ ...options, moduleRoots: [{ folder, shownAs: 'test' }, ...hubModules] });
  const progress: LuaRecord[] = [];
  const call = (name: string, params: LuaValue = {}) =>
    runLuaCommand(host.engine, host.log, name, params, (data) => progress.push(data));
  return { ...host, progress, call };
}

test('parameters cross as values, never as code; the answer is plain data', async () => {
  const { call } = open('return true, { name = name, params = params, float = 2.0, list = { 1, "\\xff" } }');
  const params = { text: '"]] os.exit() --\n\0', list: [1, 2], yes: true, nothing: undefined };
  expect(await call('any "name"', params)).toEqual({
    name: 'any "name"',
    params: { text: '"]] os.exit() --\n\0', list: [1, 2], yes: true },
    float: 2,
    list: [1, '\uFFFD'],
  });
});

test('what it reports while it runs reaches its caller, and nobody else', async () => {
  const { call, progress, engine, log } = open(`
    report({ stage = name, percent = 50.0 })
    if name == "first" then timer.sleep(0.01) end
    report({ stage = name, done = 1 })
    report("no table")
    return true, {}`);
  const others: LuaRecord[] = [];
  await Promise.all([call('first'), runLuaCommand(engine, log, 'second', {}, (data) => others.push(data))]);
  expect(progress).toEqual([
    { stage: 'first', percent: 50 },
    { stage: 'first', done: 1 },
  ]);
  expect(others.map(({ stage }) => stage)).toEqual(['second', 'second']);
});

test('a report after the end reaches nobody', async () => {
  const { call, progress, run } = open('late = report return true, {}');
  await call('x');
  await run('late({ stage = "too late" })');
  expect(progress).toEqual([]);
});

test('a failure keeps its code, message and details', async () => {
  const { call } = open(
    'return false, { code = "agent.limit", message = "Too many.", details = { max = 3 } }',
  );
  expect(await call('x')).toMatchObject({ code: 'agent.limit', message: 'Too many.', details: { max: 3 } });
});

test.each([
  ['return false, { }', /without saying why/],
  ['return', /without saying why/],
  ['return 1', /without saying why/],
  ['error("broken here")', /The hub's Lua failed: .*commands.lua:1: broken here/],
  ['return true, print', /The hub's Lua failed: cannot copy a function/],
  ['while true do end', /more than its 50 ms of Lua time/],
])('%s is command.failed', async (code, message) => {
  const { call, log } = open(code, { limits: { loadBudgetMs: 50 } });
  expect(await call('x')).toMatchObject({ code: 'command.failed', message: expect.stringMatching(message) });
  const isLuaFault = !/without/.test(String(message));
  expect(log.at('error').some((line) => line.startsWith('command x failed: '))).toBe(isLuaFault);
});

test('a missing or broken module, and an engine that is gone, are failures too', async () => {
  const host = openLuaHost();
  const call = () => runLuaCommand(host.engine, host.log, 'x', {}, () => undefined);
  expect(await call()).toMatchObject({ code: 'command.failed', message: expect.stringMatching(/not found/) });
  host.engine.dispose();
  expect(await call()).toMatchObject({ code: 'command.busy' });
});

test("the hub's own commands: unknown ones are refused, registered ones run, failures cross", async () => {
  const host = openLuaHost({ moduleRoots: hubModules });
  const call = (name: string, params: LuaValue = {}) =>
    runLuaCommand(host.engine, host.log, name, params, () => undefined);
  expect(await call('no.such')).toMatchObject({ code: 'command.unknown' });
  await host.run(`
    local commands, fail = require("hub.commands"), require("hub.failure")
    commands.register("my.double", function(params) return { value = params.value * 2 } end)
    commands.register("my.failure", function() return fail("my.code", "No.", { a = 1 }) end)
    commands.register("my.text", function() return nil, "just text" end)
    commands.register("my.primitive", function() return fs.read("missing") end)`);
  expect(await call('my.double', { value: 4 })).toEqual({ value: 8 });
  expect(await call('my.failure')).toMatchObject({ code: 'my.code', message: 'No.', details: { a: 1 } });
  expect(await call('my.text')).toMatchObject({ code: 'command.failed', message: 'just text' });
  expect(await call('my.primitive')).toMatchObject({ code: 'fs.not_found' });
});
