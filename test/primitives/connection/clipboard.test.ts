/** Copying, by programs that a test puts into the PATH. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyToClipboard } from '../../../primitives/connection/clipboard.js';
import { tempDir } from '../../support/temp-repo.js';

/** A folder with programs: what they do, by name. */
function programs(scripts: Readonly<Record<string, string>>): string {
  const folder = tempDir();
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}
const keep = '/bin/cat > "$(/usr/bin/dirname "$0")/copied"; echo "$0 $*" > "$(/usr/bin/dirname "$0")/how"';
const copied = (folder: string): string => readFileSync(join(folder, 'copied'), 'utf8');

test('the first program that is there gets the text by stdin', async () => {
  const folder = programs({ xclip: keep, xsel: keep });
  expect(await copyToClipboard('http://x/#secret', { PATH: folder, DISPLAY: ':0' })).toBeUndefined();
  expect(copied(folder)).toBe('http://x/#secret');
  expect(readFileSync(join(folder, 'how'), 'utf8')).toMatch(/xclip -selection clipboard\n$/);
});

test('what fails is followed by the next, and told if all fail', async () => {
  const folder = programs({ 'wl-copy': 'exit 3', xsel: keep });
  const env = { PATH: folder, DISPLAY: ':0', WAYLAND_DISPLAY: 'wayland-0' };
  expect(await copyToClipboard('text', env)).toBeUndefined();
  expect(copied(folder)).toBe('text');
  const bad = programs({ 'wl-copy': 'exit 3' });
  expect(await copyToClipboard('text', { ...env, PATH: bad })).toMatchObject({
    code: 'connection.clipboard_failed',
    message: expect.stringContaining('wl-copy ended with 3') as string,
  });
});

test.each([
  [{ WAYLAND_DISPLAY: 'wayland-0' }, 'wl-clipboard'],
  [{ DISPLAY: ':0' }, 'xclip or xsel'],
  [{}, 'without a desktop'],
])('without any it is said what to install: %j', async (env, word) => {
  expect(await copyToClipboard('text', { PATH: tempDir(), ...env })).toMatchObject({
    code: 'connection.no_clipboard',
    message: expect.stringContaining(word) as string,
  });
});

test('one that leaves a child behind is not waited for', async () => {
  const folder = programs({ xclip: `${keep}; /bin/sleep 60 & echo $! > "$(dirname "$0")/child"` });
  expect(await copyToClipboard('text', { PATH: `${folder}:/usr/bin:/bin`, DISPLAY: ':0' })).toBeUndefined();
  // Throws if it is gone.
  process.kill(Number(readFileSync(join(folder, 'child'), 'utf8')), 'SIGKILL');
});
