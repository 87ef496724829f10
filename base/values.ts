/**
 * The values that cross between Lua and TypeScript, and between engines.
 *
 * Lua strings are bytes: one that is valid UTF-8 is a JS string here, any other a Uint8Array, and both go back as
 * the same bytes. Integers stay integers: a safe one is a number, a larger one a bigint. A float that looks like an
 * integer (3.0) is a LuaFloat, so that it comes back as a float. `null` is Lua's `json.null`, `undefined` is nil.
 * Tables: 1..n keys are arrays, string keys are plain objects, anything mixed is a Map.
 */

export type LuaValue =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | LuaFloat
  | string
  | Uint8Array
  | readonly LuaValue[]
  | LuaRecord
  | ReadonlyMap<LuaKey, LuaValue>;

export type LuaKey = string | number | bigint | boolean | LuaFloat | Uint8Array;

export interface LuaRecord {
  readonly [key: string]: LuaValue;
}

/** A float with an integral value. */
export class LuaFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A Lua function that the host holds. Calling it queues a task of its engine; it never runs inside the call. */
export interface Callback<Args extends readonly unknown[] = readonly unknown[]> {
  /** Calls that are queued, running or waiting. */
  readonly pending: number;
  call(...args: Args): void;
  /** Drops the function, after the calls that are queued. Idempotent. A released callback ignores calls. */
  release(): void;
  /** Drops the function and the calls that have not started. Idempotent. */
  cancel(): void;
}
