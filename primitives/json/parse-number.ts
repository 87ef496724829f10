/**
 * JSON's numbers as Lua's: without point and exponent an integer, exact to 64 bits; beyond that a float, as when Lua
 * reads such a number itself.
 */
import { LuaFloat, type LuaValue } from '../../base/values.js';
import { isInteger } from './print.js';

/** So many decimal digits are exact in a number. */
const SAFE_DIGITS = 15;
/** Of a 64-bit integer, with its sign. BigInt takes quadratic time, so longer text does not get there. */
const MAX_INT64_CHARS = 20;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** The value of an integer's text with `digits` digits. Undefined: too large even for a float. */
export function integerOf(source: string, digits: number): LuaValue {
  // Adding 0 turns -0 into 0: the integer has no sign.
  if (digits <= SAFE_DIGITS) return Number(source) + 0;
  if (source.length > MAX_INT64_CHARS) return floatOf(source);
  const value = BigInt(source);
  if (value < MIN_INT64 || value > MAX_INT64) return floatOf(source);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** The value of any number's text as a float. Undefined: too large. */
export function floatOf(source: string): number | LuaFloat | undefined {
  const value = Number(source);
  if (!Number.isFinite(value)) return undefined;
  return isInteger(value) ? new LuaFloat(value) : value;
}
