import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { fits, MAX_DEPTH, mismatch } from '../../base/check.js';
import { named, type Schema, t } from '../../base/schema.js';
import { LuaFloat } from '../../base/values.js';
import fc from '../support/fast-check.js';

const message = t.object({
  name: t.name,
  lines: t.opt(t.int({ min: 0, max: 100 })),
  tags: t.list(t.str),
  env: t.map(t.str),
  mode: t.oneOf('fast', 'slow'),
});
const good = { name: 'a', tags: ['x'], env: { HOME: '/h' }, mode: 'fast' };

describe('what fits', () => {
  const cases: [string, Schema, unknown[], unknown[]][] = [
    ['str', t.str, ['', 'é', '\0', '😀'], [1, null, undefined, '\ud800']],
    ['name', t.name, ['a b'], ['', 'a\0b']],
    ['text with a limit', t.text({ maxBytes: 4 }), ['abcd', 'é', '😀'], ['abcde', 'ééé', '😀a']],
    ['bytes', t.bytes, [new Uint8Array(2)], ['ab', [1]]],
    ['num', t.num(), [1.5, -0, Infinity, Number.NaN], ['1', 1n]],
    ['num with a range', t.num({ min: 0, max: 1 }), [0, 0.5, 1], [-0.1, 1.1, Number.NaN]],
    ['num with one bound', t.num({ min: 3 }), [3, Infinity], [2.9]],
    ['int', t.int(), [0, -5, 2 ** 53 - 1], [1.5, 2 ** 53, Infinity, '1']],
    ['id', t.id('timer'), [7], [7.5, 'a']],
    ['bool', t.bool, [true, false], [0, 'true', null]],
    ['oneOf', t.oneOf('a', 'b'), ['a'], ['c', '', 0, undefined]],
    ['list', t.list(t.int()), [[], [1, 2]], [{}, [1, 'x'], 'ab']],
    ['map', t.map(t.int()), [{}, { a: 1 }], [[], { a: 'x' }, new Map()]],
    ['opt', t.opt(t.str), [undefined, 'a'], [null, 1]],
    ['union', t.union(t.str, t.int()), ['a', 1], [true, 1.5]],
    [
      'any',
      t.any,
      [undefined, null, 1n, [{ a: [1] }], new Map([[1, 'x']]), new LuaFloat(3)],
      [() => 1, [Symbol.iterator], new Map([[{}, 1]]), new Map([[1, () => 1]]), new Date()],
    ],
    ['fn', t.fn(named('x', t.str, 'A text.')), [{ call() {}, release() {} }], [() => 1, {}, null]],
    [
      'object',
      message,
      [good, { ...good, lines: 100 }, { ...good, more: 1 }],
      [null, [], { ...good, lines: 101 }],
    ],
  ];
  it.each(cases)('%s', (_name, schema, accepted, refused) => {
    for (const value of accepted) expect(mismatch(schema, value), inspect(value)).toBeUndefined();
    for (const value of refused) expect(mismatch(schema, value), inspect(value)).toBeTypeOf('string');
  });

  it('narrows the type', () => {
    const value: unknown = good;
    if (fits(message, value)) expectTypeOf(value.mode).toEqualTypeOf<'fast' | 'slow'>();
    expect(fits(message, value)).toBe(true);
  });
});

describe('what it says', () => {
  const cases: [string, Schema, unknown, string][] = [
    ['names the path', message, { ...good, tags: ['x', 3] }, 'value.tags[1]: string expected, got number'],
    [
      'quotes map keys',
      message,
      { ...good, env: { 'A B': null } },
      'value.env["A B"]: string expected, got null',
    ],
    ['missing fields', message, { ...good, name: undefined }, 'value.name: string expected, got nothing'],
    ['choices', message, { ...good, mode: 'x' }, 'value.mode: one of "fast", "slow" expected'],
    ['ranges', message, { ...good, lines: 101 }, 'value.lines: 0 to 100 expected, got 101'],
    ['sizes', t.text({ maxBytes: 3 }), 'abcd', 'value: longer than 3 bytes'],
    ['alternatives', t.union(t.str, t.list(t.int())), true, 'value: string or list expected, got boolean'],
    [
      'inside the alternative meant',
      t.union(t.str, t.list(t.int())),
      [1, 'x'],
      'value[1]: integer expected, got string',
    ],
    [
      'values that cannot cross',
      t.any,
      { a: [() => 1] },
      'value.a[0]: a value that can be copied expected, got function',
    ],
  ];
  it.each(cases)('%s', (_name, schema, value, expected) => {
    expect(mismatch(schema, value)).toBe(expected);
  });

  it('never repeats the value, which may be a secret', () => {
    expect(mismatch(t.object({ port: t.int() }), { port: 'hunter2' })).not.toContain('hunter2');
  });
});

describe('hostile input', () => {
  it('takes only own properties', () => {
    expect(mismatch(t.object({ toString: t.opt(t.str) }), {})).toBeUndefined();
    expect(
      mismatch(t.object({ constructor: t.any }), JSON.parse('{"__proto__": {"constructor": 1}}')),
    ).toBeUndefined();
  });

  it('does not run out of stack on deep nesting', () => {
    const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    expect(mismatch(t.any, deep)).toContain(`nested deeper than ${MAX_DEPTH} levels`);
  });

  it('never throws, whatever the value', () => {
    const schemas: Schema[] = [
      t.any,
      message,
      t.union(message, t.list(t.any)),
      t.map(t.any),
      t.text({ maxBytes: 2 }),
    ];
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true }), (value) => {
        for (const schema of schemas)
          expect(['string', 'undefined']).toContain(typeof mismatch(schema, value));
      }),
    );
  });

  it('takes every JSON value as any, up to the depth', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => mismatch(t.any, value) === undefined));
  });
});
