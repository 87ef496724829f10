import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { makeFolder } from '../../../primitives/atomic-file.js';
import { resolveSafe } from '../../../primitives/fs/resolve-safe.js';
import { isWithin } from '../../../primitives/paths.js';
import fc from '../../support/fast-check.js';
import { tempDir } from '../../support/temp-repo.js';

async function outcome(root: string, path: string): Promise<string> {
  try {
    return await resolveSafe(root, path);
  } catch (thrown) {
    return thrown instanceof HubError ? (thrown as HubError).code : `thrown: ${String(thrown)}`;
  }
}

/** A root with a folder beside it that must not be reached. */
function farm() {
  const base = tempDir();
  const root = join(base, 'root');
  const outside = join(base, 'outside');
  mkdirSync(join(root, 'folder'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(root, 'file'), '');
  writeFileSync(join(outside, 'secret'), 's');
  return { base, root, outside };
}

describe('resolveSafe', () => {
  test('joins what stays inside, whether or not it exists', async () => {
    const { root } = farm();
    expect(await outcome(root, 'file')).toBe(join(root, 'file'));
    expect(await outcome(root, '.')).toBe(root);
    expect(await outcome(root, 'folder/new/deep.txt')).toBe(join(root, 'folder/new/deep.txt'));
    expect(await outcome(root, './folder//../file')).toBe(join(root, 'file'));
    expect(await outcome(root, 'file/below')).toBe(join(root, 'file/below'));
    expect(await outcome(root, '..file')).toBe(join(root, '..file'));
    expect(await outcome(root, '~/x')).toBe(join(root, '~/x'));
  });

  test.each([
    '/etc/passwd',
    '..',
    '../root/file',
    'folder/../../outside/secret',
    '../root',
    'a/../../root/file',
  ])('refuses %s', async (path) => {
    const { root } = farm();
    expect(await outcome(root, path)).toBe('fs.escape');
  });

  test('a folder that is a link to elsewhere lets nothing out, also not to a file that does not exist', async () => {
    const { root, outside } = farm();
    symlinkSync(outside, join(root, 'link'));
    symlinkSync('../outside', join(root, 'relative'));
    symlinkSync('link', join(root, 'twice'));
    for (const link of ['link', 'relative', 'twice']) {
      expect(await outcome(root, link)).toBe('fs.escape');
      expect(await outcome(root, `${link}/secret`)).toBe('fs.escape');
      expect(await outcome(root, `${link}/not/there.txt`)).toBe('fs.escape');
    }
  });

  test('a link that leads nowhere lets nothing out', async () => {
    const { base, root, outside } = farm();
    symlinkSync(join(outside, 'new'), join(root, 'absolute'));
    symlinkSync('../outside/new', join(root, 'relative'));
    symlinkSync('not/there/../../../../outside/new', join(root, 'winding'));
    symlinkSync('absolute', join(root, 'chain'));
    for (const link of ['absolute', 'relative', 'winding', 'chain']) {
      expect(await outcome(root, link)).toBe('fs.escape');
      expect(await outcome(root, `${link}/deeper`)).toBe('fs.escape');
    }
    expect(readdirSync(base).sort()).toEqual(['outside', 'root']);
  });

  test('links that stay inside are followed, and so is a root that is a link', async () => {
    const { base, root } = farm();
    symlinkSync('folder', join(root, 'inner'));
    symlinkSync('folder/new', join(root, 'dangling'));
    symlinkSync(root, join(base, 'also-root'));
    symlinkSync(join(base, 'also-root'), join(root, 'round'));
    expect(await outcome(root, 'inner/x')).toBe(join(root, 'folder/x'));
    expect(await outcome(root, 'dangling/x')).toBe(join(root, 'folder/new/x'));
    expect(await outcome(join(base, 'also-root'), 'inner/x')).toBe(join(root, 'folder/x'));
    expect(await outcome(root, 'round/file')).toBe(join(root, 'file'));
  });

  test('a loop of links is refused', async () => {
    const { root } = farm();
    symlinkSync('b', join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    symlinkSync('self/x', join(root, 'self'));
    expect(await outcome(root, 'a/x')).toBe('fs.bad_path');
    expect(await outcome(root, 'self')).toBe('fs.bad_path');
  });

  test('a root that does not exist is an error of the system', async () => {
    const { root } = farm();
    expect(await outcome(join(root, 'none'), 'x')).toContain('ENOENT');
  });
});

/** One entry of a random tree: where, and what; a link's text may lead anywhere. */
const name = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof({ weight: 4, arbitrary: name }, fc.constantFrom('..', '.', 'missing'));
const relativePath = fc.array(step, { minLength: 1, maxLength: 6 }).map((steps) => steps.join('/'));
const linkText = fc.oneof(
  relativePath,
  fc
    .tuple(fc.constantFrom('ROOT', 'OUTSIDE', 'BASE'), relativePath)
    .map(([start, path]) => `${start}/${path}`),
  fc.constantFrom('ROOT', 'OUTSIDE', '/', '../../outside'),
);
const entry = fc.record({
  at: fc.array(name, { minLength: 1, maxLength: 4 }),
  make: fc.oneof(
    fc.constant({ kind: 'folder' as const, text: '' }),
    fc.constant({ kind: 'file' as const, text: '' }),
    linkText.map((text) => ({ kind: 'link' as const, text })),
  ),
});
type Entry = typeof entry extends fc.Arbitrary<infer E> ? E : never;
const tree = fc.array(entry, { maxLength: 14 });

async function plant(base: string, folder: string, entries: readonly Entry[]): Promise<void> {
  for (const { at, make } of entries) {
    // Lexically below the folder, but a parent may be a link by now: then it is planted wherever that leads.
    const path = join(folder, ...at);
    const text = make.text
      .replace('ROOT', join(base, 'root'))
      .replace('OUTSIDE', join(base, 'outside'))
      .replace('BASE', base);
    try {
      await makeFolder(dirname(path));
      if (!isWithin(realpathSync(dirname(path)), base)) continue;
      if (make.kind === 'folder') mkdirSync(path);
      else if (make.kind === 'file') writeFileSync(path, '', { flag: 'wx' });
      else symlinkSync(text, path);
    } catch {
      // Something is there already, or a link leads nowhere: the farm is as it is.
    }
  }
}

/** Every path below `folder`, with what it is. Links are not followed. */
function snapshot(folder: string, prefix = ''): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((found) => {
    const path = join(folder, found.name);
    const shown = `${prefix}/${found.name}`;
    if (found.isSymbolicLink()) return [`${shown} -> ${readlinkSync(path)}`];
    return found.isDirectory() ? [shown, ...snapshot(path, shown)] : [shown];
  });
}

/** As a plugin would: the folders, then the file, whatever is there. */
async function tryToWrite(path: string): Promise<boolean> {
  try {
    await makeFolder(dirname(path));
    writeFileSync(path, 'x');
    return true;
  } catch {
    return false;
  }
}

describe('in random farms of links', () => {
  test('what it gives can be written to without touching anything outside, and what the system finds inside it gives', async () => {
    const parent = tempDir();
    await fc.assert(
      fc.asyncProperty(tree, tree, relativePath, async (inside, around, path) => {
        const base = realpathSync(mkdtempSync(join(parent, 'farm-')));
        const root = join(base, 'root');
        const outside = join(base, 'outside');
        mkdirSync(root);
        mkdirSync(outside);
        await plant(base, outside, around);
        await plant(base, root, inside);

        const result = await outcome(root, path);
        if (result.startsWith('/')) {
          expect(isWithin(result, root)).toBe(true);
          const before = snapshot(outside);
          const written = await tryToWrite(result);
          expect(snapshot(outside)).toEqual(before);
          if (written) expect(realpathSync(result)).toBe(result);
        } else {
          expect(['fs.escape', 'fs.bad_path']).toContain(result);
          // It must not refuse what plainly is inside: no `..`, and the system ends inside the root.
          if (!path.split('/').includes('..')) {
            let real: string | undefined;
            try {
              real = realpathSync(join(root, path));
            } catch {
              real = undefined;
            }
            if (real !== undefined) expect(isWithin(real, root)).toBe(false);
          }
        }
        rmSync(base, { recursive: true, force: true });
      }),
      // As many as a slow disk allows.
      { numRuns: 400, interruptAfterTimeLimit: 8_000 },
    );
  });
});
