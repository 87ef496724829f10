/**
 * Schemas compiled to readers of Lua values: the argument checks of every primitive.
 *
 * Keeps true: a wrong argument is refused with a phrase that says what was expected and what came, in the words of
 * Lua's own messages; nothing is coerced (a number is not a string); reading runs no Lua code.
 */
import type { NumberRange, ObjectSchema, Schema, StrSchema } from '../../base/schema.js';
import { TYPE, typeName } from './constants.js';
import { CrossingError } from './crossing.js';
import type { LuaState } from './state.js';
import type { Ptr } from './wasm.js';

/** Reads the value at `index` of `L`, or throws Mismatch. */
export type Reader = (L: Ptr, index: number) => unknown;
/** Makes a handle of the function at `index`. */
export type CallbackMaker = (L: Ptr, index: number) => unknown;

/** `expected` and `got` are phrases: `number`, `nil`. `path` is where, inside of the argument: `.timeout`. */
export class Mismatch extends Error {
  readonly expected: string;
  readonly got: string;
  readonly path: string;
  constructor(expected: string, got: string, path = '') {
    super(`${expected} expected, got ${got}`);
    this.expected = expected;
    this.got = got;
    this.path = path;
  }
}

export function compileReader(state: LuaState, schema: Schema, callback: CallbackMaker): Reader {
  const { x, strings, reader } = state;
  const typeOf = (L: Ptr, index: number): string => typeName(x.lua_type(L, index));
  const expect = (type: number, name: string, read: Reader): Reader => {
    return (L, index) => {
      if (x.lua_type(L, index) !== type) throw new Mismatch(name, typeOf(L, index));
      return read(L, index);
    };
  };

  switch (schema.kind) {
    case 'str':
      return expect(TYPE.string, 'string', textReader(state, schema));
    case 'bytes':
      return expect(TYPE.string, 'string', (L, index) => {
        checkSize(schema.maxBytes, strings.byteLength(L, index));
        return strings.readBytes(L, index);
      });
    case 'num':
      return expect(TYPE.number, 'number', (L, index) =>
        inRange(schema, 'number', x.lua_tonumberx(L, index, 0)),
      );
    case 'id':
    case 'int':
      return expect(TYPE.number, schema.kind === 'id' ? `${schema.of} id` : 'integer', (L, index) => {
        const n = x.lua_tonumberx(L, index, 0);
        if (!Number.isSafeInteger(n)) throw new Mismatch('integer', String(n));
        return schema.kind === 'id' ? n : inRange(schema, 'integer', n);
      });
    case 'bool':
      return expect(TYPE.boolean, 'boolean', (L, index) => x.lua_toboolean(L, index) !== 0);
    case 'any':
      return (L, index) => {
        if (x.lua_type(L, index) === TYPE.none) throw new Mismatch('value', 'no value');
        return crossing(() => reader.read(L, index));
      };
    case 'enum': {
      const names = schema.values.map((value) => `'${value}'`).join(' or ');
      return expect(TYPE.string, names, (L, index) => {
        const value = strings.read(L, index);
        if (typeof value === 'string' && schema.values.includes(value)) return value;
        throw new Mismatch(names, shown(value));
      });
    }
    case 'fn':
      return expect(TYPE.function, 'function', callback);
    case 'opt': {
      const inner = compileReader(state, schema.inner as Schema, callback);
      return (L, index) => (x.lua_type(L, index) <= TYPE.nil ? undefined : inner(L, index));
    }
    case 'list':
      return listReader(state, compileReader(state, schema.element as Schema, callback));
    case 'map':
      return mapReader(state, compileReader(state, schema.element as Schema, callback));
    case 'object':
      return objectReader(state, schema as ObjectSchema, callback);
    case 'union':
      return unionReader(
        (schema.alternatives as readonly Schema[]).map((one) => compileReader(state, one, callback)),
      );
  }
}

function textReader({ strings }: LuaState, schema: StrSchema): Reader {
  return (L, index) => {
    const text = strings.read(L, index);
    if (typeof text !== 'string') throw new Mismatch('UTF-8 text', 'other bytes');
    if (schema.maxBytes !== undefined) checkSize(schema.maxBytes, Buffer.byteLength(text));
    if (schema.name && text === '') throw new Mismatch('non-empty string', 'an empty one');
    if (schema.name && text.includes('\0')) throw new Mismatch('string without NUL bytes', 'one with');
    return text;
  };
}

function checkSize(maxBytes: number | undefined, bytes: number): void {
  if (maxBytes === undefined || bytes <= maxBytes) return;
  throw new Mismatch(`string of at most ${maxBytes} bytes`, `${bytes} bytes`);
}

function inRange({ min, max }: NumberRange, noun: string, n: number): number {
  if (Number.isNaN(n)) throw new Mismatch(noun, 'NaN');
  if ((min === undefined || n >= min) && (max === undefined || n <= max)) return n;
  const low = min === undefined ? '' : `>= ${min}`;
  const high = max === undefined ? '' : `<= ${max}`;
  throw new Mismatch(`${noun} ${[low, high].filter(Boolean).join(' and ')}`, String(n));
}

function shown(value: string | Uint8Array): string {
  if (typeof value !== 'string') return 'other bytes';
  return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
}

function crossing<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof CrossingError)) throw thrown;
    throw new Mismatch('a value that can be copied', thrown.reason, thrown.path);
  }
}

/** Reads an entry that stands at the top, and names where it stood if it does not fit. */
function entry(state: LuaState, L: Ptr, read: Reader, step: string): unknown {
  try {
    return read(L, state.x.lua_gettop(L));
  } catch (thrown) {
    if (thrown instanceof Mismatch) throw new Mismatch(thrown.expected, thrown.got, step + thrown.path);
    throw thrown;
  }
}

function assertTable(state: LuaState, L: Ptr, index: number): number {
  const type = state.x.lua_type(L, index);
  if (type !== TYPE.table) throw new Mismatch('table', typeName(type));
  if (state.x.lua_checkstack(L, 8) === 0) throw new Mismatch('table', 'one nested too deeply');
  return state.x.lua_absindex(L, index);
}

/** Leaves the stack as it was, whatever `read` does. */
function balanced<T>({ x }: LuaState, L: Ptr, read: () => T): T {
  const top = x.lua_gettop(L);
  try {
    return read();
  } finally {
    x.lua_settop(L, top);
  }
}

function listReader(state: LuaState, element: Reader): Reader {
  return (L, index) => {
    const table = assertTable(state, L, index);
    const length = Number(state.x.lua_rawlen(L, table));
    return balanced(state, L, () => {
      const list: unknown[] = [];
      for (let i = 1; i <= length; i++) {
        state.x.lua_rawgeti(L, table, BigInt(i));
        list.push(entry(state, L, element, `[${i}]`));
        state.x.lua_settop(L, -2);
      }
      return list;
    });
  };
}

function mapReader(state: LuaState, element: Reader): Reader {
  return (L, index) => {
    const table = assertTable(state, L, index);
    return balanced(state, L, () => {
      const entries: [string, unknown][] = [];
      state.x.lua_pushnil(L);
      while (state.x.lua_next(L, table) !== 0) {
        const isText = state.x.lua_type(L, -2) === TYPE.string;
        const key = isText ? state.strings.read(L, -2) : undefined;
        if (typeof key !== 'string') {
          throw new Mismatch(
            'string keys',
            isText ? 'other bytes' : `a ${typeName(state.x.lua_type(L, -2))} key`,
          );
        }
        entries.push([key, entry(state, L, element, `.${key}`)]);
        state.x.lua_settop(L, -2);
      }
      return Object.fromEntries(entries);
    });
  };
}

function objectReader(state: LuaState, schema: ObjectSchema, callback: CallbackMaker): Reader {
  const fields = Object.entries(schema.fields).map(
    ([name, field]) => [name, compileReader(state, field, callback)] as const,
  );
  return (L, index) => {
    const table = assertTable(state, L, index);
    return balanced(state, L, () => {
      const object: Record<string, unknown> = {};
      for (const [name, read] of fields) {
        state.strings.getField(L, table, name);
        const value = entry(state, L, read, `.${name}`);
        if (value !== undefined) object[name] = value;
        state.x.lua_settop(L, -2);
      }
      return object;
    });
  };
}

function unionReader(alternatives: readonly Reader[]): Reader {
  return (L, index) => {
    const missed: Mismatch[] = [];
    for (const read of alternatives) {
      try {
        return read(L, index);
      } catch (thrown) {
        if (!(thrown instanceof Mismatch)) throw thrown;
        // inside the right kind of table: this alternative was meant
        if (thrown.path !== '') throw thrown;
        missed.push(thrown);
      }
    }
    const expected = missed.map((one) => one.expected).join(' or ');
    throw new Mismatch(expected, missed.at(-1)?.got ?? 'nothing');
  };
}
