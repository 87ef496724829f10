/** What devices are called, and what is told of them. */
import type { LuaRecord } from '../../base/values.js';
import type { Device } from './ledger.js';

export const MAX_NAME_BYTES = 100;
const encoder = new TextEncoder();

/** The name as it is kept and shown; undefined if nothing of it can be. */
export function cleanName(name: string): string | undefined {
  // Control characters would reach terminals; invisible ones could make one name look like another.
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  return clean === '' || encoder.encode(clean).length > MAX_NAME_BYTES ? undefined : clean;
}

/** Of a device that pairs, whatever it says. */
export function nameOf(said: string | undefined): string {
  return (said === undefined ? undefined : cleanName(said)) ?? 'Unnamed device';
}

export function deviceFact({ id, name, viewOnly }: Device): LuaRecord {
  return { device_id: id, name, view_only: viewOnly };
}
