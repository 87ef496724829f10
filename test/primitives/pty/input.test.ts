import { expect, test } from 'vitest';
import { Input } from '../../../primitives/pty/input.js';
import { settle } from '../../support/virtual-clock.js';

function open() {
  const sent: { uuid: string; bytes: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  const input = new Input(
    (uuid, piece) =>
      new Promise<void>((resolve, reject) => void sent.push({ uuid, bytes: piece.length, resolve, reject })),
  );
  return { input, sent };
}

test('one session gets its writes in order, another does not wait for it', async () => {
  const { input, sent } = open();
  const writes = [
    input.write('a', new Uint8Array(1)),
    input.write('a', new Uint8Array(2)),
    input.write('b', new Uint8Array(3)),
  ];
  await settle();
  expect(sent.map(({ uuid, bytes }) => `${uuid}${bytes}`)).toEqual(['a1', 'b3']);
  sent[0]?.resolve();
  await settle();
  expect(sent.at(-1)).toMatchObject({ uuid: 'a', bytes: 2 });
  for (const { resolve } of sent) resolve();
  await Promise.all(writes);
});

test('a large write goes in pieces; a refused piece ends it, and not what comes after it', async () => {
  const { input, sent } = open();
  const large = input.write('a', new Uint8Array(600 * 1024));
  const refused = expect(large).rejects.toThrow('full');
  const next = input.write('a', new Uint8Array(7));
  sent[0]?.resolve();
  await settle();
  expect(sent.map(({ bytes }) => bytes)).toEqual([256 * 1024, 256 * 1024]);
  sent[1]?.reject(new Error('full'));
  await refused;
  await settle();
  expect(sent.at(-1)?.bytes).toBe(7);
  sent.at(-1)?.resolve();
  await next;
  expect(sent).toHaveLength(3);
});
