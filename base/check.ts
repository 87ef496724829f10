/**
 * Checks plain JS values (wire messages, events, configuration) against schemas.
 *
 * Never throws, never runs long on hostile input: `any` stops at MAX_DEPTH, text is measured before it is encoded.
 * Fields that a schema does not name are allowed, so that a newer peer may add some; names are looked up as own
 * properties only. Lua values are read and checked by hub/lua, with Lua's words.
 */
import type { Fields, Infer, NumberRange, Schema, StrSchema, UnionSchema } from './schema.js';
import { LuaFloat } from './values.js';

/** How deep an `any` may be nested. */
export const MAX_DEPTH = 100;

const loneSurrogate = /\p{Surrogate}/u;
const encoder = new TextEncoder();

/** Says where and why `value` does not fit, such as `params.lines: integer expected, got string`; else undefined. */
export function mismatch(schema: Schema, value: unknown, path = 'value'): string | undefined {
  switch (schema.kind) {
    case 'str':
      return textMismatch(schema, value, path);
    case 'bytes':
      if (!(value instanceof Uint8Array)) return wrong(path, 'bytes', value);
      return sizeMismatch(schema.maxBytes, value.length, path);
    case 'num':
      return typeof value === 'number' ? rangeMismatch(schema, value, path) : wrong(path, 'number', value);
    case 'int':
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return wrong(path, 'integer', value);
      return rangeMismatch(schema, value, path);
    case 'id':
      return Number.isSafeInteger(value) ? undefined : wrong(path, `${schema.of} id`, value);
    case 'bool':
      return typeof value === 'boolean' ? undefined : wrong(path, 'boolean', value);
    case 'any':
      return anyMismatch(value, path, 0);
    case 'enum':
      if (typeof value !== 'string') return wrong(path, oneOf(schema.values), value);
      return schema.values.includes(value) ? undefined : `${path}: ${oneOf(schema.values)} expected`;
    case 'list':
      return Array.isArray(value)
        ? listMismatch(schema.element as Schema, value, path)
        : wrong(path, 'list', value);
    case 'map':
      return isRecord(value)
        ? mapMismatch(schema.element as Schema, value, path)
        : wrong(path, 'object', value);
    case 'object':
      return isRecord(value)
        ? fieldsMismatch(schema.fields as Fields, value, path)
        : wrong(path, 'object', value);
    case 'fn':
      return isCallback(value) ? undefined : wrong(path, 'function', value);
    case 'opt':
      return value === undefined ? undefined : mismatch(schema.inner as Schema, value, path);
    case 'union':
      return unionMismatch(schema as UnionSchema, value, path);
  }
}

/** Whether `value` fits; narrows its type. */
export function fits<S extends Schema>(schema: S, value: unknown): value is Infer<S> {
  return mismatch(schema, value) === undefined;
}

function textMismatch(schema: StrSchema, value: unknown, path: string): string | undefined {
  if (typeof value !== 'string') return wrong(path, 'string', value);
  if (loneSurrogate.test(value)) return `${path}: valid Unicode text expected`;
  if (schema.name && value === '') return `${path}: must not be empty`;
  if (schema.name && value.includes('\0')) return `${path}: must not contain a NUL byte`;
  if (schema.maxBytes === undefined || value.length * 3 <= schema.maxBytes) return undefined;
  // A UTF-16 unit takes at least one byte, so text that is too long by that measure need not be encoded.
  const bytes = value.length > schema.maxBytes ? value.length : encoder.encode(value).length;
  return sizeMismatch(schema.maxBytes, bytes, path);
}

function sizeMismatch(maxBytes: number | undefined, bytes: number, path: string): string | undefined {
  return maxBytes === undefined || bytes <= maxBytes ? undefined : `${path}: longer than ${maxBytes} bytes`;
}

function rangeMismatch(range: NumberRange, value: number, path: string): string | undefined {
  const { min, max } = range;
  // NaN is outside of every range.
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return undefined;
  const bounds =
    min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `${min} to ${max}`;
  return `${path}: ${bounds} expected, got ${value}`;
}

function listMismatch(element: Schema, value: readonly unknown[], path: string): string | undefined {
  for (let index = 0; index < value.length; index++) {
    const problem = mismatch(element, value[index], `${path}[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function mapMismatch(element: Schema, value: Record<string, unknown>, path: string): string | undefined {
  for (const key of Object.keys(value)) {
    const problem = mismatch(element, value[key], `${path}[${quoted(key)}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fieldsMismatch(fields: Fields, value: Record<string, unknown>, path: string): string | undefined {
  for (const [key, schema] of Object.entries(fields)) {
    const problem = mismatch(schema, Object.hasOwn(value, key) ? value[key] : undefined, `${path}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The problem of the one alternative that was probably meant, else a list of what would do. */
function unionMismatch(schema: UnionSchema, value: unknown, path: string): string | undefined {
  const close: string[] = [];
  for (const alternative of schema.alternatives) {
    const problem = mismatch(alternative, value, path);
    if (problem === undefined) return undefined;
    if (!problem.startsWith(`${path}: ${expectation(alternative)} expected`)) close.push(problem);
  }
  if (close.length === 1) return close[0];
  return wrong(path, schema.alternatives.map(expectation).join(' or '), value);
}

function expectation(schema: Schema): string {
  const words: Partial<Record<Schema['kind'], string>> = {
    str: 'string',
    num: 'number',
    int: 'integer',
    bool: 'boolean',
    map: 'object',
    fn: 'function',
  };
  if (schema.kind === 'enum') return oneOf(schema.values);
  if (schema.kind === 'id') return `${schema.of} id`;
  if (schema.kind === 'opt') return expectation(schema.inner as Schema);
  return words[schema.kind] ?? schema.kind;
}

function anyMismatch(value: unknown, path: string, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `${path.slice(0, 80)}...: nested deeper than ${MAX_DEPTH} levels`;
  if (typeof value === 'function' || typeof value === 'symbol')
    return wrong(path, 'a value that can be copied', value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Uint8Array || value instanceof LuaFloat) return undefined;
  if (value instanceof Map) {
    for (const [key, element] of value as Map<unknown, unknown>) {
      const known = typeof key !== 'object' || key instanceof Uint8Array || key instanceof LuaFloat;
      if (!known) return wrong(`a key of ${path}`, 'a plain value', key);
      const inside = `${path}[${typeof key === 'string' ? quoted(key) : described(key)}]`;
      const problem = anyMismatch(key, inside, depth + 1) ?? anyMismatch(element, inside, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (!Array.isArray(value) && !isRecord(value)) return wrong(path, 'a value that can be copied', value);
  for (const [key, element] of Object.entries(value)) {
    const inside = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
    const problem = anyMismatch(element, inside, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function oneOf(values: readonly string[]): string {
  return `one of ${values.map(quoted).join(', ')}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isCallback(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { call, release } = value as { call?: unknown; release?: unknown };
  return typeof call === 'function' && typeof release === 'function';
}

function wrong(path: string, expected: string, value: unknown): string {
  return `${path}: ${expected} expected, got ${described(value)}`;
}

/** A type in a word. Never the value itself: what does not fit may be a secret in the wrong place. */
function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'bytes';
  return typeof value;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
