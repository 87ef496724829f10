import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { LuaFloat, type LuaValue } from '../../../base/values.js';
import { config } from '../../../primitives/config/config.js';
import { SettingsFile } from '../../../primitives/config/settings-file.js';
import { FakeHub } from '../../support/fake-hub.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

function open() {
  const hub = new FakeHub(config);
  const { dataDir, repoRoot } = hub.identity;
  return {
    hub,
    config: hub.engine().functions,
    devicePath: join(dataDir, 'config.json'),
    repositoryPath: join(repoRoot, '.botster', 'config.json'),
    dataDir,
    repoRoot,
  };
}

async function failure(outcome: Promise<unknown>): Promise<HubError> {
  const result = await outcome;
  expect(result).toBeInstanceOf(HubError);
  return result as HubError;
}

const onDisk = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

describe('settings', () => {
  test('what is set is read, also by the next hub, and nil removes it', async () => {
    const { config, devicePath, dataDir } = open();
    expect(await config.get('key')).toBeUndefined();
    const value: LuaValue = { list: [1, new LuaFloat(2), 9007199254740993n], empty: [], none: null };
    expect(await config.set('key', value)).toBeUndefined();
    expect(await config.get('key')).toEqual(value);
    expect(await new SettingsFile(devicePath).read()).toEqual(new Map([['key', value]]));
    expect(await config.set('key', undefined)).toBeUndefined();
    expect(await config.get('key')).toBeUndefined();
    expect(onDisk(devicePath)).toEqual({});
    expect(readdirSync(dataDir)).toEqual(['config.json']);
  });

  test('the file is readable for people and for nobody else', async () => {
    const { config, devicePath } = open();
    await config.set('b', 1);
    await config.set('a', 2);
    expect(readFileSync(devicePath, 'utf8')).toBe('{\n  "a": 2,\n  "b": 1\n}\n');
    expect(statSync(devicePath).mode & 0o777).toBe(0o600);
  });

  test('an existing file keeps its mode and its being a link; what it says besides stays', async () => {
    const { config, devicePath } = open();
    const real = join(tempDir(), 'real.json');
    writeFileSync(real, '{"other": {"big": 12345678901234567890123, "float": 1.0}}');
    chmodSync(real, 0o644);
    symlinkSync(real, devicePath);
    await config.set('key', 'value');
    expect(statSync(real).mode & 0o777).toBe(0o644);
    expect(readFileSync(real, 'utf8')).toContain('"float": 1.0');
    expect(onDisk(real)).toMatchObject({ key: 'value' });
  });

  test("the repository's settings win over the device's", async () => {
    const { config, repositoryPath } = open();
    await config.set('theme', 'dark');
    await config.set('font', 'mono');
    mkdirSync(join(repositoryPath, '..'));
    writeFileSync(repositoryPath, '{"theme": "light", "only": true}');
    expect(await config.get('theme')).toBe('light');
    expect(await config.all()).toEqual({ theme: 'light', font: 'mono', only: true });
    await config.set('theme', 'blue');
    expect(await config.get('theme')).toBe('light');
    expect(onDisk(repositoryPath)).toEqual({ theme: 'light', only: true });
  });

  test('keys are flat and may have any name', async () => {
    const { config } = open();
    for (const key of ['a.b', '__proto__', 'constructor', ' ', '\u00e4']) {
      await config.set(key, key);
      expect(await config.get(key)).toBe(key);
    }
    expect(await config.get('a')).toBeUndefined();
    expect(await config.get('toString')).toBeUndefined();
    expect(Object.keys((await config.all()) as object).sort()).toEqual([
      ' ',
      '__proto__',
      'a.b',
      'constructor',
      '\u00e4',
    ]);
  });

  test('a change from elsewhere is seen at once, even of the same size', async () => {
    const { config, devicePath } = open();
    for (let i = 0; i < 10; i++) {
      writeFileSync(devicePath, `{"n": ${i}}`);
      expect(await config.get('n')).toBe(i);
    }
  });
});

describe('what cannot be', () => {
  test.each([
    ['{\n  "a": 1,\n  oops\n}', 'line 3, column 3'],
    ['[1, 2]', 'one JSON object'],
    ['null', 'one JSON object'],
    ['', 'line 1'],
    ['{"a": "\xff"}', 'UTF-8'],
  ])('a damaged file (%j) is reported and never overwritten', async (content, why) => {
    for (const where of ['devicePath', 'repositoryPath'] as const) {
      const opened = open();
      const path = opened[where];
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, content, 'latin1');
      for (const outcome of [opened.config.get('a'), opened.config.all()]) {
        const { code, message } = await failure(outcome);
        expect(code).toBe('config.unreadable');
        expect(message).toContain(path);
        expect(message).toContain(why);
      }
      if (where === 'devicePath') {
        expect((await failure(opened.config.set('a', 1))).code).toBe('config.unreadable');
        expect(readdirSync(opened.dataDir)).toEqual(['config.json']);
      }
      expect(readFileSync(path, 'latin1')).toBe(content);
    }
  });

  test('a folder in the place of the file', async () => {
    const { config, devicePath } = open();
    mkdirSync(devicePath);
    expect((await failure(config.get('a'))).code).toBe('config.unreadable');
    expect((await failure(config.set('a', 1))).code).toBe('config.unreadable');
  });

  test('a data folder that is a file cannot be written to', async () => {
    const dataDir = join(tempDir(), 'file');
    writeFileSync(dataDir, '');
    const { functions } = new FakeHub(config, { dataDir }).engine();
    const { code, message } = await failure(functions.set('a', 1));
    expect(code).toBe('config.unwritable');
    expect(message).toContain(dataDir);
  });

  test('values that JSON cannot hold fail alone, not those set beside them', async () => {
    const { config, devicePath } = open();
    const cycle: Record<string, LuaValue> = {};
    cycle['self'] = cycle;
    const outcomes = [
      config.set('good', 1),
      config.set('nan', { x: [Number.NaN] }),
      config.set('bytes', Buffer.from([0xff])),
      config.set('cycle', cycle),
      config.set('large', 'x'.repeat(9_000_000)),
      config.set('also good', 2),
    ];
    const codes = (await Promise.all(outcomes)).map((result) =>
      result instanceof HubError ? result.code : 'ok',
    );
    expect(codes).toEqual(['ok', ...Array.from({ length: 4 }, () => 'config.bad_value'), 'ok']);
    expect((await failure(outcomes[1] as Promise<unknown>)).message).toContain('nan.x[1]');
    expect(onDisk(devicePath)).toEqual({ good: 1, 'also good': 2 });
  });

  test('a lock that somebody holds for long', async () => {
    const path = join(tempDir(), 'config.json');
    writeFileSync(`${path}.lock`, '');
    const settings = new SettingsFile(path, 30);
    const outcome = await settings.set('a', 1).catch((thrown: unknown) => thrown);
    expect(outcome).toMatchObject({ code: 'config.locked' });
    expect((outcome as HubError).message).toContain(`${path}.lock`);
    expect(existsSync(path)).toBe(false);
  });

  test('after a failure the next change goes through', async () => {
    const { config, devicePath } = open();
    writeFileSync(devicePath, 'damaged');
    await failure(config.set('a', 1));
    writeFileSync(devicePath, '{"b": 2}');
    expect(await config.set('a', 1)).toBeUndefined();
    expect(onDisk(devicePath)).toEqual({ a: 1, b: 2 });
  });
});

describe('many at the same time', () => {
  test('changes of one hub are all kept, the last one of a key wins', async () => {
    const { config, devicePath } = open();
    const sets: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i++) sets.push(config.set(`key ${i % 100}`, i));
    await Promise.all(sets);
    expect(onDisk(devicePath)).toEqual(
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key ${i}`, 200 + i])),
    );
  });

  async function startSetter(
    path: string,
    prefix: string,
    count: number,
    how: string,
  ): Promise<ChildProcess> {
    const program = fileURLToPath(new URL('../../fixtures/programs/config-setter.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, path, prefix, String(count), how], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return child;
  }

  test.each([
    ['together', 100],
    ['in turn', 100],
  ])('changes of two processes, %s, are all kept', async (how, count) => {
    const path = join(tempDir(), 'config.json');
    const children = [await startSetter(path, 'a', count, how), await startSetter(path, 'b', count, how)];
    for (const child of children) child.stdin?.write('go\n');
    const exits = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(exits).toEqual([0, 0]);
    const settings = onDisk(path) as Record<string, unknown>;
    expect(Object.keys(settings)).toHaveLength(2 * count);
    expect(settings['a99']).toEqual({ by: 'a' });
    expect(readdirSync(join(path, '..'))).toEqual(['config.json']);
  });

  test('a process that is killed in the middle takes nothing of another with it', async () => {
    const path = join(tempDir(), 'config.json');
    const [dying, living] = [
      await startSetter(path, 'd', 1_000, 'in turn'),
      await startSetter(path, 'l', 50, 'in turn'),
    ];
    const exits = [dying, living].map(async (child) => (await once(child, 'exit'))[0] as number | null);
    for (const child of [dying, living]) child.stdin?.write('go\n');
    const keys = (prefix: string): number =>
      existsSync(path)
        ? Object.keys(onDisk(path) as object).filter((key) => key.startsWith(prefix)).length
        : 0;
    await until(() => keys('d') > 3 && keys('l') > 3);
    dying.kill('SIGKILL');
    expect(await Promise.all(exits)).toEqual([null, 0]);
    expect(keys('l')).toBe(50);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});

test('env, lua_path and data_dir', () => {
  const { config, dataDir } = open();
  process.env['BOTSTER_TEST_VARIABLE'] = 'set';
  onTestFinished(() => void delete process.env['BOTSTER_TEST_VARIABLE']);
  expect(config.env('BOTSTER_TEST_VARIABLE')).toBe('set');
  expect(config.env('BOTSTER_TEST_NOTHING')).toBeUndefined();
  expect(config.data_dir()).toBe(dataDir);
  expect(config.lua_path()).toBe('/nowhere/lua');
});
