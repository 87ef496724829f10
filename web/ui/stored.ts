/**
 * What the page keeps in this browser beside the keys: small values under names of its own. Storage that is full, broken
 * or forbidden is as good as empty.
 */
const PREFIX = 'botster.';

export function readStored(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

export function writeStored(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // The page works without.
  }
}
