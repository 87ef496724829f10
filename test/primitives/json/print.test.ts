import { describe, expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { LuaFloat, type LuaValue } from '../../../base/values.js';
import { parseJson } from '../../../primitives/json/parse.js';
import { printJson } from '../../../primitives/json/print.js';
import fc from '../../support/fast-check.js';

function failure(value: LuaValue): HubError {
  try {
    printJson(value);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(HubError);
    return thrown as HubError;
  }
  throw new Error('was printed');
}

/** What a decoded value can be. */
const float = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): LuaValue => {
  const looksLikeInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
  return looksLikeInteger ? new LuaFloat(value) : value;
});
const integer = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map((value): LuaValue => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
const value: fc.Arbitrary<LuaValue> = fc.letrec<{ value: LuaValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<LuaValue>(null, true, false, 0, '', new LuaFloat(0)),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
    fc.maxSafeInteger(),
    integer,
    float,
    fc.array(tie('value')),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value')).map((record) => ({ ...record })),
  ),
})).value;

describe('printJson', () => {
  test('what is printed reads back the same, integers and floats apart', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('', '  ' as const), (original, indent) => {
        expect(parseJson(Buffer.from(printJson(original, indent)))).toStrictEqual(original);
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[text: string, value: LuaValue]>([
    ['null', undefined],
    ['null', null],
    ['3', 3],
    ['3.0', new LuaFloat(3)],
    ['-0.0', -0],
    ['0.1', 0.1],
    ['1e+300', 1e300],
    ['9007199254740992.0', 2 ** 53],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['"a\\"\\\\\\n\\u0000\u007f"', 'a"\\\n\0\u007f'],
    ['[]', []],
    ['{}', {}],
    ['{"a":[true,false],"b":1}', { b: 1, a: [true, false] }],
    ['{"x":1}', new Map([['x', 1]])],
  ])('prints %s', (text, input) => {
    expect(printJson(input)).toBe(text);
  });

  test('indents by two spaces, empty tables on one line', () => {
    expect(printJson({ b: [1, {}], a: { c: [] } }, '  ')).toBe(
      '{\n  "a": {\n    "c": []\n  },\n  "b": [\n    1,\n    {}\n  ]\n}',
    );
  });

  test('equal values give equal text, in whatever order they were built', () => {
    expect(printJson({ a: 1, b: 2, '10': 3, '9': 4 })).toBe(printJson({ '9': 4, b: 2, '10': 3, a: 1 }));
  });

  test('prints __proto__ as a key', () => {
    expect(printJson(JSON.parse('{"__proto__":1}') as LuaValue)).toBe('{"__proto__":1}');
  });

  test.each<[string, LuaValue, string]>([
    ['json.not_finite', { users: [{}, { 'a b': Number.NaN }] }, 'users[2]["a b"]'],
    ['json.not_finite', [Infinity], '[1]'],
    ['json.not_finite', new LuaFloat(-Infinity), 'the value'],
    ['json.not_utf8', { name: Buffer.from([0xff]) }, 'name'],
    [
      'json.bad_key',
      {
        t: new Map<string | number, LuaValue>([
          [1, 'a'],
          ['k', 'b'],
        ]),
      },
      'string keys and list keys',
    ],
    [
      'json.bad_key',
      new Map([
        [1, 'a'],
        [3, 'c'],
      ]),
      'holes',
    ],
    ['json.bad_key', new Map([[true, 'a']]), 'boolean'],
    ['json.bad_key', new Map([[new LuaFloat(2), 'a']]), 'float 2'],
    ['json.bad_key', new Map([[Buffer.from([0xff]), 'a']]), 'UTF-8'],
  ])('refuses with %s and names the place', (code, input, place) => {
    const error = failure(input);
    expect(error.code).toBe(code);
    expect(error.message).toContain(place);
  });

  test('refuses to nest deeper than 100 levels, cycles included', () => {
    const nested = (levels: number): LuaValue => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(printJson(nested(100))).toHaveLength(201);
    expect(failure(nested(101)).code).toBe('json.too_deep');
    const cycle: Record<string, LuaValue> = {};
    cycle['self'] = cycle;
    expect(failure(cycle).code).toBe('json.too_deep');
  });

  test('refuses text of more than 8 MiB, before it is made', () => {
    expect(failure('x'.repeat(9_000_000)).code).toBe('json.too_large');
    expect(failure('\u00e4'.repeat(5_000_000)).code).toBe('json.too_large');
    const shared: LuaValue = Array.from({ length: 1000 }, () => 'x'.repeat(1000));
    expect(failure(Array.from({ length: 100 }, () => shared)).code).toBe('json.too_large');
  });
});
