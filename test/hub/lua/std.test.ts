/**
 * The standard library as plugins see it, against Lua's own: the same results and messages wherever nothing is
 * reduced on purpose. Each case runs in a plugin's engine, through the replaced functions, and in a bare state.
 */

import { describe, expect, it } from 'vitest';
import { BareLua } from '../../support/bare-lua.js';
import fc from '../../support/fast-check.js';
import { openLuaHost } from '../../support/lua-host.js';

/** Long enough that the interruptible implementations are used instead of the C ones. */
const LONG = 'local s = ("key_1 = value one; "):rep(400) ';

const same: string[] = [
  // find, match: plain, init, captures, anchors
  'return s:find("value")',
  'return s:find("value", 100)',
  'return s:find("value", -50)',
  'return s:find("zzz*")',
  'return s:find("k(%a+)_(%d)", 5)',
  'return s:find("^key.-(%a+);")',
  'return s:find("^value.*")',
  'return s:find("", 20)',
  'return s:find("", #s + 1)',
  'return s:find("", #s + 2)',
  'return s:find(".-;", 1, true)',
  'return s:find("; key", 30, true)',
  'return s:find("; key", "30", true), s:find(".", #s, true), s:find("", #s + 2, true), s:find(";", -1, true)',
  'return pcall(string.find, s, ";", {}, true)',
  'return s:match("(%a+)_(%d) = (.-);")',
  'return s:match("()value()")',
  'return s:match("%b=;")',
  'return s:match(".-one", -30)',
  'return s:match("^%s*(.-)%s*$") == s:sub(1, -2)',
  'return s:match("nothing.*here")',
  'return s:match("%f[%w]%w+", 3)',
  // gmatch
  'local n, last = 0 for k, v in s:gmatch("(%a+)_%d = (%a+)") do n = n + 1 last = k .. v end return n, last',
  'local out = {} for w in s:gmatch("%a+", #s - 20) do out[#out + 1] = w end return out',
  'local n = 0 for _ in s:gmatch("x*") do n = n + 1 end return n',
  'local out = {} for p in ("abc"):rep(400):gmatch("()b") do out[#out + 1] = p end return #out, out[3]',
  // gsub
  'return s:gsub("value", "%0%0")',
  'return s:gsub("(%a+)_(%d)", "%2-%1", 3)',
  'return s:gsub("%s*=%s*", "=")',
  'return s:gsub("x*", "-", 5)',
  'return s:gsub("%a+", {key = "K", value = false, one = 1})',
  'return s:gsub("(%a)(%a+)", function(a, b) return b .. a end)',
  'return s:gsub("%a+", function() end)',
  'return s:gsub("^key", "start")',
  'return s:gsub("$", "end")',
  'return s:gsub("", "-", 4)',
  'return s:gsub("a", "%%")',
  'return s:gsub(".-;", string.upper, 2)',
  'return pcall(string.gsub, s, "a+", "%9")',
  'return pcall(string.gsub, s, "a+", "%x")',
  'return pcall(string.gsub, s, "a+", "%")',
  'return pcall(string.gsub, s, "a+", function() return {} end)',
  'return pcall(string.gsub, s, "(a+", "x")',
  // rep
  'return ("ab"):rep(5), ("ab"):rep(3, ", "), ("x"):rep(0), ("x"):rep(-1), ("x"):rep(1, "s"), (""):rep(9, "-"), #("x"):rep(100000, "yz")',
  // table
  'local t = {3, 1, 2} table.sort(t) return t',
  'local t = {} for i = 1, 500 do t[i] = (i * 7919) % 1009 end table.sort(t, function(a, b) return a > b end) return t',
  'local t = {"b", "a", "c"} table.sort(t, function(a, b) return a < b end) return t',
  'return pcall(table.sort, {1, "x", 2}, nil)',
  'return pcall(table.sort, {{}, {}})',
  'local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) return t, table.remove(t), table.remove(t, 1), pcall(table.remove, t, 9)',
  'return table.concat({1, 2.5, "x"}, "-"), table.concat({}, "x"), table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 2), table.concat({1}, ",", 3)',
  'return table.move({1, 2, 3}, 2, 3, 1), table.move({1, 2, 3}, 1, 3, 3), table.unpack(table.move({1, 2}, 1, 2, 2, {9})), table.move({1}, 1, 0, 5)',
  'return table.unpack({1, 2, 3}, 2), select("#", table.unpack({}, 1, 3)), table.pack(1, nil, 3).n',
  'local t = {n = 0} for i = 1, 60000 do t[i] = i end table.insert(t, 2, "in") local r = table.remove(t, 3) return #t, t[1], t[2], r, t[60000], #table.concat(t, ",")',
  'local t = {} for i = 1, 60000 do t[i] = i end local m = table.move(t, 1, 60000, 3) return #m, m[1], m[2], m[3], m[60002]',
  'local t = {} for i = 1, 25000 do t[i] = (i * 7919) % 25013 end table.sort(t) for i = 2, #t do if t[i - 1] > t[i] then return i end end return "sorted"',
  // base
  'return load("return 1 + ...", "=c")(2), load("syntax error")',
  'return load("return x", "n", "t", {x = 5})()',
  'return pcall(load("return x", "n", "t", nil))',
  'local parts = {"return ", "4", "2"} local i = 0 return load(function() i = i + 1 return parts[i] end)()',
  'return load(function() error("boo", 0) end)',
  'return load("return 1", "n", "b")',
  'return pcall(load, nil)',
  'return pcall(load)',
  'return select("#", load("return ...")(nil, nil))',
  'return xpcall(function(...) return ... end, print, 1, 2)',
  'return xpcall(error, function(m) return "handled " .. m end, "x")',
  'return pcall(xpcall)',
  'return pcall(xpcall, print, 1)',
  'return select(2, xpcall(function() local x = nil; x() end, function(m) return m end))',
  'return pcall(setmetatable, {}, 1)',
  'return pcall(setmetatable, 1, {})',
  'return getmetatable(setmetatable({}, {__metatable = "locked"}))',
  'return pcall(setmetatable, setmetatable({}, {__metatable = 1}), {})',
  'return collectgarbage(), collectgarbage("isrunning"), pcall(collectgarbage, "nonsense")',
  'return type(collectgarbage("count")), type(collectgarbage("step", 1))',
  'return tostring(1e15), tostring(2^63), 10 // 3, 10.0 / 2, 7 % -3, 1 < 1.5, "10" + 5, math.type(1), math.tointeger(3.0)',
  'return string.format("%5.2f|%d|%s|%q|%x|%-5s|%i", 3.14159, 42, "hi", "a\\nb", 255, "x", 7)',
  'return ("%d"):format(3.0), pcall(string.format, "%d", 3.5)',
  'return utf8.char(228, 8364, 128512), utf8.len("äö"), utf8.codepoint("ä", 1), #utf8.charpattern',
  'return string.pack("<i4z", 7, "x"), string.unpack("<i4z", string.pack("<i4z", 7, "x"))',
  'return os.time({year = 2020, month = 2, day = 30, hour = 12}), os.date("!%Y-%m-%dT%H:%M:%SZ", 86400), os.date("!*t", 0).yday',
  'return pcall(os.date, "%Ez")',
  'return os.difftime(5, 3), type(os.clock())',
  'goto done do return 1 end ::done:: return 2',
  'local t <const> = 5 return t',
  'return #"\\u{1F30D}", "\\x41\\z   B", 0x.8p1, 1e2, 3 | 4, ~0',
  'return next({}), rawlen({1, 2}), rawequal("a", "a"), rawget({5}, 1), select(-1, 1, 2, 3), tonumber("0x10"), tonumber("z", 36), tonumber("8", 8)',
  'local t = setmetatable({}, {__index = function(_, k) return k .. "!" end, __name = "Thing"}) return t.x, tostring(t):match("^Thing: ") ~= nil',
  // wrong arguments
  ...['find', 'match', 'gmatch', 'gsub', 'rep'].flatMap((name) => [
    `return pcall(string.${name})`,
    `return pcall(string.${name}, {})`,
    `return pcall(string.${name}, "x", {})`,
    `return pcall(string.${name}, "x", "y", {})`,
  ]),
  ...['insert', 'remove', 'concat', 'move', 'sort', 'unpack'].flatMap((name) => [
    `return pcall(table.${name})`,
    `return pcall(table.${name}, 1)`,
    `return pcall(table.${name}, {}, {})`,
    `return pcall(table.${name}, {1, 2}, 9, 9)`,
  ]),
  'return pcall(string.find, s, ".*x", {})',
  'return pcall(string.find, s, ".*x", 1.5)',
  'return string.find(12345, 34), (5):rep(3)',
];

describe('the standard library', () => {
  it.each(same)('agrees with Lua: %s', async (code) => {
    const { run } = openLuaHost();
    const chunk = code.includes('s:') || code.includes(', s,') ? LONG + code : code;
    const source = chunk.replace('(5):rep(3)', 'string.rep(5, 3)');
    expect(renamed(await run(source))).toEqual(renamed(new BareLua().call(source)));
  });

  it('finds and replaces like Lua in subjects of any kind', async () => {
    const { run } = openLuaHost({ limits: { uninterruptibleMs: 5_000 } });
    const bare = new BareLua();
    const piece = fc.constantFrom(
      'a',
      'b',
      '.',
      '%a',
      '[ab]',
      'a*',
      'b-',
      '.-',
      '(a)',
      '(b*)',
      '()',
      '^',
      '$',
      'x',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 5 }).map((parts) => parts.join('')),
        fc.string({ unit: fc.constantFrom(...'aab x'), maxLength: 10 }),
        fc.integer({ min: -12, max: 12 }),
        async (pattern, tail, init) => {
          // more of them would take Lua's own matcher minutes
          fc.pre((pattern.match(/[*-]/g) ?? []).length <= 2);
          const code = `local pattern, tail, init = ... local s = tail .. ("ab x"):rep(60)
            local out = {}
            out.find = {pcall(string.find, s, pattern, init)}
            out.match = {pcall(string.match, s, pattern, init)}
            out.gsub = {pcall(string.gsub, s, pattern, "<%0>", init > 0 and init or nil)}
            out.callback = {pcall(string.gsub, s, pattern, function(a) return a == "a" and "A" end)}
            local n = 0 out.gmatch = {pcall(function() for a in s:gmatch(pattern, init) do n = n + 1 if n > 40 then break end out[n] = a end return n end)}
            return out`;
          expect(await run(code, pattern, tail, init)).toEqual(bare.call(code, pattern, tail, init));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('searches long texts in slices: nothing is ended that would end by itself', async () => {
    const { run } = openLuaHost();
    const [result] = await run(`
      local s = ("some words and = signs; "):rep(40000)
      local n = 0
      for _ in s:gmatch("(%w+) = (%w+)") do n = n + 1 end
      return {n, (s:find("(%w+)=(%w+)!")), (s:gsub("%s*=%s*", "=")):sub(1, 22), s:match("(%w+); $")}`);
    expect(result).toEqual(
      new Map<unknown, unknown>([
        [1, 40000],
        [3, 'some words and=signs; '],
        [4, 'signs'],
      ]),
    );
  });

  it('sorts anything, stably, with comparators that make no sense', async () => {
    const { run } = openLuaHost();
    const [result] = await run(`
      local t = {} for i = 1, 300 do t[i] = {key = (i * 7) % 5, place = i} end
      table.sort(t, function(a, b) return a.key < b.key end)
      for i = 2, #t do
        local a, b = t[i - 1], t[i]
        if a.key > b.key or (a.key == b.key and a.place > b.place) then return "unstable at " .. i end
      end
      local u = {} for i = 1, 100 do u[i] = i end
      table.sort(u, function() return true end)
      local sum = 0 for _, v in ipairs(u) do sum = sum + v end
      return sum`);
    expect(result).toBe(5050);
  });
});

describe('collectgarbage', () => {
  it('collects in both modes, and frees what nobody holds', async () => {
    const { run } = openLuaHost();
    const code = `local weak = setmetatable({{}}, {__mode = "v"}) local before = collectgarbage("generational")
      local result = {before, collectgarbage(), weak[1] == nil}
      weak[1] = {}
      result[4] = collectgarbage("incremental")
      result[5] = collectgarbage()
      result[6] = weak[1] == nil
      return result`;
    expect(await run(code)).toEqual([['incremental', 0, true, 'generational', 0, true]]);
  });
});

describe('what is reduced', () => {
  const cases: [string, string, unknown[]][] = [
    [
      'no way to files, processes or bytecode',
      'return io.open, io.popen, os.execute, os.remove, os.rename, os.exit, os.tmpname, os.setlocale, dofile, loadfile, string.dump, package.loadlib, package.searchpath',
      Array<undefined>(13).fill(undefined),
    ],
    [
      'debug looks at the stack and no further',
      'local names = {} for name in pairs(debug) do names[#names + 1] = name end table.sort(names) return names, debug.getinfo(1, "f").func, debug.getinfo(print).func, debug.getinfo(1, "l").currentline',
      [['getinfo', 'traceback'], undefined, undefined, 1],
    ],
    [
      'binary chunks are refused',
      'return load("\\27Lua")',
      [undefined, "attempt to load a binary chunk (mode is 't')"],
    ],
    [
      'binary chunks are refused in binary mode',
      'return load("\\27Lua", "x", "b")',
      [undefined, "attempt to load a binary chunk (mode is 't')"],
    ],
    [
      'finalizers are refused',
      'return pcall(setmetatable, {}, {__gc = print})',
      [false, expect.stringContaining('__gc is not supported here')],
    ],
    [
      'huge chunks are refused',
      'return load(("x = 1 "):rep(200000))',
      [undefined, 'chunk is larger than 1048576 bytes'],
    ],
    [
      'huge repetitions are refused',
      'return pcall(string.rep, "x", 1 << 40)',
      [false, expect.stringContaining('resulting string too large')],
    ],
    [
      'getenv is kept',
      'return os.getenv("NO_SUCH_VARIABLE"), type(os.getenv("PATH"))',
      [undefined, 'string'],
    ],
    [
      'hidden host functions stay hidden',
      'local found = {} for name, value in pairs(_G) do if name:find("^_[^G]") and name ~= "_VERSION" then found[#found + 1] = name end end return found',
      [[]],
    ],
  ];
  it.each(cases)('%s', async (_, code, expected) => {
    expect(await openLuaHost().run(code)).toEqual(
      expected.length === 1 && Array.isArray(expected[0]) && expected[0].length === 0 ? [{}] : expected,
    );
  });

  it('print, warn and io.write go to the log', async () => {
    const { run, log } = openLuaHost();
    await run(
      'print(1, nil, setmetatable({}, {__tostring = function() return "obj" end})) warn("care", "ful") warn("@on")',
    );
    await run('io.write("part", 1, "\\nnext") io.write(" line\\n") io.stderr:write("err\\n"):write("x\\n")');
    expect(log.at('info')).toEqual(['1\tnil\tobj', 'part1', 'next line']);
    expect(log.at('warn')).toEqual(['careful', 'err', 'x']);
  });
});

/** What may differ: the chunk's name, and the words for a function that was called through pcall. */
function renamed(values: readonly unknown[]): unknown[] {
  return values.map((value) => {
    if (typeof value !== 'string') return value;
    return value
      .replace(/^(bare|test):/, 'chunk:')
      .replace(/ to '(?:string|table)\./, " to '")
      .replace('got no value', 'got nil');
  });
}
