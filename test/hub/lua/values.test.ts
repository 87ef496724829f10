/** What crosses the boundary, both ways, byte for byte and type for type. */

import { describe, expect, it } from 'vitest';
import { t } from '../../../base/schema.js';
import { LuaFloat, type LuaValue } from '../../../base/values.js';
import fc from '../../support/fast-check.js';
import { addHostFunctions, openLuaHost } from '../../support/lua-host.js';

/** A value as Lua tells it apart: integers from floats, arrays from records. */
const { value } = fc.letrec<{ value: LuaValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<LuaValue>(null, true, false, 0, -1, 2 ** 53 - 1, 0.5, -0, Infinity, -Infinity),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).filter((n) => !Number.isSafeInteger(n) || Object.is(n, -0)),
    fc.maxSafeInteger().map((n) => new LuaFloat(n)),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 12 }), tie('value'), {
      maxKeys: 6,
      noNullPrototype: true,
    }),
  ),
}));

/** `{}` is what an empty record and an empty array are to Lua; a float loses nothing but its class's identity. */
function plain(one: LuaValue): unknown {
  if (one instanceof LuaFloat) return `float ${one.value}`;
  if (Array.isArray(one)) return one.map(plain);
  if (one instanceof Map) return new Map([...one].map(([k, v]) => [k, plain(v as LuaValue)]));
  if (one instanceof Uint8Array) return [...one];
  if (one !== null && typeof one === 'object') {
    return Object.fromEntries(Object.entries(one).map(([k, v]) => [k, plain(v as LuaValue)]));
  }
  return Object.is(one, -0) ? 'negative zero' : one;
}

describe('values', () => {
  it('come back as they went, whatever they are', async () => {
    const { run } = openLuaHost();
    await fc.assert(
      fc.asyncProperty(value, async (one) => {
        const [back] = await run('return ...', one);
        expect(plain(back)).toEqual(plain(one));
      }),
      { numRuns: 400 },
    );
  });

  it('keep every byte of a string, UTF-8 or not', async () => {
    const { run } = openLuaHost();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const [back, length, sum] = await run(
          'local s, n = ..., 0 for i = 1, #s do n = n + s:byte(i) end return s, #s, n',
          bytes,
        );
        expect(Buffer.from(back as string | Uint8Array)).toEqual(Buffer.from(bytes));
        expect(length).toBe(bytes.length);
        expect(sum).toBe(bytes.reduce((total, byte) => total + byte, 0));
      }),
      { numRuns: 200 },
    );
  });

  it('carry NUL bytes, long text and a megabyte of every byte', async () => {
    const { run } = openLuaHost();
    const long = 'grüße 🌍 '.repeat(5_000);
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 256);
    const [a, b, c] = await run('local a, b, c = ... return a, b, c', 'x\0y', long, bytes);
    expect([a, b]).toEqual(['x\0y', long]);
    expect(Buffer.compare(c as Uint8Array, bytes)).toBe(0);
  });

  it('tell integers from floats in both directions', async () => {
    const { run } = openLuaHost();
    const kinds = 'local out = {} for i, v in ipairs({...}) do out[i] = math.type(v) end return out';
    const [seen] = await run(kinds, 3, new LuaFloat(3), 0.5, -0, 2 ** 53 - 1, 2 ** 53, 2n ** 62n, NaN);
    expect(seen).toEqual(['integer', 'float', 'float', 'float', 'integer', 'float', 'integer', 'float']);
    const back = await run('return 3, 3.0, math.maxinteger, math.mininteger, 1e15, 0/0 ~= 0/0');
    expect(back).toEqual([3, new LuaFloat(3), 2n ** 63n - 1n, -(2n ** 63n), new LuaFloat(1e15), true]);
  });

  it('make arrays, records and mixed tables real tables', async () => {
    const { run } = openLuaHost();
    const back = await run(
      'return {1, "b", {c = true}}, {x = {y = {}}}, {1, 2, n = 2}, {[10] = "a", [1.5] = "b"}',
    );
    expect(back[0]).toEqual([1, 'b', { c: true }]);
    expect(back[1]).toEqual({ x: { y: {} } });
    expect(back[2]).toEqual(
      new Map<unknown, unknown>([
        [1, 1],
        [2, 2],
        ['n', 2],
      ]),
    );
    expect(back[3]).toEqual(
      new Map<unknown, unknown>([
        [10, 'a'],
        [1.5, 'b'],
      ]),
    );
    const [shape] = await run('local t = ... return {#t.list, t.list[2], t.map.k, next(t.empty) == nil}', {
      list: ['a', 'b'],
      map: { k: 'v' },
      empty: [],
    });
    expect(shape).toEqual([2, 'b', 'v', true]);
  });

  it('keep an empty array apart from an empty record', async () => {
    const { run } = openLuaHost();
    expect(await run('return ...', [], {})).toEqual([[], {}]);
  });

  it('treat a __proto__ key as data', async () => {
    const { run } = openLuaHost();
    const [back] = await run('return {["__proto__"] = {polluted = true}}');
    expect(Object.keys(back as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keep nil and json.null apart', async () => {
    const { run } = openLuaHost();
    expect(await run('return nil, json.null, ..., select("#", ...)', null)).toEqual([
      undefined,
      null,
      null,
      1,
    ]);
    expect(await run('return ... == json.null', null)).toEqual([true]);
  });
});

describe('values that cannot cross', () => {
  const cases: [string, string, RegExp][] = [
    ['a cycle', 'local t = {} t.a = {b = t} return t', /contains itself at \.a\.b/],
    ['a function inside', 'return {list = {1, print}}', /cannot copy a function at \.list\[2\]/],
    ['a thread', 'return coroutine.create(print)', /cannot copy a thread/],
    ['userdata', 'return {io.stdout}', /cannot copy a function at \[1\]/],
    ['a table as a key', 'return {[{}] = 1}', /cannot copy a table as a key/],
    [
      '10,000 tables deep',
      'local t = {} for _ = 1, 10000 do t = {t} end return t',
      /tables nested deeper than 100/,
    ],
    ['too many values', 'local t = {} for i = 1, 600000 do t[i] = i end return t', /more than 500000 values/],
  ];
  it.each(cases)('%s', async (_, code, message) => {
    const { failure } = openLuaHost();
    expect((await failure(code)).message).toMatch(message);
  });

  it('a shared table is no cycle', async () => {
    const { run } = openLuaHost();
    expect(await run('local s = {1} return {s, s}')).toEqual([[[1], [1]]]);
  });

  it('name the place when the host sends them', async () => {
    const { run } = openLuaHost();
    await expect(run('return ...', { a: [{ b: Symbol('x') as never }] })).rejects.toThrow(
      'cannot copy a symbol at .a[1].b',
    );
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    await expect(run('return ...', cyclic as LuaValue)).rejects.toThrow(
      /tables nested deeper than 100, or cyclic/,
    );
    await expect(run('return ...', 2n ** 64n)).rejects.toThrow('does not fit a 64-bit integer');
  });

  it('leave the engine as it was: the next call works', async () => {
    const { run, failure } = openLuaHost();
    for (let i = 0; i < 300; i++) await failure('local t = {1, {2, {3}}} t[2][2][2] = print return t');
    expect(await run('return "fine"')).toEqual(['fine']);
  });
});

describe('strings of 100 MB', () => {
  it('are a clear error in Lua, and the engine lives', async () => {
    const { run } = openLuaHost();
    const [ok, message] = await run('return pcall(function() return #("x"):rep(100 * 1000 * 1000) end)');
    expect(ok).toBe(false);
    expect(message).toMatch(/too large|not enough memory/);
    expect(await run('return 1')).toEqual([1]);
  });

  it('are a clear error from the host', async () => {
    const { engine, run } = openLuaHost();
    addHostFunctions(engine, {
      huge: { waits: true, call: () => Promise.resolve(Buffer.alloc(100_000_000)) },
      hugeNow: { call: () => Buffer.alloc(100_000_000) },
      size: { params: [t.bytes], call: (bytes: Uint8Array) => bytes.length },
    });
    const refusal = [false, expect.stringContaining('strings of more than 33554432 bytes')];
    expect(await run('return pcall(T.huge)')).toEqual(refusal);
    expect(await run('return pcall(T.hugeNow)')).toEqual(refusal);
    expect(await run('return T.size(("x"):rep(1000))')).toEqual([1000]);
  });
});
