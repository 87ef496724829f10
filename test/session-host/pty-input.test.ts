import { createHash, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAX_QUEUED_INPUT_BYTES } from '../../session-host/pty-input.js';
import { runScript } from '../support/pty-run.js';
import { tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it('waits for a program that does not read, is refused above the limit, and arrives in order', async () => {
  const go = join(tempDir(), 'go');
  const input = randomBytes(10_000_000);
  const script = `stty raw -echo; printf ready; while [ ! -e ${go} ]; do sleep 0.01; done; head -c ${input.length} | sha256sum; printf more; head -c 3`;
  const run = runScript(script);
  await run.shows('ready');
  for (let from = 0; from < input.length; from += 100_000) {
    const piece = Buffer.from(input.subarray(from, from + 100_000));
    expect(run.pty.write(piece)).toBe(true);
    // The memory is the caller's again.
    piece.fill(0);
  }
  expect(run.pty.queuedInputBytes).toBeGreaterThan(input.length - 200_000);

  const room = MAX_QUEUED_INPUT_BYTES - run.pty.queuedInputBytes;
  expect(run.pty.write(new Uint8Array(room + 1))).toBe(false);
  expect(MAX_QUEUED_INPUT_BYTES - run.pty.queuedInputBytes).toBe(room);

  writeFileSync(go, '');
  await run.shows('more');
  expect(run.text()).toContain(sha256(input));
  expect(run.pty.queuedInputBytes).toBe(0);
  run.pty.write(Buffer.from('end'));
  expect(await run.exit).toEqual({ code: 0 });
  expect(run.text()).toMatch(/moreend$/);
});

it('is taken up to the limit exactly', async () => {
  const run = runScript('stty raw -echo; printf ready; exec sleep 1000');
  await run.shows('ready');
  // The kernel takes a little.
  expect(run.pty.write(new Uint8Array(1024 * 1024))).toBe(true);
  const room = MAX_QUEUED_INPUT_BYTES - run.pty.queuedInputBytes;
  expect(run.pty.write(new Uint8Array(room))).toBe(true);
  expect(run.pty.write(new Uint8Array(1))).toBe(false);
  expect(run.pty.write(new Uint8Array(0))).toBe(true);
});

it('goes on while the program only reads', async () => {
  // No output that would tell that there is room again.
  const done = join(tempDir(), 'done');
  const run = runScript(
    `stty raw -echo; printf ready; head -c 3000000 >/dev/null; touch ${done}; sleep 1000`,
  );
  await run.shows('ready');
  run.pty.write(new Uint8Array(3_000_000));
  await until(() => existsSync(done));
  expect(run.text()).toBe('ready');
});

it('of many small pieces arrives in order', async () => {
  const go = join(tempDir(), 'go');
  const script = `stty raw -echo; printf ready; while [ ! -e ${go} ]; do sleep 0.01; done; head -c 480000 | sha256sum; printf done`;
  const run = runScript(script);
  await run.shows('ready');
  const pieces = Array.from({ length: 60_000 }, (_, i) => Buffer.from(`${100_000 + i}\r\n`));
  for (const piece of pieces) run.pty.write(piece);
  writeFileSync(go, '');
  await run.shows('done');
  expect(run.text()).toContain(sha256(Buffer.concat(pieces)));
});
