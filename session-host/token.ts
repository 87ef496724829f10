/**
 * The secret that a client must present: who can read it may read the hub's private folder. It stays the same from one
 * host to the next.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { unlessMissing } from '../system/errno.js';

const pattern = /^[0-9a-f]{64}$/;

/** Reads the token at `path`, or makes one. Call it only as the one host of the folder. */
export async function hostToken(path: string): Promise<string> {
  const before = (await unlessMissing(readFile(path, 'utf8')))?.trim();
  if (before !== undefined && pattern.test(before)) return before;
  const token = randomBytes(32).toString('hex');
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${token}\n`);
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return token;
}
