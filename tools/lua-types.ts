/**
 * Schemas in words: LuaLS types for stubs, and what they leave out (ranges, limits) for the reference.
 */
import type { Fields, FnSchema, ObjectSchema, Schema } from '../base/schema.js';

/** The LuaLS type of a schema. */
export function luaType(schema: Schema): string {
  switch (schema.kind) {
    case 'str':
    case 'bytes':
      return 'string';
    case 'num':
      return 'number';
    case 'int':
    case 'id':
      return 'integer';
    case 'bool':
      return 'boolean';
    case 'any':
      return 'any';
    case 'enum':
      return schema.values.map((value) => JSON.stringify(value)).join('|');
    case 'list':
      return `${grouped(luaType(schema.element as Schema))}[]`;
    case 'map':
      return `table<string, ${luaType(schema.element as Schema)}>`;
    case 'object':
      return (schema as ObjectSchema).name ?? inlineObject(schema.fields as Fields);
    case 'fn':
      return `fun(${(schema as FnSchema).args.map((arg) => parameter(arg.name, arg.schema)).join(', ')})`;
    case 'opt':
      return `${grouped(luaType(schema.inner as Schema))}?`;
    case 'union':
      return (schema.alternatives as readonly Schema[]).map((one) => grouped(luaType(one))).join('|');
  }
}

/** `name: type`, or `name?: type` where it may be left out. */
export function parameter(name: string, schema: Schema): string {
  return schema.kind === 'opt'
    ? `${name}?: ${luaType(schema.inner as Schema)}`
    : `${name}: ${luaType(schema)}`;
}

/** What the type does not say: `0 to 10`, `at most 16 bytes`; empty if it says all. */
export function restriction(schema: Schema): string {
  switch (schema.kind) {
    case 'opt':
      return restriction(schema.inner as Schema);
    case 'num':
    case 'int': {
      const { min, max } = schema;
      if (min !== undefined && max !== undefined) return `${withCommas(min)} to ${withCommas(max)}`;
      if (min !== undefined) return `${withCommas(min)} or more`;
      return max === undefined ? '' : `at most ${withCommas(max)}`;
    }
    case 'str':
    case 'bytes': {
      const size = schema.maxBytes === undefined ? '' : `at most ${withCommas(schema.maxBytes)} bytes`;
      if (schema.kind === 'str' && schema.name === true)
        return size === '' ? 'not empty' : `not empty, ${size}`;
      return size;
    }
    default:
      return '';
  }
}

/** Every object schema with a name that `schema` holds, itself included. */
export function namedObjects(schema: Schema): ObjectSchema[] {
  switch (schema.kind) {
    case 'opt':
      return namedObjects(schema.inner as Schema);
    case 'list':
    case 'map':
      return namedObjects(schema.element as Schema);
    case 'union':
      return (schema.alternatives as readonly Schema[]).flatMap(namedObjects);
    case 'fn':
      return (schema as FnSchema).args.flatMap((arg) => namedObjects(arg.schema));
    case 'object': {
      const inner = Object.values(schema.fields as Fields).flatMap(namedObjects);
      return (schema as ObjectSchema).name === undefined ? inner : [schema as ObjectSchema, ...inner];
    }
    default:
      return [];
  }
}

function inlineObject(fields: Fields): string {
  const list = Object.entries(fields).map(([name, schema]) => parameter(name, schema));
  return `{ ${list.join(', ')} }`;
}

/** In brackets where a suffix would bind to a part only. */
function grouped(type: string): string {
  return /^fun\(|\|/.test(type) ? `(${type})` : type;
}

function withCommas(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 10_000 ? value.toLocaleString('en-US') : String(value);
}
