/**
 * A history on a disk that is really full: one of 1 MiB, mounted in a namespace of a child process, which needs root or
 * user namespaces. The limit on file sizes, which works everywhere, stands for it too.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../support/temp-repo.js';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../fixtures/programs/history-on-full-disk.mjs', import.meta.url));

const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const canMount =
  spawnSync('unshare', [...asRoot, '--mount', 'sh', '-c', 'mount -t tmpfs x /mnt']).status === 0;

describe.runIf(canMount)('on a full disk', () => {
  test('a session is told once, and recorded again when there is room', async () => {
    const disk = join(tempDir(), 'disk');
    mkdirSync(disk);
    const script = 'mount -t tmpfs -o size=1m small "$0" && exec "$1" "$2" "$0" 700000';
    const args = [...asRoot, '--mount', 'sh', '-c', script, disk, process.execPath, program];
    const { stdout } = await run('unshare', args);
    const result = JSON.parse(stdout);
    expect(result.whileRoom).toEqual({ trouble: 0, dropped: 0 });
    expect(result.whileFull.trouble).toEqual(['history.write_failed']);
    expect(result.whileFull.backlog).toBeLessThanOrEqual(256 * 1024);
    expect(result.message).toMatch(/ENOSPC.*Make room on the disk/);
    expect(result.wrong).toBe(0);
    const [first, last, ...more] = result.runs;
    expect(more).toEqual([]);
    // What fitted before, a gap, and the last bytes: those kept in memory, and the new ones.
    expect(first[0]).toBe(0);
    expect(first[1]).toBeGreaterThanOrEqual(100_000);
    expect(last[0]).toBeGreaterThan(first[1]);
    expect(last[1]).toBe(result.end);
    expect(last[1] - last[0]).toBeGreaterThanOrEqual(250_000);
    expect(result.dropped).toBe(last[0] - first[1]);
  });
});

test('where the system keeps files small, what fits is recorded', async () => {
  // 400 blocks of 512 or 1,024 bytes, as the shell has it; a segment would have 4 MiB.
  const script = 'ulimit -f 400 && exec "$0" "$1" "$2" 0';
  const { stdout } = await run('sh', ['-c', script, process.execPath, program, tempDir()]);
  const result = JSON.parse(stdout);
  expect(result.whileFull.trouble).toEqual(['history.write_failed']);
  expect(result.message).toContain('EFBIG');
  expect(result.wrong).toBe(0);
  const runs: [from: number, to: number][] = result.runs;
  expect(runs[0]?.[0]).toBe(0);
  expect(runs.at(-1)?.[1]).toBe(result.end);
  const recorded = runs.reduce((sum, [from, to]) => sum + to - from, 0);
  expect(recorded + result.dropped).toBe(result.end);
});
