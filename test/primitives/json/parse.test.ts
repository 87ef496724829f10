import { describe, expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { LuaFloat, type LuaValue } from '../../../base/values.js';
import { parseJson } from '../../../primitives/json/parse.js';
import fc from '../../support/fast-check.js';

const parse = (text: string): LuaValue => parseJson(Buffer.from(text));

function failure(text: string | Uint8Array): HubError {
  try {
    parseJson(typeof text === 'string' ? Buffer.from(text) : text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(HubError);
    return thrown as HubError;
  }
  throw new Error(`accepted: ${String(text).slice(0, 50)}`);
}

/** After the cases of JSONTestSuite (Nicolas Seriot), by their names there: n_ must be refused, y_ accepted. */
const refused: Record<string, string> = {
  n_array_1_true_without_comma: '[1 true]',
  n_array_colon_instead_of_comma: '["": 1]',
  n_array_comma_after_close: '[""],',
  n_array_comma_and_number: '[,1]',
  n_array_double_comma: '[1,,2]',
  n_array_extra_close: '["x"]]',
  n_array_extra_comma: '["",]',
  n_array_incomplete: '["x"',
  n_array_inner_array_no_comma: '[3[4]]',
  n_array_just_comma: '[,]',
  n_array_just_minus: '[-]',
  n_array_newlines_unclosed: '["a",\n4\n,1,',
  n_array_spaces_vertical_tab_formfeed: '["\va"\\f]',
  n_incomplete_false: '[fals]',
  n_number_plus_plus: '[++1234]',
  n_number_plus_1: '[+1]',
  n_number_minus_01: '[-01]',
  n_number_minus_2_dot: '[-2.]',
  n_number_dot_2e_minus_3: '[.2e-3]',
  n_number_0_dot_e1: '[0.e1]',
  n_number_0_capital_E: '[0E]',
  n_number_1_0e_plus: '[1.0e+]',
  n_number_expression: '[1+2]',
  n_number_hex: '[0x1]',
  n_number_infinity: '[Infinity]',
  n_number_nan: '[NaN]',
  n_number_minus_infinity: '[-Infinity]',
  n_number_neg_with_garbage: '[-1x]',
  n_number_leading_zero: '[012]',
  n_number_with_alpha: '[1.2a-3]',
  n_number_fullwidth_digit: '[\uff11]',
  n_object_bad_value: '["x", truth]',
  n_object_bracket_key: '{[: "x"}',
  n_object_comma_instead_of_colon: '{"x", null}',
  n_object_double_colon: '{"x"::"b"}',
  n_object_emoji: '{\u{1f1e8}\u{1f1ed}}',
  n_object_garbage_at_end: '{"a":"a" 123}',
  n_object_key_with_single_quotes: "{key: 'value'}",
  n_object_missing_colon: '{"a" b}',
  n_object_missing_value: '{"a":',
  n_object_no_colon: '{"a"',
  n_object_non_string_key: '{1:1}',
  n_object_several_trailing_commas: '{"id":0,,,,,}',
  n_object_single_quote: "{'a':0}",
  n_object_trailing_comma: '{"id":0,}',
  n_object_trailing_comment: '{"a":"b"}/**/',
  n_object_unquoted_key: '{a: "b"}',
  n_single_space: ' ',
  n_string_1_surrogate_then_escape: '["\\uD800\\"]',
  n_string_1_surrogate_then_escape_u1x: '["\\uD800\\u1x"]',
  n_string_accentuated_char_no_quotes: '[\u00e9]',
  n_string_backslash_00: '["\\\0"]',
  n_string_escape_x: '["\\x00"]',
  n_string_escaped_emoji: '["\\\u{1f300}"]',
  n_string_incomplete_escape: '["\\"]',
  n_string_incomplete_escaped_character: '["\\u00A"]',
  n_string_invalid_unicode_escape: '["\\uqqqq"]',
  n_string_leading_uescaped: '[\\u0020"asd"]',
  n_string_no_quotes_with_bad_escape: '[\\n]',
  n_string_single_doublequote: '"',
  n_string_single_quote: "['single quote']",
  n_string_start_escape_unclosed: '["\\',
  n_string_unescaped_ctrl_char: '["a\0a"]',
  n_string_unescaped_newline: '["new\nline"]',
  n_string_unescaped_tab: '["\t"]',
  n_structure_angle_bracket: '<.>',
  n_structure_capitalized_true: '[True]',
  n_structure_close_unopened_array: '1]',
  n_structure_comma_instead_of_closing_brace: '{"x": true,',
  n_structure_double_array: '[][]',
  n_structure_no_data: '',
  n_structure_null_byte_outside_string: '[\0]',
  n_structure_number_with_trailing_garbage: '2@',
  n_structure_object_followed_by_closing: '{}}',
  n_structure_open_array_comma: '[,',
  n_structure_open_object_string: '{"a',
  n_structure_trailing_hash: '{"a":"b"}#{}',
  n_structure_unicode_identifier: '\u00e5',
  n_structure_UTF8_BOM_no_data: '\ufeff',
  n_structure_whitespace_U2060: '[\u2060]',
  n_structure_whitespace_formfeed: '[\f]',
  i_string_1st_valid_surrogate_2nd_invalid: '["\\uD888\\u1234"]',
  i_string_lone_second_surrogate: '["\\uDFAA"]',
  i_string_inverted_surrogates: '["\\uDd1e\\uD834"]',
  i_number_huge_exp: '[1e9999]',
};

const accepted: [text: string, value: LuaValue][] = [
  ['[[]   ]', [[]]],
  ['[1\n]', [1]],
  [' [1]\r\n\t', [1]],
  ['[1,null,null,2]', [1, null, null, 2]],
  ['123', 123],
  ['"x"', 'x'],
  ['null', null],
  ['false', false],
  ['\ufeff{}', {}],
  ['{"a":"b","a":"c"}', { a: 'c' }],
  ['{"":0}', { '': 0 }],
  ['{"foo\\u0000bar": 42}', { 'foo\0bar': 42 }],
  ['["\\u0060\\u012a\\u12AB"]', ['\u0060\u012a\u12ab']],
  ['["\\uD801\\udc37"]', ['\u{10437}']],
  ['["\\ud83d\\ude39\\ud83d\\udc8d"]', ['\u{1f639}\u{1f48d}']],
  ['["\\"\\\\\\/\\b\\f\\n\\r\\t"]', ['"\\/\b\f\n\r\t']],
  ['["\u2028\u2029\u007f\uffff"]', ['\u2028\u2029\u007f\uffff']],
  ['[-0]', [0]],
  ['[-0.0]', [-0]],
  ['[-1]', [-1]],
  ['[0e+1]', [new LuaFloat(0)]],
  ['[1E22]', [1e22]],
  ['[123.456e-1]', [12.3456]],
  ['[1.0]', [new LuaFloat(1)]],
  ['[0.5]', [0.5]],
  ['[999999999999999]', [999999999999999]],
  ['[9007199254740991]', [9007199254740991]],
  ['[9007199254740993]', [9007199254740993n]],
  ['[-9007199254740993]', [-9007199254740993n]],
  ['[9223372036854775807]', [9223372036854775807n]],
  ['[-9223372036854775808]', [-9223372036854775808n]],
  ['[9223372036854775808]', [2 ** 63]],
  ['[123456789012345678901234567890]', [1.2345678901234568e29]],
];

describe('parseJson', () => {
  test.each(Object.entries(refused))('refuses %s', (_name, text) => {
    const { code, message, details } = failure(text);
    expect(code).toBe('json.syntax');
    expect(message).toMatch(/^bad JSON at line \d+, column \d+: ./);
    expect(details).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
  });

  test.each(accepted)('reads %j', (text, value) => {
    expect(parse(text)).toStrictEqual(value);
  });

  test('names line and column', () => {
    expect(failure('{\n  "a": 1,\n  "b": tru\n}').message).toBe(
      'bad JSON at line 3, column 8: a value expected, found "t"',
    );
    expect(failure('[1]x').details).toEqual({ line: 1, column: 4 });
    expect(failure('').message).toContain('found the end');
  });

  test('reads __proto__ as a key like any other', () => {
    const value = parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('names the line that is no UTF-8', () => {
    const { code, message } = failure(
      Buffer.concat([Buffer.from('[1,\n"'), Buffer.from([0xff]), Buffer.from('"]')]),
    );
    expect(code).toBe('json.not_utf8');
    expect(message).toContain('line 2');
  });

  test('refuses to nest deeper than 100 levels, in either kind of bracket', () => {
    expect(() => parse('['.repeat(100) + ']'.repeat(100))).not.toThrow();
    expect(failure('['.repeat(101)).code).toBe('json.too_deep');
    expect(failure('{"a":'.repeat(101)).code).toBe('json.too_deep');
    expect(failure('['.repeat(1_000_000)).code).toBe('json.too_deep');
  });

  test('refuses text of more than 8 MiB, and more values than Lua is handed at once', () => {
    expect(failure(Buffer.alloc(8 * 1024 * 1024 + 1, ' ')).code).toBe('json.too_large');
    expect(failure(`[${'1,'.repeat(400_000)}1]`).code).toBe('json.too_large');
  });

  test('agrees with JSON.parse on what is JSON', () => {
    const asJs = (value: LuaValue): unknown => {
      if (value instanceof LuaFloat) return value.value;
      if (typeof value === 'bigint') return Number(value);
      if (Array.isArray(value)) return value.map(asJs);
      if (typeof value !== 'object' || value === null) return value;
      const entries = Object.entries(value).map(([key, inner]) => [key, asJs(inner as LuaValue)]);
      return Object.fromEntries(entries);
    };
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        // JSON.parse keeps the sign of the integer -0; Lua has none.
        const expected: unknown = JSON.parse(text, (_key, value: unknown) =>
          Object.is(value, -0) ? 0 : value,
        );
        expect(JSON.stringify(asJs(parse(text)))).toBe(JSON.stringify(expected));
      }),
    );
  });

  test('refuses what JSON.parse refuses, and nothing else but lone surrogates and huge numbers', () => {
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'[]{},:"\\u0123456789abcdefE+-. \n\ttruefalsenull') }),
      fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, junk]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + junk + text.slice(cut + junk.length);
      }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(text.isWellFormed() && !text.startsWith('\ufeff'));
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        if (!valid) {
          expect(failure(text).code).toBe('json.syntax');
          return;
        }
        try {
          parse(text);
        } catch (thrown) {
          expect((thrown as HubError).message).toMatch(/surrogate|too large for a float/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('reads 1 MB as JSON.parse does', () => {
    const rows = Array.from({ length: 8_000 }, (_, id) => ({
      id,
      name: `user ${id}`,
      ratio: (id + 0.5) / 7,
      tags: ['a', 'b\n"quoted"', null],
      nested: { on: true, list: [1, 2, 3] },
    }));
    const bytes = Buffer.from(JSON.stringify(rows));
    expect(bytes.byteLength).toBeGreaterThan(950_000);
    expect(parseJson(bytes)).toEqual(rows);
  });
});
