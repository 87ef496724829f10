// table: numbers of the Lua 5.4 C API (lua.h, lauxlib.h, luaconf.h) that the host needs.

/** Pseudo-index of the registry. */
export const REGISTRY = -1_001_000;
/** Pseudo-index of a C closure's first upvalue. */
export const UPVALUE_1 = REGISTRY - 1;
/** `nresults` that keeps all results. */
export const MULTRET = -1;

export const LUA_OK = 0;
export const LUA_YIELD = 1;
export const LUA_ERRMEM = 4;

export const MASK_COUNT = 8;

export const TYPE = {
  none: -1,
  nil: 0,
  boolean: 1,
  lightuserdata: 2,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const;

const NAMES = ['nil', 'boolean', 'userdata', 'number', 'string', 'table', 'function', 'userdata', 'thread'];

/** What Lua calls a type in its messages. */
export function typeName(type: number): string {
  return type === TYPE.none ? 'no value' : (NAMES[type] ?? 'unknown');
}

/** Registry keys of ours: above the largest address, so that they never meet a key of Lua's own. */
export const HOST_KEY = {
  /** Metatable that marks a table as an array. */
  array: 0x80000001,
  /** Metatable of the `err` of `nil, err`. */
  error: 0x80000002,
  /** The function that collects all garbage, in steps. */
  collect: 0x80000003,
  /** From here on: threads and callbacks, numbered. */
  first: 0x80000010,
} as const;
