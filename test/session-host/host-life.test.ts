/** How a session host begins, what it lives through, and when it ends. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SessionRecord } from '../../protocol/session.js';
import { HOST_NICENESS } from '../../system/niceness.js';
import { spawnHost, startHost } from '../support/host-process.js';
import { isAlive } from '../support/hub-process.js';
import { tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';

describe('a session host', () => {
  it('runs at lower priority, and says in its folder who it is', async () => {
    const host = await startHost();
    expect(getPriority(host.pid)).toBe(HOST_NICENESS);
    const path = join(host.config.state_dir, 'host.pid');
    await until(() => existsSync(path));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      pid: host.pid,
      version: '0.1.0',
      protocol: 1,
    });
    const client = await host.connect();
    // What it starts at once may still have the host's own niceness.
    const { uuid } = await client.spawn('sh', ['-c', 'until [ $(nice) -eq 10 ]; do :; done; echo it is 10']);
    await (await client.attach(uuid)).until(/it is 10/);
    // What counts between sessions on Linux, where the kernel has it.
    const group = `/proc/${(await client.spawn('cat', [])).pid}/autogroup`;
    if (existsSync(group)) await until(() => readFileSync(group, 'utf8').includes('nice 10'));
    expect(await client.request('host.status', {})).toMatchObject({
      pid: host.pid,
      version: '0.1.0',
      connections: 1,
    });
  });

  it('is one for its folder, however many start at once', async () => {
    const dir = tempDir();
    const hosts = [1, 2, 3].map(() => spawnHost({}, dir));
    const first = await Promise.race(hosts.map((host) => host.listening().then(() => host)));
    const client = await first.connect();
    const { pid } = await client.request('host.status', {});
    const exits = await Promise.all(hosts.filter((host) => host.pid !== pid).map((host) => host.exited));
    expect(exits).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    await client.request('session.list', {});
    const late = spawnHost({}, dir);
    expect(await late.exited).toEqual({ code: 0, signal: null });
    expect(readdirSync(dir).filter((name) => /^h\d/.test(name))).toEqual([]);
  });

  it('takes the place of one that was killed, and reports its sessions as lost', async () => {
    const dir = tempDir();
    const first = await startHost({}, dir);
    const before = await first.connect();
    const { uuid, pid } = await before.spawn('sh', [], { name: 'old', meta: { a: 1 } });
    const attach = await before.attach(uuid);
    attach.type('echo $((40 + 2))\n');
    await attach.until('42');
    const folder = join(dir, 'sessions', uuid);
    await until(() => existsSync(join(folder, 'session.json')));
    // The history is written moments after.
    await until(() =>
      readdirSync(folder).some(
        (name) => name.endsWith('.bytes') && readFileSync(join(folder, name), 'utf8').includes('42'),
      ),
    );
    first.child.kill('SIGKILL');
    await first.exited;

    const host = await startHost({}, dir);
    expect(host.token).toBe(first.token);
    const client = await host.connect();
    expect((await client.request('session.list', {})).sessions).toEqual([]);
    const { sessions } = await client.request('session.list', { ended: true });
    expect(sessions).toHaveLength(1);
    expect(sessions[0]).toMatchObject({
      uuid,
      name: 'old',
      state: 'exited',
      exit: { lost: true },
      meta: { a: 1 },
    });
    expect(sessions[0]?.pid).toBeUndefined();
    const { data_base64 } = await client.request('session.history', { id: uuid });
    expect(Buffer.from(data_base64, 'base64').toString()).toContain('42');
    expect((await client.request('session.screen', { id: 'old' })).text).toContain('42');
    const late = await client.attach(uuid);
    expect((await late.ended()).exit).toMatchObject({ lost: true });
    expect(late.all).toContain('42');
    await until(() => !isAlive(pid as number));
    await client.request('session.remove', { id: uuid });
    expect(existsSync(folder)).toBe(false);
  });

  it('passes over what is no record of a session', async () => {
    const dir = tempDir();
    const uuid = 'aaaaaaaa-0000-4000-8000-000000000001';
    for (const [name, content] of Object.entries({ [uuid]: '{"uuid": 7', other: '', 'x y': '{}' })) {
      mkdirSync(join(dir, 'sessions', name), { recursive: true });
      writeFileSync(join(dir, 'sessions', name, 'session.json'), content);
    }
    const host = await startHost({}, dir);
    const client = await host.connect();
    expect((await client.request('session.list', { ended: true })).sessions).toEqual([]);
    await client.spawn('cat');
    expect((await client.request('host.status', {})).counters['sessions.unreadable']).toBeGreaterThan(0);
  });

  it('refuses a folder that is open to others, and says how to close it', async () => {
    const dir = join(tempDir(), 'open');
    mkdirSync(dir, { mode: 0o755 });
    const host = spawnHost({}, dir);
    expect(await host.exited).toMatchObject({ code: 1 });
    expect(host.log()).toContain('chmod 700');
  });

  it('says what is wrong with its configuration', async () => {
    const host = spawnHost({ max_sessions: 0 });
    expect(await host.exited).toMatchObject({ code: 2 });
    expect(host.log()).toContain('config.max_sessions');
  });

  it('does not touch what is at its socket path and is not a socket of a dead one', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'host.sock'), 'mine');
    const host = spawnHost({}, dir);
    expect((await host.exited).code).toBe(1);
    expect(readFileSync(join(dir, 'host.sock'), 'utf8')).toBe('mine');
  });
});

describe('sessions live on', () => {
  it('through a hang-up, closed output, and clients that are killed', async () => {
    const host = await startHost();
    const client = await host.connect();
    const { uuid } = await client.spawn('cat');
    const attach = await client.attach(uuid);
    for (const signal of ['SIGHUP', 'SIGPIPE', 'SIGHUP'] as const) process.kill(host.pid, signal);
    attach.type('one\n');
    await attach.until('one');
    client.end();
    const next = await host.connect();
    const again = await next.attach(uuid, attach.offset === undefined ? {} : { offset: attach.offset });
    again.type('two\n');
    await again.until('two');
    expect(again.snapshots).toEqual([]);
  });

  it('when the socket file vanishes: the next host that starts makes the first one open it again', async () => {
    const dir = tempDir();
    const host = await startHost({}, dir);
    const client = await host.connect();
    const { uuid } = await client.spawn('cat');
    rmSync(host.config.socket_path);
    const other = spawnHost({}, dir);
    expect(await other.exited).toEqual({ code: 0, signal: null });
    expect((await (await host.connect()).record(uuid)).state).toBe('running');
    await client.request('session.list', {});
  });
});

describe('it ends', () => {
  it('by itself, when it has had nothing to do for long enough', async () => {
    const host = await startHost({ idle_exit_ms: 300 });
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(readdirSync(host.config.state_dir).sort()).toEqual(['host.log', 'host.token']);
  });

  it('not while a session runs or a client is connected', async () => {
    const host = await startHost({ idle_exit_ms: 300 });
    const client = await host.connect();
    const { uuid } = await client.spawn('cat');
    client.end();
    const start = performance.now();
    await until(async () => performance.now() - start > 900);
    const again = await host.connect();
    expect((await again.record(uuid)).attached).toBe(0);
    await again.request('session.kill', { id: uuid });
    await until(async () => performance.now() - start > 1_800);
    expect(isAlive(host.pid)).toBe(true);
    again.end();
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });

  it('when asked to: with sessions only by force, which ends them', async () => {
    const host = await startHost();
    const client = await host.connect();
    const { pid } = await client.spawn('cat');
    await expect(client.request('host.stop', {})).rejects.toMatchObject({ code: 'host.has_sessions' });
    await client.request('host.stop', { force: true });
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(isAlive(pid as number)).toBe(false);
  });

  it('when told to terminate: its sessions end in order, and are on record', async () => {
    const dir = tempDir();
    const host = await startHost({}, dir);
    const client = await host.connect();
    const { uuid } = await client.spawn('sh', [
      '-c',
      `trap 'echo bye; exit 4' HUP; echo hi; while :; do sleep 0.02; done`,
    ]);
    await (await client.attach(uuid)).until('hi');
    process.kill(host.pid, 'SIGTERM');
    expect(await host.exited).toEqual({ code: 0, signal: null });
    const record = JSON.parse(
      readFileSync(join(dir, 'sessions', uuid, 'session.json'), 'utf8'),
    ) as SessionRecord;
    expect(record).toMatchObject({ state: 'exited', exit: { code: 4 } });
    const [segment = ''] = readdirSync(join(dir, 'sessions', uuid)).filter((name) => name.endsWith('.bytes'));
    expect(readFileSync(join(dir, 'sessions', uuid, segment), 'utf8')).toMatch(/^hi\r\n(.*\r\n)*bye\r\n$/);
  });

  it('and leaves another one its socket', async () => {
    const host = await startHost();
    rmSync(host.config.socket_path);
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(host.config.socket_path, resolve));
    process.kill(host.pid, 'SIGTERM');
    await host.exited;
    expect(existsSync(host.config.socket_path)).toBe(true);
  });
});
