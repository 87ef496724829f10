/**
 * The Lua global `crypto`: secrets nobody can guess, names nobody else has, and hashes. No ciphers: what has to be
 * encrypted is the business of the primitive that stores or sends it.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

export const cryptoDef = definePrimitive({
  name: 'crypto',
  doc: `Makes random secrets and unique names, and hashes.

Randomness comes from the operating system. \`math.random\` is for games: what it gave can be guessed.`,
  functions: {
    random_hex: fn({
      doc: 'Makes a random secret, such as a token.',
      params: [
        named('bytes', t.int({ min: 1, max: 1024 }), 'How many random bytes. 32 are enough for any secret.'),
      ],
      returns: [named('secret', t.str, 'Two lowercase hexadecimal digits for each byte.')],
      errors: {},
      example: `local token = crypto.random_hex(32)
assert(#token == 64 and token ~= crypto.random_hex(32))`,
    }),
    uuid: fn({
      doc: 'Makes a random name that nothing else has (a UUID of version 4).',
      params: [],
      returns: [named('uuid', t.str, 'Such as `0b9f0e6c-9f3f-4d6e-8c5f-0d7a3a1c2b4e`.')],
      errors: {},
      example: 'assert(crypto.uuid():match("^%x+-%x+-4%x+-%x+-%x+$"))',
    }),
    sha256: fn({
      doc: 'Computes the SHA-256 hash of a string.',
      params: [named('data', { ...t.bytes, maxBytes: 1_048_576 }, 'Up to 1 MiB.')],
      returns: [named('hash', t.str, '64 lowercase hexadecimal digits.')],
      errors: {},
      example: 'assert(crypto.sha256("abc"):sub(1, 8) == "ba7816bf")',
    }),
  },
});
