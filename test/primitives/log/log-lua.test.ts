import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';

/** The lines a chunk logs. */
async function logged(code: string) {
  const host = openLuaHost();
  await host.run(code);
  return host.log.lines.filter(({ fields }) => fields['source'] === 'test');
}

const message = async (code: string): Promise<string> =>
  (await logged(`log.info(${code})`))[0]?.message ?? '';

test('each level, with the name of the plugin', async () => {
  const lines = await logged('log.debug("a") log.info("b") log.warn("c") log.error("d")');
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ['debug', 'a'],
    ['info', 'b'],
    ['warn', 'c'],
    ['error', 'd'],
  ]);
});

test.each([
  ['nil', 'nil'],
  ['true', 'true'],
  ['1', '1'],
  ['1.0', '1.0'],
  ['"text"', 'text'],
  ['"a\\0b\\xff"', 'a\0b\ufffd'],
  ['{}', '{}'],
  ['{ 1, "two", { three = 3 } }', '{1, "two", {three = 3}}'],
  [
    '{ b = 1, a = { 2 }, ["c d"] = 3, [2] = 4, [true] = 5 }',
    '{[true] = 5, [2] = 4, a = {2}, b = 1, ["c d"] = 3}',
  ],
  ['{ { { { { 5 } } } } }', '{{{{{...}}}}}'],
  ['{ "line\\nbreak" }', '{"line\\nbreak"}'],
  ['setmetatable({}, { __tostring = function() return "mine" end })', 'mine'],
  ['setmetatable({}, { __tostring = function() error("no") end })', '<table: __tostring failed>'],
  ['setmetatable({ 1 }, { __index = error, __len = error, __pairs = error })', '{1}'],
])('%s is written as %s', async (code, text) => {
  expect(await message(code)).toBe(text);
});

test('functions, threads and cycles are written too', async () => {
  expect(await message('print')).toMatch(/^function: /);
  expect(await message('{ f = print, t = coroutine.create(print) }')).toMatch(
    /^\{f = function: .*, t = thread: /,
  );
  expect((await logged('local t = { 1 } t.self = t log.info(t)'))[0]?.message).toBe('{1, self = <cycle>}');
  expect((await logged('local t = {} log.info({ t, t })'))[0]?.message).toBe('{{}, {}}');
});

test('an error value is written as its message', async () => {
  const [line] = await logged('local _, err = fs.read("no/such") log.error(err)');
  expect(line?.message).toMatch(/^cannot read .*no\/such: no such file or folder$/);
});

test('fields are text, whatever they are', async () => {
  const [line] = await logged(
    'log.info("m", { n = 1, s = "x", t = { 1 }, [5] = true, ["\\xff"] = "\\xff", none = json.null })',
  );
  expect(line?.fields).toMatchObject({ n: '1', s: 'x', t: '{1}', '5': 'true', '?': '\ufffd' });
});

test('a huge string and a huge table cost little and are cut', async () => {
  const [text, wide, deep] = await logged(`
    log.info(("x"):rep(10000000))
    local wide, long = {}, ("y"):rep(100000)
    for i = 1, 100000 do wide[i] = long end
    log.info(wide)
    local function tree(depth) local t = {} if depth > 0 then for i = 1, 100 do t[i] = tree(depth - 1) end end return t end
    log.info(tree(3))`);
  expect(text?.message).toBe(`${'x'.repeat(16_384)}... (cut: 10000000 bytes)`);
  expect(wide?.message).toMatch(/^\{"yyy.*\(cut: \d+ bytes\)$/);
  expect(deep?.message.length).toBeLessThan(16_500);
});

test('a flood is limited', async () => {
  const host = openLuaHost();
  await host.run('for i = 1, 5000 do log.info(i) end');
  expect(host.log.at('info').length).toBeLessThan(1_100);
  host.engine.dispose();
  expect(host.log.at('warn').at(-1)).toMatch(/^\d+ log lines were left out/);
});

test('fields that are no table raise', async () => {
  const { message } = await openLuaHost().failure('log.info("m", 5)');
  expect(message).toBe("test:1: bad argument #2 to 'log.info' (fields: table expected, got number)");
});
