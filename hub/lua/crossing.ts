/**
 * What may cross the boundary between Lua and the host: the limits, and the error for what may not.
 *
 * See base/values.ts for what becomes what. Reading is in reader.ts, pushing in writer.ts.
 */
import { LuaFloat, type LuaKey } from '../../base/values.js';

/** Deeper nesting is a mistake, or an attack on the stack. */
export const MAX_DEPTH = 100;
/** Table entries in one value. A walk of this size takes some tens of milliseconds. */
export const MAX_NODES = 500_000;
/** Bytes of strings in one value. */
export const MAX_STRING_BYTES = 32 * 1024 * 1024;

/** What cannot cross, as a noun, and where in the value it is: `a function`, `.users[3].callback`. */
export class CrossingError extends Error {
  override readonly name = 'CrossingError';
  readonly path: string;
  readonly reason: string;
  constructor(reason: string, path: string) {
    super(`cannot copy ${reason}${path === '' ? '' : ` at ${path}`}`);
    this.reason = reason;
    this.path = path;
  }
}

export function tooManyBytes(): CrossingError {
  return new CrossingError(`strings of more than ${MAX_STRING_BYTES} bytes`, '');
}

/** The same error, seen from one table further out. Long paths keep their outer end. */
export function under(key: LuaKey, error: CrossingError): CrossingError {
  const simple = typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key);
  const shown = key instanceof LuaFloat ? key.value : key instanceof Uint8Array ? '<bytes>' : key;
  const step = simple ? `.${key}` : `[${typeof shown === 'string' ? JSON.stringify(shown) : String(shown)}]`;
  const path = error.path.length > 200 ? `${step}…` : step + error.path;
  return new CrossingError(error.reason, path);
}

const SMALL_INTEGERS = Array.from({ length: 1024 }, (_, n) => BigInt(n));

/** The bigint that the C API wants for an integer. */
export function toInteger(n: number): bigint {
  return SMALL_INTEGERS[n] ?? BigInt(n);
}

/** Whether a number stands for a Lua integer: safe, and not -0. */
export function isLuaInteger(n: number): boolean {
  return Number.isSafeInteger(n) && !Object.is(n, -0);
}
