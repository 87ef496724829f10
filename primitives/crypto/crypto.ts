/** The behaviour of `crypto`: Node's own, whose randomness is the operating system's. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { implement } from '../define.js';
import { cryptoDef } from './crypto.def.js';

export const crypto = implement(cryptoDef, () => {
  const functions = {
    random_hex: (bytes: number) => randomBytes(bytes).toString('hex'),
    uuid: () => randomUUID(),
    sha256: (data: Uint8Array) => createHash('sha256').update(data).digest('hex'),
  };
  return { engine: () => functions, handlers: {} };
});
