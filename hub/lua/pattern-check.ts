/**
 * Tells patterns that Lua's matcher takes without complaint, so that a call for them needs no protection.
 *
 * Keeps true: a pattern that passes raises for no subject. Some that do not pass are fine, which only costs time.
 */
import { MAX_CAPTURES, MAX_DEPTH } from './patterns.js';

/** Longer patterns are not worth the look, which is quadratic in the worst case. */
const MAX_CHECKED_BYTES = 200;

/**
 * Whether a pattern can be matched without an error, whatever the subject. Errs on the side of no: captures must be
 * closed in order, back references must follow what they name.
 */
export function isWellFormed(pattern: Uint8Array): boolean {
  if (pattern.length > MAX_CHECKED_BYTES) return false;
  const text = Buffer.from(pattern).toString('latin1');
  const items = text.match(/%b.{2}|%f(?=\[)|%(?![fb]).|\[\^?\]?(?:%.|[^\]%])*\]|[^[%]/gs) ?? [];
  if (items.join('') !== text || items.length > MAX_DEPTH / 2) return false;
  const open: number[] = [];
  let count = 0;
  for (const item of items) {
    if (item === '(') open.push(++count);
    else if (item === ')' && open.pop() === undefined) return false;
    else if (
      /^%[0-9]$/.test(item) &&
      (Number(item[1]) < 1 || Number(item[1]) > count || open.includes(Number(item[1])))
    ) {
      return false;
    }
  }
  return open.length === 0 && count <= MAX_CAPTURES;
}
