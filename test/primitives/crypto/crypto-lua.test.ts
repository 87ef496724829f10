import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';

test('secrets have the size asked for, and no two are the same', async () => {
  const { run } = openLuaHost();
  const [one, other, least, most] = await run(
    'return crypto.random_hex(32), crypto.random_hex(32), crypto.random_hex(1), #crypto.random_hex(1024)',
  );
  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(other).toMatch(/^[0-9a-f]{64}$/);
  expect(one).not.toBe(other);
  expect(least).toMatch(/^[0-9a-f]{2}$/);
  expect(most).toBe(2048);
});

test('names are random UUIDs', async () => {
  const { run } = openLuaHost();
  const [one, other] = await run('return crypto.uuid(), crypto.uuid()');
  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(one).not.toBe(other);
});

test('hashes are those of FIPS 180-4, of bytes', async () => {
  const { run } = openLuaHost();
  expect(await run('return crypto.sha256(""), crypto.sha256("abc"), crypto.sha256("\\0\\xff")')).toEqual([
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    '06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8',
  ]);
});

test.each([
  ['crypto.random_hex(0)', "#1 to 'crypto.random_hex' (bytes:"],
  ['crypto.random_hex(1025)', "#1 to 'crypto.random_hex' (bytes:"],
  ['crypto.random_hex("8")', "#1 to 'crypto.random_hex' (bytes:"],
  ['crypto.sha256()', "#1 to 'crypto.sha256' (data:"],
  ['crypto.sha256(("x"):rep(1048577))', "#1 to 'crypto.sha256' (data:"],
])('%s raises', async (code, message) => {
  expect((await openLuaHost().failure(code)).message).toContain(`bad argument ${message}`);
});
