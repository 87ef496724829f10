/** Short commands are where output gets lost: they end before anybody has read it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runPty } from '../support/pty-run.js';
import { tempDir } from '../support/temp-repo.js';

const BYTES = 60_000;
const RUNS = 60;
const PARALLEL = 8;

it('every byte of short commands arrives, in order', async () => {
  const path = join(tempDir(), 'lines');
  const lines = Array.from({ length: 10_000 }, (_, i) => `${i} ${'x'.repeat(i % 50)}\n`).join('');
  writeFileSync(path, lines);
  const expected = lines.slice(0, BYTES).replaceAll('\n', '\r\n');
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next++ < RUNS) {
      const run = runPty('/usr/bin/head', ['-c', String(BYTES), path]);
      expect(await run.exit).toEqual({ code: 0 });
      expect(run.text() === expected, `all ${expected.length} bytes, got ${run.bytes().length}`).toBe(true);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
});
