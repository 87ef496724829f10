/**
 * What `fs` does on disks that are full, read-only or another device: real ones, mounted in a namespace of a child
 * process, which needs root or user namespaces. The limit on file sizes works everywhere.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../support/temp-repo.js';

const run = promisify(execFile);
const program = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/programs/${name}`, import.meta.url));

const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const mount = 'mount -t tmpfs -o size=1m small "$1"';
const canMount =
  spawnSync('unshare', [...asRoot, '--mount', 'sh', '-c', 'mount -t tmpfs x /mnt']).status === 0;

describe.runIf(canMount)('on real devices', () => {
  test('a full disk, another device, a read-only one', async () => {
    const folder = tempDir();
    const [disk, small, readOnly] = ['disk', 'small', 'read-only'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [disk, small, readOnly]) mkdirSync(path);
    const script = `${mount} && mount -t tmpfs fixed "$2" && echo -n kept > "$2/old" && mount -o remount,ro "$2" &&
      exec "$3" "$4" "$0" "$1" "$2"`;
    const args = [
      ...asRoot,
      '--mount',
      'sh',
      '-c',
      script,
      disk,
      small,
      readOnly,
      process.execPath,
      program('fs-on-devices.mjs'),
    ];
    const { stdout } = await run('unshare', args);
    expect(JSON.parse(stdout)).toEqual({
      writeTooMuch: 'fs.no_space',
      afterWrite: { content: 'old content', names: ['settings'] },
      copyTooMuch: 'fs.no_space',
      moveTooMuch: 'fs.no_space',
      afterCopy: { content: 'old content', names: ['settings'], source: true },
      moveTreeTooMuch: 'fs.no_space',
      afterTree: { names: ['settings'], source: ['a', 'b'] },
      appendTooMuch: 'fs.no_space',
      afterFull: 'ok',
      writeAgain: 'ok',
      moveTree: 'ok',
      moveLink: 'ok',
      moveFile: 'ok',
      afterMove: {
        gone: [false, false, false],
        file: 'x',
        mode: 0o640,
        modified: 1_000_000,
        links: ['nowhere', 'somewhere'],
        replaced: 'moved',
        names: ['link', 'new', 'settings'],
      },
      readOnly: Array.from({ length: 6 }, () => 'fs.denied'),
      afterReadOnly: { content: 'kept', names: ['old'] },
    });
  });
});

test('a file that grows too large for the system leaves the old one', async () => {
  const root = tempDir();
  // 100 blocks of 512 or 1,024 bytes, as the shell has it.
  const args = [
    '-c',
    'ulimit -f 100 && exec "$0" "$1" "$2"',
    process.execPath,
    program('fs-with-a-limit.mjs'),
    root,
  ];
  const { stdout } = await run('sh', args);
  expect(JSON.parse(stdout)).toEqual({ code: 'fs.too_large', content: 'old content', names: ['settings'] });
});
