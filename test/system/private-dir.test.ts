import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPrivateDir, ensurePrivateDir } from '../../system/private-dir.js';
import { tempDir } from '../support/temp-repo.js';

describe('a private folder', () => {
  const mode = (path: string) => statSync(path).mode & 0o777;

  it('is made with its parents, closed to others whatever the umask', () => {
    const base = tempDir();
    const path = join(base, 'data/hubs/x');
    ensurePrivateDir(path);
    for (const made of ['data', 'data/hubs', 'data/hubs/x']) expect(mode(join(base, made))).toBe(0o700);
    ensurePrivateDir(path);
  });

  it('is refused when others can look in, and the fix is named', () => {
    const path = join(tempDir(), 'open');
    mkdirSync(path);
    for (const open of [0o755, 0o770, 0o701, 0o704]) {
      chmodSync(path, open);
      expect(() => checkPrivateDir(path)).toThrow(expect.objectContaining({ code: 'hub.unsafe_directory' }));
      expect(() => checkPrivateDir(path)).toThrow(`chmod 700 ${path}`);
      expect(mode(path), 'it does not change permissions by itself').toBe(open);
    }
  });

  it('is refused when others can replace it', () => {
    const parent = join(tempDir(), 'parent');
    const path = join(parent, 'x');
    ensurePrivateDir(path);
    chmodSync(parent, 0o777);
    expect(() => checkPrivateDir(path)).toThrow(`chmod go-w ${parent}`);
    // As /tmp is: others cannot replace what is not theirs.
    chmodSync(parent, 0o1777);
    expect(() => checkPrivateDir(path)).not.toThrow();
  });

  it('is refused when it belongs to somebody else', () => {
    const path = tempDir();
    const me = process.getuid?.() ?? 0;
    expect(() => checkPrivateDir(path, me + 1)).toThrow(`belongs to user ${me}, and you are user ${me + 1}`);
  });

  it('is refused when it is a link or a file', () => {
    const base = tempDir();
    symlinkSync(tempDir(), join(base, 'link'));
    writeFileSync(join(base, 'file'), '');
    for (const name of ['link', 'file'])
      expect(() => checkPrivateDir(join(base, name))).toThrow('is not a folder');
    expect(() => ensurePrivateDir(join(base, 'file/x'))).toThrow('Cannot make the folder');
  });
});
