import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HubError, isHubError } from '../../base/errors.js';
import { checkEnv, checkStartDir, resolveCommand } from '../../session-host/command.js';
import fc from '../support/fast-check.js';
import { tempDir } from '../support/temp-repo.js';

function program(...path: string[]): string {
  const file = join(...path);
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

async function refused(cmd: string, cwd: string, env: Record<string, string> = {}): Promise<HubError> {
  const found = await resolveCommand(cmd, cwd, env);
  if (!isHubError(found)) throw new Error(`found ${found}`);
  expect(found.code).toBe('session.command_not_found');
  expect(found.details).toEqual({ command: cmd });
  return found;
}

describe('resolveCommand', () => {
  it('finds a program in PATH: the first that can be run', async () => {
    const dir = tempDir();
    for (const name of ['a', 'b', 'c', 'd']) mkdirSync(join(dir, name));
    mkdirSync(join(dir, 'a', 'tool'));
    writeFileSync(join(dir, 'b', 'tool'), 'no program');
    const tool = program(dir, 'c', 'tool');
    program(dir, 'd', 'tool');
    const PATH = ['missing', 'a', 'b', 'c', 'd'].map((name) => join(dir, name)).join(':');
    expect(await resolveCommand('tool', '/', { PATH })).toBe(tool);
  });

  it('looks in the start folder for empty and relative entries of PATH', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'bin'));
    const [here, below] = [program(dir, 'here'), program(dir, 'bin', 'below')];
    expect(await resolveCommand('here', dir, { PATH: '/nowhere:' })).toBe(here);
    expect(await resolveCommand('below', dir, { PATH: 'bin' })).toBe(below);
  });

  it('looks in the usual folders without PATH', async () => {
    expect(await resolveCommand('sh', '/', {})).toMatch(/bin\/sh$/);
    expect((await refused('no-such-tool', '/')).message).toContain('PATH is not set');
  });

  it('takes a name with a slash as a path, from the start folder', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'bin'));
    const tool = program(dir, 'bin', 'tool');
    for (const path of ['./bin/tool', 'bin/tool', tool])
      expect(await resolveCommand(path, dir, {})).toBe(tool);
    symlinkSync(tool, join(dir, 'link'));
    expect(await resolveCommand('./link', dir, {})).toBe(join(dir, 'link'));
  });

  it('says what is wrong and what to do', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'text'), 'text');
    mkdirSync(join(dir, 'folder'));
    symlinkSync('loop', join(dir, 'loop'));
    const messages = new Map<string, RegExp>([
      ['./text', /text: you may not execute it.*chmod \+x/],
      ['./folder', /it is a folder/],
      ['./missing', /there is no such file \(a relative path starts at /],
      ['/missing', /Cannot run \/missing: there is no such file\.$/],
      ['./text/below', /there is no such file/],
      ['./loop', /ELOOP/],
      ['/dev/null', /not a regular file/],
      [`./${'x'.repeat(300)}`, /ENAMETOOLONG/],
      ['', /is empty/],
      ['a\0b', /NUL/],
    ]);
    for (const [cmd, message] of messages) expect((await refused(cmd, dir)).message).toMatch(message);
    const missing = await refused('text', '/', { PATH: `/nowhere:${dir}` });
    expect(missing.message).toContain(`(/nowhere, ${dir})`);
    expect(missing.message).toContain(`There is ${join(dir, 'text')}, but you may not execute it`);
    expect(missing.message).toMatch(/Install it, or give its full path\.$/);
  });

  it('does not list a PATH without end', async () => {
    const PATH = Array.from({ length: 3_000 }, (_, i) => `/nowhere/${i}`).join(':');
    const { message } = await refused('tool', '/', { PATH });
    expect(message.length).toBeLessThan(1_000);
    expect(message).toContain('and 2980 more');
  });
});

describe('checkStartDir', () => {
  it('takes a folder, and says what is wrong with what is none', async () => {
    const dir = tempDir();
    const file = program(dir, 'file');
    symlinkSync('loop', join(dir, 'loop'));
    expect(await checkStartDir(dir)).toBeUndefined();
    const messages = new Map<string, RegExp>([
      [join(dir, 'missing'), /there is no such folder; make it first/],
      [file, /it is not a folder/],
      [join(file, 'below'), /there is no such folder/],
      [join(dir, 'loop'), /ELOOP/],
      ['relative', /not an absolute path/],
      ['/a\0b', /NUL/],
    ]);
    for (const [cwd, message] of messages) {
      const wrong = await checkStartDir(cwd);
      expect(wrong?.code).toBe('session.bad_cwd');
      expect(wrong?.message).toMatch(message);
      expect(wrong?.details).toEqual({ cwd });
    }
  });
});

describe('checkEnv', () => {
  it('takes what a process can have', () => {
    expect(
      checkEnv({ PATH: '/bin', EMPTY: '', 'odd name': 'a=b\n', LONG: 'x'.repeat(100_000) }),
    ).toBeUndefined();
  });

  it('names the variable that it refuses', () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ OK: '1', 'A=B': 'x' }, /"A=B" has a "=" in its name/],
      [{ 'A\0': 'x' }, /NUL character in its name/],
      [{ SECRET: 'hush\0hush' }, /"SECRET" has a NUL character in its value/],
      [{ '': 'x' }, /empty name/],
      [{ HUGE: 'x'.repeat(200_000) }, /"HUGE" is longer than/],
    ];
    for (const [env, message] of cases) {
      const wrong = checkEnv(env);
      expect(wrong?.code).toBe('session.bad_env');
      expect(wrong?.message).toMatch(message);
      expect(wrong?.message).not.toContain('hush');
    }
  });

  it('refuses exactly what would be cut or read as something else', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '=', '\0', 'ü'), maxLength: 4 });
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 4 }), (env) => {
        const sound = Object.entries(env).every(
          ([name, value]) => name !== '' && !/[=\0]/.test(name) && !value.includes('\0'),
        );
        expect(checkEnv(env) === undefined).toBe(sound);
      }),
    );
  });
});
