import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { ArgumentError } from '../../base/errors.js';
import type { SessionRecord } from '../../protocol/session.js';
import { SessionFiles } from '../../session-host/session-files.js';
import fc from '../support/fast-check.js';
import { MemoryLog } from '../support/memory-log.js';
import { tempDir } from '../support/temp-repo.js';
import { VirtualClock } from '../support/virtual-clock.js';

const NOW = Date.UTC(2026, 0, 1);

interface Opened {
  readonly files: SessionFiles;
  readonly dir: string;
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
  readonly counters: Counters;
}

function open(dir = join(tempDir(), 'state', 'sessions')): Opened {
  const [clock, log, counters] = [new VirtualClock(NOW), new MemoryLog(), new Counters()];
  return { files: new SessionFiles({ dir, clock, log, counters }), dir, clock, log, counters };
}

/** A record; of one that ended `endedHoursAgo` if that is given. */
function record(uuid: string, endedHoursAgo?: number, more: Partial<SessionRecord> = {}): SessionRecord {
  const at = new Date(NOW - (endedHoursAgo ?? 0) * 3_600_000).toISOString();
  return {
    uuid,
    state: endedHoursAgo === undefined ? 'running' : 'exited',
    cmd: 'sh',
    args: ['-c', 'true'],
    start_dir: '/',
    rows: 24,
    cols: 80,
    size_policy: 'latest',
    attached: 0,
    started_at: at,
    activity: 'idle',
    offset: 0,
    history_offset: 0,
    meta: { branch: 'main' },
    ...(endedHoursAgo === undefined ? {} : { exit: { code: 0, at } }),
    ...more,
  };
}

const jsonIn = (dir: string, uuid: string): unknown =>
  JSON.parse(readFileSync(join(dir, uuid, 'session.json'), 'utf8'));

describe('saving', () => {
  it('writes the last state after a moment, for nobody else to read', async () => {
    const { files, dir, clock } = open();
    files.save(record('s1'));
    files.save(record('s1', undefined, { title: 'later' }));
    expect(existsSync(dir)).toBe(false);
    clock.advance(100);
    await files.flush();
    expect(jsonIn(dir, 's1')).toEqual(record('s1', undefined, { title: 'later' }));
    expect(readdirSync(join(dir, 's1'))).toEqual(['session.json']);
    for (const path of [dir, join(dir, 's1')]) expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 's1', 'session.json')).mode & 0o777).toBe(0o600);
    expect(clock.pendingTimers).toBe(0);
  });

  it('writes what was saved while it wrote', async () => {
    const { files, dir } = open();
    for (let i = 0; i < 20; i++) files.save(record(`s${i}`));
    const first = files.flush();
    files.save(record('s3', undefined, { title: 'new' }));
    await Promise.all([first, files.flush()]);
    expect(jsonIn(dir, 's3')).toMatchObject({ title: 'new' });
    expect(await files.list()).toHaveLength(20);
  });

  it('logs a failure once, and tries again until it works', async () => {
    const { files, dir, clock, log, counters } = open();
    mkdirSync(join(dir, '..'), { recursive: true });
    writeFileSync(dir, 'a file where the folder should be');
    files.save(record('s1'));
    files.save(record('s2'));
    for (let i = 0; i < 3; i++) await files.flush();
    files.save(record('s1', undefined, { title: 'newer' }));
    expect(log.at('warn')).toHaveLength(1);
    expect(counters.get('sessions.save_failed')).toBe(6);
    rmSync(dir);
    clock.advance(5_000);
    await files.flush();
    expect((await files.list()).map(({ uuid, title }) => [uuid, title])).toEqual([
      ['s1', 'newer'],
      ['s2', undefined],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('stays inside its folder', () => {
    const { files, dir } = open();
    for (const uuid of ['..', '.', '', 'a/b', '../x', 'a\0', '-x', 'x'.repeat(65)])
      expect(() => files.dirOf(uuid)).toThrow(ArgumentError);
    expect(files.dirOf('0a-1B')).toBe(join(dir, '0a-1B'));
    expect(() => files.save(record('../x'))).toThrow(ArgumentError);
  });
});

describe('listing', () => {
  it('gives the records, oldest first; of no folder, none', async () => {
    const { files } = open();
    expect(await files.list()).toEqual([]);
    for (const [uuid, hours] of [
      ['s1', 1],
      ['s2', 3],
      ['s3', 2],
    ] as const)
      files.save(record(uuid, hours));
    await files.flush();
    expect(await files.list()).toEqual([record('s2', 3), record('s3', 2), record('s1', 1)]);
  });

  it('skips what is no record, counts and logs it', async () => {
    const { files, dir, log, counters } = open();
    files.save(record('good', 1));
    await files.flush();
    const put = (uuid: string, content: string): void => {
      mkdirSync(join(dir, uuid), { recursive: true });
      writeFileSync(join(dir, uuid, 'session.json'), content);
    };
    put('cut', JSON.stringify(record('cut', 1)).slice(0, 50));
    put('empty', '');
    put('other', JSON.stringify(record('good', 1)));
    put('shape', JSON.stringify({ ...record('shape', 1), rows: 'many' }));
    put('null', 'null');
    put('huge', ' '.repeat(2_000_000));
    mkdirSync(join(dir, 'nothing'));
    mkdirSync(join(dir, 'folder', 'session.json'), { recursive: true });
    writeFileSync(join(dir, 'file'), '');
    mkdirSync(join(dir, '.hidden'));
    symlinkSync('loop', join(dir, 'loop'));
    expect(await files.list()).toEqual([record('good', 1)]);
    expect(counters.get('sessions.unreadable')).toBe(10);
    expect(log.at('warn')).toEqual([expect.stringContaining('10 folders')]);
    expect(JSON.stringify(log.lines)).toContain('rows');
  });

  it('takes any bytes for what they are', async () => {
    const { files, dir } = open();
    mkdirSync(join(dir, 's1'), { recursive: true });
    const sound = JSON.stringify(record('s1', 1));
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(sound.length), fc.nat(255)).map(([at, byte]) => {
        const bytes = Buffer.from(sound);
        bytes[at] = byte;
        return bytes;
      }),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        writeFileSync(join(dir, 's1', 'session.json'), bytes);
        for (const { uuid, rows } of await files.list()) {
          expect(uuid).toBe('s1');
          expect(rows).toBeTypeOf('number');
        }
      }),
    );
  });
});

describe('removing', () => {
  it('forgets a session with all its files, also one that was to be written', async () => {
    const { files, dir } = open();
    files.save(record('s1', 1));
    files.save(record('s2', 1));
    await files.flush();
    writeFileSync(join(dir, 's1', '0000000000000000.bytes'), 'history');
    files.save(record('s1', 1));
    await files.remove('s1');
    await files.remove('missing');
    await files.flush();
    expect(readdirSync(dir)).toEqual(['s2']);
  });

  it('prunes those that ended first beyond 200, never one that runs', async () => {
    const { files, dir, counters } = open();
    for (let i = 0; i < 203; i++) files.save(record(`e${i}`, 1_000 - i));
    files.save({ ...record('running'), started_at: '2001-01-01T00:00:00.000Z' });
    await files.flush();
    expect((await files.prune()).sort()).toEqual(['e0', 'e1', 'e2']);
    expect(await files.prune()).toEqual([]);
    expect(counters.get('sessions.pruned')).toBe(3);
    expect(readdirSync(dir)).toHaveLength(201);
    expect(existsSync(join(dir, 'running'))).toBe(true);
  });

  it('prunes by size, and goes on with smaller ones', async () => {
    const { files, dir } = open();
    const sizes = [400, 500, 300, 100];
    for (const [i, megabytes] of sizes.entries()) {
      files.save(record(`e${i}`, i + 1));
      await files.flush();
      // Takes no room on the disk.
      const path = join(dir, `e${i}`, '0000000000000000.bytes');
      writeFileSync(path, '');
      await import('node:fs/promises').then(({ truncate }) => truncate(path, megabytes * 1024 * 1024));
    }
    expect(await files.prune()).toEqual(['e2']);
    expect(readdirSync(dir).sort()).toEqual(['e0', 'e1', 'e3']);
  });

  it('prunes folders without a record when they are old', async () => {
    const { files, dir } = open();
    for (let i = 0; i < 200; i++) files.save(record(`e${i}`, 1));
    await files.flush();
    const before = new Date(NOW - 2 * 3_600_000);
    for (const name of ['old', 'fresh']) mkdirSync(join(dir, name));
    utimesSync(join(dir, 'old'), before, before);
    utimesSync(join(dir, 'fresh'), new Date(NOW), new Date(NOW));
    expect(await files.prune()).toEqual(['old']);
    expect(existsSync(join(dir, 'fresh'))).toBe(true);
  });
});
