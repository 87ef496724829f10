import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { fs } from '../../../primitives/fs/fs.js';
import { listNames } from '../../../primitives/fs/read.js';
import { FakeHub } from '../../support/fake-hub.js';

function open() {
  const hub = new FakeHub(fs);
  const root = hub.identity.repoRoot;
  return {
    root,
    dataDir: hub.identity.dataDir,
    fs: hub.engine().functions,
    at: (path: string) => join(root, path),
  };
}

/** The code of a failure; fails if it is none. */
async function code(outcome: Promise<unknown>): Promise<string> {
  const result = await outcome;
  expect(result).toBeInstanceOf(HubError);
  return (result as HubError).code;
}

const text = async (outcome: Promise<unknown>): Promise<string> => {
  const result = await outcome;
  expect(result).toBeInstanceOf(Uint8Array);
  return Buffer.from(result as Uint8Array).toString();
};

const bytes = (content: string): Uint8Array => Buffer.from(content);

describe('paths', () => {
  test('relative ones start at the repository, ~ is the home folder', async () => {
    const { fs, at } = open();
    writeFileSync(at('a.txt'), 'a');
    expect(await text(fs.read('a.txt'))).toBe('a');
    expect(await text(fs.read(at('a.txt')))).toBe('a');
    expect(await fs.is_dir('~')).toBe(true);
    const stat = await fs.stat('~/');
    expect(stat).toMatchObject({ is_dir: true, modified: statSync(homedir()).mtimeMs / 1000 });
  });

  test('a failure names the path, what was tried, and why', async () => {
    const { fs, at } = open();
    const failure = (await fs.read('no/such.txt')) as HubError;
    expect(failure.message).toBe(`cannot read ${at('no/such.txt')}: no such file or folder`);
    expect(failure.details).toEqual({ path: at('no/such.txt'), errno: 'ENOENT' });
  });

  test('too long a name, and a loop of links', async () => {
    const { fs, at } = open();
    symlinkSync('loop', at('loop'));
    expect(await code(fs.read('x'.repeat(300)))).toBe('fs.bad_path');
    expect(await code(fs.read('loop'))).toBe('fs.bad_path');
    expect(await code(fs.write('loop', bytes('x')))).toBe('fs.bad_path');
  });
});

describe('read', () => {
  test('gives bytes as they are', async () => {
    const { fs, at } = open();
    const content = Buffer.from([0, 0xff, 0xfe, 10, 0]);
    writeFileSync(at('b'), content);
    expect(Buffer.from((await fs.read('b')) as Uint8Array)).toEqual(content);
    writeFileSync(at('empty'), '');
    expect(await text(fs.read('empty'))).toBe('');
  });

  test('stops at 16 MiB', async () => {
    const { fs, at } = open();
    writeFileSync(at('fits'), Buffer.alloc(16 * 1024 * 1024));
    writeFileSync(at('large'), Buffer.alloc(16 * 1024 * 1024 + 1));
    expect(((await fs.read('fits')) as Uint8Array).byteLength).toBe(16 * 1024 * 1024);
    expect(await code(fs.read('large'))).toBe('fs.too_large');
    expect(((await fs.read_bytes('large', 16 * 1024 * 1024, undefined)) as Uint8Array).byteLength).toBe(1);
  });

  test('reads files whose size the system does not know', async () => {
    const { fs } = open();
    expect(await text(fs.read('/proc/self/status'))).toContain('Name:');
  });

  test('refuses folders, pipes, devices and sockets, without waiting for them', async () => {
    const { fs, root, at } = open();
    execFileSync('mkfifo', [at('pipe')]);
    const server = createServer().listen(at('socket'));
    onTestFinished(() => void server.close());
    expect(await code(fs.read(root))).toBe('fs.is_dir');
    expect(await code(fs.read('pipe'))).toBe('fs.not_file');
    expect(await code(fs.read('/dev/zero'))).toBe('fs.not_file');
    expect(await code(fs.append('pipe', bytes('x')))).toBe('fs.not_file');
    expect(await code(fs.append('/dev/null', bytes('x')))).toBe('fs.not_file');
    expect(await code(fs.read('socket'))).toBe('fs.not_file');
  });

  test('a file as a folder is not_dir, a device that fails is io', async () => {
    const { fs, at } = open();
    writeFileSync(at('file'), '');
    expect(await code(fs.read('file/x'))).toBe('fs.not_dir');
    // The first page of a process has no memory behind it.
    expect(await code(fs.read('/proc/self/mem'))).toBe('fs.io');
  });

  test('read_bytes reads parts', async () => {
    const { fs, at } = open();
    writeFileSync(at('n'), '0123456789');
    expect(await text(fs.read_bytes('n', undefined, undefined))).toBe('0123456789');
    expect(await text(fs.read_bytes('n', 3, 4))).toBe('3456');
    expect(await text(fs.read_bytes('n', 8, 100))).toBe('89');
    expect(await text(fs.read_bytes('n', 100, undefined))).toBe('');
  });
});

describe('write', () => {
  test('makes the file and the folders above it', async () => {
    const { fs, at } = open();
    expect(await fs.write('a/b/c.txt', bytes('x'))).toBeUndefined();
    expect(readFileSync(at('a/b/c.txt'), 'utf8')).toBe('x');
    expect(readdirSync(at('a/b'))).toEqual(['c.txt']);
  });

  test('keeps the mode of an existing file', async () => {
    const { fs, at } = open();
    writeFileSync(at('script'), 'old');
    chmodSync(at('script'), 0o750);
    await fs.write('script', bytes('new'));
    expect(statSync(at('script')).mode & 0o7777).toBe(0o750);
  });

  test('writes through links, also one that leads nowhere yet', async () => {
    const { fs, at } = open();
    mkdirSync(at('real'));
    writeFileSync(at('real/file'), 'old');
    symlinkSync('real/file', at('link'));
    symlinkSync('real/new/deep', at('dangling'));
    await fs.write('link', bytes('through'));
    await fs.write('dangling', bytes('made'));
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('real/file'), 'utf8')).toBe('through');
    expect(lstatSync(at('dangling')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('real/new/deep'), 'utf8')).toBe('made');
  });

  test('replaces no folder and no device, and leaves nothing behind', async () => {
    const { fs, at } = open();
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    expect(await code(fs.write('folder', bytes('x')))).toBe('fs.is_dir');
    expect(await code(fs.write('/dev/null', bytes('x')))).toBe('fs.not_file');
    expect(await code(fs.write('file/below', bytes('x')))).toBe('fs.not_dir');
    expect(await code(fs.append('file/below', bytes('x')))).toBe('fs.not_dir');
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(readdirSync(at('.')).sort()).toEqual(['file', 'folder']);
    expect(readdirSync(at('folder'))).toEqual([]);
  });

  test('a reader never sees half a file', async () => {
    const { fs, at } = open();
    const contents = ['a', 'b'].map((letter) => Buffer.alloc(300_000, letter));
    writeFileSync(at('f'), contents[0] as Buffer);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; i < 40; i++) await fs.write('f', contents[i % 2] as Buffer);
      writing = false;
    })();
    let looks = 0;
    while (writing) {
      const seen = readFileSync(at('f'));
      expect(contents.some((content) => content.equals(seen))).toBe(true);
      looks++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writes;
    expect(looks).toBeGreaterThan(10);
  });

  test('writes to one file end in the order they were asked for', async () => {
    const { fs, at } = open();
    const writes: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) writes.push(fs.write('f', bytes(`${i}${'x'.repeat((50 - i) * 1_000)}`)));
    for (let i = 0; i < 50; i++) writes.push(fs.append('log', bytes(`${i} `)));
    await Promise.all(writes);
    expect(readFileSync(at('f'), 'utf8').slice(0, 2)).toBe('49');
    expect(readFileSync(at('log'), 'utf8')).toBe(Array.from({ length: 50 }, (_, i) => `${i} `).join(''));
  });

  test('more than 10,000 waiting operations are refused', async () => {
    const { fs } = open();
    const outcomes = Array.from({ length: 10_100 }, () => fs.exists('x'));
    const busy = (await Promise.all(outcomes)).filter(
      (one) => one instanceof HubError && one.code === 'fs.busy',
    );
    expect(busy).toHaveLength(10_100 - 10_008);
    expect(await fs.exists('x')).toBe(false);
  });
});

describe('looking', () => {
  test('exists and is_dir follow links', async () => {
    const { fs, at } = open();
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    symlinkSync('folder', at('link'));
    symlinkSync('nowhere', at('broken'));
    const seen = await Promise.all(
      ['folder', 'file', 'link', 'broken', 'none', 'file/x'].map(async (name) => [
        await fs.exists(name),
        await fs.is_dir(name),
      ]),
    );
    expect(seen).toEqual([
      [true, true],
      [true, false],
      [true, true],
      [false, false],
      [false, false],
      [false, false],
    ]);
  });

  test('stat describes files, folders, links and the rest', async () => {
    const { fs, at } = open();
    writeFileSync(at('file'), 'four');
    chmodSync(at('file'), 0o640);
    utimesSync(at('file'), 1, 1_700_000_000.25);
    symlinkSync('file', at('link'));
    symlinkSync('nowhere', at('broken'));
    execFileSync('mkfifo', [at('pipe')]);
    const file = {
      exists: true,
      type: 'file',
      size: 4,
      modified: 1_700_000_000.25,
      is_dir: false,
      is_file: true,
      is_link: false,
      mode: 0o640,
    };
    expect(await fs.stat('file')).toEqual(file);
    expect(await fs.stat('link')).toEqual({ ...file, is_link: true });
    expect(await fs.stat('broken')).toMatchObject({
      exists: false,
      type: 'link',
      is_link: true,
      is_file: false,
    });
    expect(await fs.stat('pipe')).toMatchObject({ type: 'pipe', is_file: false, is_dir: false });
    expect(await fs.stat('/dev/null')).toMatchObject({ type: 'device' });
    expect(await fs.stat('.')).toMatchObject({ type: 'dir', is_dir: true });
    expect(await code(fs.stat('none'))).toBe('fs.not_found');
  });

  test('listdir sorts by bytes and keeps names that are no UTF-8', async () => {
    const { fs, root, at } = open();
    for (const name of ['b', 'a', 'Z', '\u00e4']) writeFileSync(at(name), '');
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), '');
    const names = (await fs.listdir('.')) as Uint8Array[];
    expect(names.map((name) => Buffer.from(name).toString('latin1'))).toEqual([
      'Z',
      'a',
      'b',
      '\u00c3\u00a4',
      '\u00ff',
    ]);
    expect(await code(fs.listdir('a'))).toBe('fs.not_dir');
    expect(await code(fs.listdir('none'))).toBe('fs.not_found');
  });

  test('listing stops at a number of names', async () => {
    const { root, at } = open();
    for (const name of ['a', 'b', 'c']) writeFileSync(at(name), '');
    expect(await listNames(root, 3)).toHaveLength(3);
    await expect(listNames(root, 2)).rejects.toMatchObject({ code: 'fs.too_large' });
  });
});

describe('folders', () => {
  test('mkdir makes all, and is content with a folder that is there', async () => {
    const { fs, at } = open();
    expect(await fs.mkdir('a/b/c')).toBeUndefined();
    expect(await fs.mkdir('a/b/c')).toBeUndefined();
    writeFileSync(at('file'), '');
    expect(await code(fs.mkdir('file'))).toBe('fs.exists');
    expect(await code(fs.mkdir('file/below'))).toBe('fs.not_dir');
  });

  test('rmdir removes an empty folder, and one with content only when told', async () => {
    const { fs, at } = open();
    mkdirSync(at('full/deep'), { recursive: true });
    writeFileSync(at('full/deep/file'), '');
    symlinkSync(at('keep'), at('full/link'));
    mkdirSync(at('keep'));
    writeFileSync(at('keep/file'), '');
    mkdirSync(at('empty'));
    expect(await fs.rmdir('empty', undefined)).toBeUndefined();
    expect(await code(fs.rmdir('full', undefined))).toBe('fs.not_empty');
    expect(await code(fs.rmdir('full', { recursive: false }))).toBe('fs.not_empty');
    expect(await fs.rmdir('full', { recursive: true })).toBeUndefined();
    expect(readdirSync(at('.'))).toEqual(['keep']);
    expect(readdirSync(at('keep'))).toEqual(['file']);
  });

  test('rmdir takes neither files nor links for folders', async () => {
    const { fs, at } = open();
    writeFileSync(at('file'), '');
    mkdirSync(at('folder'));
    symlinkSync('folder', at('link'));
    for (const options of [undefined, { recursive: true }]) {
      expect(await code(fs.rmdir('file', options))).toBe('fs.not_dir');
      expect(await code(fs.rmdir('link', options))).toBe('fs.not_dir');
      expect(await code(fs.rmdir('none', options))).toBe('fs.not_found');
    }
    expect(existsSync(at('folder'))).toBe(true);
  });

  test('the folders that everything depends on are not removed, by whatever path', async () => {
    const { fs, root, dataDir, at } = open();
    mkdirSync(at('.git'));
    symlinkSync(root, join(dataDir, 'link'));
    for (const path of ['.', '.git', root, `${root}/../`, dataDir, '~', '/', `${dataDir}/link/.git`]) {
      expect(await code(fs.rmdir(path, { recursive: true }))).toBe('fs.protected');
    }
    expect(existsSync(at('.git'))).toBe(true);
  });

  test('delete removes files and links, not folders', async () => {
    const { fs, at } = open();
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    symlinkSync('file', at('link'));
    symlinkSync('folder', at('folder-link'));
    expect(await fs.delete('link')).toBeUndefined();
    expect(await fs.delete('folder-link')).toBeUndefined();
    expect(readdirSync(at('.')).sort()).toEqual(['file', 'folder']);
    expect(await fs.delete('file')).toBeUndefined();
    expect(await code(fs.delete('folder'))).toBe('fs.is_dir');
    expect(await code(fs.delete('none'))).toBe('fs.not_found');
  });
});

describe('copy and rename', () => {
  test('copy makes the folders above, replaces a file, and keeps the mode', async () => {
    const { fs, at } = open();
    writeFileSync(at('one'), 'new');
    chmodSync(at('one'), 0o755);
    mkdirSync(at('to'));
    writeFileSync(at('to/two'), 'old');
    expect(await fs.copy('one', 'to/two')).toBeUndefined();
    expect(await fs.copy('one', 'far/away/three')).toBeUndefined();
    expect([readFileSync(at('to/two'), 'utf8'), readFileSync(at('far/away/three'), 'utf8')]).toEqual([
      'new',
      'new',
    ]);
    expect(statSync(at('to/two')).mode & 0o777).toBe(0o755);
    expect(readdirSync(at('to'))).toEqual(['two']);
  });

  test('copy onto itself changes nothing, through a link neither', async () => {
    const { fs, at } = open();
    writeFileSync(at('one'), 'x');
    symlinkSync('one', at('link'));
    expect(await fs.copy('one', 'one')).toBeUndefined();
    expect(await fs.copy('link', 'one')).toBeUndefined();
    expect(await fs.copy('one', 'link')).toBeUndefined();
    expect(readFileSync(at('one'), 'utf8')).toBe('x');
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  });

  test('copy copies a folder into a new or an existing one, links as links, pipes not at all', async () => {
    const { fs, at } = open();
    mkdirSync(at('from/sub/deep'), { recursive: true });
    writeFileSync(at('from/sub/file'), 'new');
    writeFileSync(Buffer.concat([Buffer.from(at('from/')), Buffer.from([0xfe])]), 'odd');
    symlinkSync('nowhere', at('from/link'));
    chmodSync(at('from/sub'), 0o700);
    execFileSync('mkfifo', [at('from/pipe')]);
    mkdirSync(at('to/sub'), { recursive: true });
    writeFileSync(at('to/sub/file'), 'old');
    writeFileSync(at('to/sub/other'), 'kept');
    expect(await fs.copy('from', 'to')).toBeUndefined();
    expect(await fs.copy('from', 'new/place')).toBeUndefined();
    expect(readFileSync(at('to/sub/file'), 'utf8')).toBe('new');
    expect(readFileSync(at('to/sub/other'), 'utf8')).toBe('kept');
    expect(readlinkSync(at('new/place/link'))).toBe('nowhere');
    expect(statSync(at('new/place/sub')).mode & 0o777).toBe(0o700);
    const names = readdirSync(at('new/place'), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    expect(names.sort()).toEqual(['link', 'sub', '\u00fe']);
  });

  test('copy refuses what makes no sense', async () => {
    const { fs, at } = open();
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    writeFileSync(at('folder/x'), '');
    symlinkSync('.', at('here'));
    execFileSync('mkfifo', [at('pipe')]);
    expect(await code(fs.copy('folder', 'folder/inside'))).toBe('fs.bad_path');
    expect(await code(fs.copy('folder', 'here/folder/not/yet'))).toBe('fs.bad_path');
    expect(await code(fs.copy('file', 'folder'))).toBe('fs.is_dir');
    expect(await code(fs.copy('folder', 'file'))).toBe('fs.exists');
    expect(await code(fs.copy('none', 'x'))).toBe('fs.not_found');
    expect(await code(fs.copy('pipe', 'x'))).toBe('fs.not_file');
    mkdirSync(at('to/x'), { recursive: true });
    expect(await code(fs.copy('folder', 'to'))).toBe('fs.is_dir');
    expect(readdirSync(at('to'))).toEqual(['x']);
    expect(readdirSync(at('folder'))).toEqual(['x']);
  });

  test('rename makes the folders above, replaces a file, moves folders and links', async () => {
    const { fs, at } = open();
    writeFileSync(at('a'), 'new');
    mkdirSync(at('to'));
    writeFileSync(at('to/b'), 'old');
    mkdirSync(at('folder/sub'), { recursive: true });
    symlinkSync('nowhere', at('link'));
    expect(await fs.rename('a', 'to/b')).toBeUndefined();
    expect(await fs.rename('folder', 'far/away')).toBeUndefined();
    expect(await fs.rename('link', 'to/link')).toBeUndefined();
    expect(readFileSync(at('to/b'), 'utf8')).toBe('new');
    expect(existsSync(at('far/away/sub'))).toBe(true);
    expect(readlinkSync(at('to/link'))).toBe('nowhere');
    expect(readdirSync(at('.')).sort()).toEqual(['far', 'to']);
  });

  test('rename refuses what makes no sense, and makes no folders for what is not there', async () => {
    const { fs, at } = open();
    mkdirSync(at('folder/sub'), { recursive: true });
    mkdirSync(at('full/x'), { recursive: true });
    writeFileSync(at('file'), '');
    expect(await code(fs.rename('none', 'new/place'))).toBe('fs.not_found');
    expect(await code(fs.rename('folder', 'folder/sub/inside'))).toBe('fs.bad_path');
    expect(await code(fs.rename('folder', 'full'))).toBe('fs.not_empty');
    expect(await code(fs.rename('file', 'folder'))).toBe('fs.is_dir');
    expect(await code(fs.rename('folder', 'file'))).toBe('fs.not_dir');
    expect(await code(fs.rename('folder', 'file/x'))).toBe('fs.not_dir');
    expect(readdirSync(at('.')).sort()).toEqual(['file', 'folder', 'full']);
  });
});

test('resolve_safe takes its root relative to the repository', async () => {
  const { fs, at } = open();
  mkdirSync(at('docs'));
  expect(await fs.resolve_safe('docs', 'new/page.md')).toBe(at('docs/new/page.md'));
  expect(await code(fs.resolve_safe('docs', '../x'))).toBe('fs.escape');
  expect(await code(fs.resolve_safe('none', 'x'))).toBe('fs.not_found');
});
