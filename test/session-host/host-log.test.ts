import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { HostLog } from '../../session-host/host-log.js';
import { tempDir } from '../support/temp-repo.js';

function lines(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('writes a line each, as JSON, readable by its owner only', async () => {
  const path = join(tempDir(), 'host.log');
  const log = HostLog.open({ path, counters: new Counters() });
  log.log('info', 'one\ntwo', { n: 1 });
  log.child({ session: 'x' }).log('error', 'failed', { error: new Error('why') });
  log.log('debug', 'not shown');
  await log.close();
  const [first, second, ...rest] = lines(path);
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ level: 'info', source: 'session-host', msg: 'one\ntwo', n: 1 });
  expect(Number.isNaN(Date.parse(first?.['time'] as string))).toBe(false);
  expect(second).toMatchObject({ level: 'error', msg: 'failed', session: 'x', error: 'why' });
  expect(second?.['stack']).toContain('host-log.test');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('goes on after what is there, and turns over when it is full', async () => {
  const path = join(tempDir(), 'host.log');
  const counters = new Counters();
  for (let i = 0; i < 20; i++) {
    const log = HostLog.open({ path, maxBytes: 1_000, counters });
    for (let j = 0; j < 5; j++) log.log('info', 'x'.repeat(20), { i, j });
    await log.close();
  }
  expect(statSync(path).size).toBeLessThanOrEqual(1_000);
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(1_000);
  expect(lines(path).at(-1)).toMatchObject({ i: 19, j: 4 });
  expect(counters.get('log.dropped')).toBe(0);
});

it('drops and counts what it cannot write, and goes on when it can', async () => {
  const dir = join(tempDir(), 'dir');
  const path = join(dir, 'host.log');
  const counters = new Counters();
  const log = HostLog.open({ path, counters });
  log.log('info', 'nowhere');
  await log.close();
  expect(counters.get('log.dropped')).toBe(1);
  mkdirSync(dir);
  chmodSync(dir, 0o700);
  expect(existsSync(path)).toBe(false);
  log.log('info', 'here');
  await log.close();
  expect(lines(path)).toHaveLength(1);
});

it('what waits is bounded', async () => {
  const path = join(tempDir(), 'host.log');
  const counters = new Counters();
  const log = HostLog.open({ path, counters });
  for (let i = 0; i < 30; i++) log.log('info', 'x'.repeat(100_000));
  await log.close();
  expect(counters.get('log.dropped')).toBeGreaterThan(10);
  const written = lines(path).length + lines(`${path}.1`).length;
  expect(written + counters.get('log.dropped')).toBe(30);
});
