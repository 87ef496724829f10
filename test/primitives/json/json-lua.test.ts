import { describe, expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';

async function run(code: string): Promise<unknown[]> {
  return await openLuaHost().run(code);
}

describe('json in Lua', () => {
  test('integers, floats, lists, null and bytes come back as they were', async () => {
    expect(
      await run(`
        local text = '{"big":9223372036854775807,"empty":[],"float":1.0,"int":1,"list":[1,[2,{}]],"null":null}'
        local value = assert(json.decode(text))
        assert(json.encode(value) == text)
        assert(math.type(value.int) == "integer" and math.type(value.float) == "float")
        assert(value.big == math.maxinteger and value.null == json.null and value.missing == nil)
        value.empty[1] = "x"
        value.list = nil
        return json.encode(value.empty), json.encode({}), json.encode(json.array()), json.encode(json.array({ 1 }))`),
    ).toEqual(['["x"]', '{}', '[]', '[1]']);
  });

  test('strings keep every character, NUL included', async () => {
    await run(`
      local text = ""
      for code = 0, 0x2ff do text = text .. utf8.char(code) end
      text = text .. utf8.char(0x1f600, 0xffff, 0x10ffff)
      assert(json.decode(json.encode(text)) == text)
      assert(json.decode(json.encode({ [text] = text }))[text] == text)`);
  });

  test('bad data is nil, err; a value that cannot be copied raises', async () => {
    expect(
      await run(`
        local codes = {}
        for _, value in ipairs { 0/0, -math.huge, "\\xff", { 1, a = 2 }, { [1] = 1, [3] = 3 }, { [1.5] = 1 } } do
          local text, err = json.encode({ value })
          assert(text == nil and tostring(err):find("[1]", 1, true), tostring(err))
          codes[#codes + 1] = err.code
        end
        for _, text in ipairs { "{", "\\xff", ("["):rep(101) } do
          local value, err = json.decode(text)
          assert(value == nil)
          codes[#codes + 1] = err.code
        end
        local cycle = {}
        cycle.cycle = cycle
        for _, value in ipairs { print, coroutine.create(print), cycle } do
          local ok, message = pcall(json.encode, { value })
          assert(not ok and tostring(message):find("bad argument #1 to 'json.encode' (value", 1, true), message)
        end
        local deep = {}
        for _ = 1, 200 do deep = { deep } end
        assert(not pcall(json.encode, deep))
        assert(not pcall(json.decode, 5) and not pcall(json.decode) and not pcall(json.encode))
        return table.concat(codes, " ")`),
    ).toEqual([
      'json.not_finite json.not_finite json.not_utf8 json.bad_key json.bad_key json.bad_key json.syntax json.not_utf8 json.too_deep',
    ]);
  });

  test('as deep as allowed goes both ways', async () => {
    await run(`
      local text = ("["):rep(100) .. ("]"):rep(100)
      assert(json.encode(assert(json.decode(text))) == text)`);
  });

  test('the most values allowed can be decoded, and what is refused leaves the engine well', async () => {
    expect(
      await run(`
        local value = assert(json.decode("[" .. ("1,"):rep(399998) .. "1]"))
        local nothing, err = json.decode("[" .. ("1,"):rep(500000) .. "1]")
        local text, large = json.encode(("x"):rep(9000000))
        return #value, err.code, large.code`),
    ).toEqual([399_999, 'json.too_large', 'json.too_large']);
  });

  test('array marks tables and refuses other values', async () => {
    const host = openLuaHost();
    await host.run('local t = {} assert(json.array(t) == t)');
    expect((await host.failure('json.array(5)')).message).toBe(
      "test:1: bad argument #1 to 'json.array' (list: table expected, got number)",
    );
  });
});
