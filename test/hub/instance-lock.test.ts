import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claimInstance, findRunningHub } from '../../hub/instance-lock.js';
import type { HubIdentity } from '../../primitives/context.js';
import { processMark } from '../../system/process-identity.js';
import { leaveStaleLock } from '../support/lock-holder.js';
import { tempDir } from '../support/temp-repo.js';

function makeIdentity(): HubIdentity {
  const dataDir = join(tempDir(), 'data');
  const stateDir = join(dataDir, 'hubs/0123456789abcdef');
  return {
    hubId: '0123456789abcdef',
    repoRoot: '/srv/app',
    dataDir,
    stateDir,
    luaPath: '/nowhere',
    socketPath: join(stateDir, 'hub.sock'),
    hostSocketPath: join(stateDir, 'host.sock'),
    version: '0.1.0',
  };
}

/** Listens at a path; `disappear` ends it like a crash would, leaving the socket's file. */
function listener(path: string): { listen(): Promise<void>; server: Server } {
  const server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  return { server, listen: () => new Promise((resolve) => server.listen(path, resolve)) };
}

/** A socket file that nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  const script =
    'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  try {
    execFileSync(process.execPath, ['-e', script, path], { stdio: 'ignore' });
  } catch {
    // It killed itself: that was its task.
  }
  expect(statSync(path).isSocket()).toBe(true);
}

describe('a claim', () => {
  it('records who runs, and takes its own files with it', async () => {
    const identity = makeIdentity();
    const claim = await claimInstance(identity, listener(identity.socketPath).listen);
    const record = JSON.parse(readFileSync(join(identity.stateDir, 'hub.pid'), 'utf8'));
    expect(record).toEqual({
      pid: process.pid,
      mark: await processMark(process.pid),
      started_at: expect.stringMatching(/^\d{4}-.*Z$/),
      version: '0.1.0',
      socket: identity.socketPath,
    });
    expect(JSON.parse(readFileSync(join(identity.stateDir, 'manifest.json'), 'utf8'))).toEqual({
      id: identity.hubId,
      pid: process.pid,
      socket: identity.socketPath,
      repo_path: '/srv/app',
      version: '0.1.0',
      started_at: record.started_at,
    });
    expect(await findRunningHub(identity)).toEqual(record);
    for (const name of readdirSync(identity.stateDir)) {
      const { mode } = statSync(join(identity.stateDir, name));
      if (name !== 'hub.sock') expect(mode & 0o077, name).toBe(0);
    }

    claim.dispose();
    expect(readdirSync(identity.stateDir)).toEqual([]);
    expect(await findRunningHub(identity)).toBeUndefined();
    claim.dispose();
  });

  it('leaves files alone that are not its own any more', async () => {
    const identity = makeIdentity();
    const first = listener(identity.socketPath);
    const claim = await claimInstance(identity, first.listen);
    const other = { pid: 1, mark: 'other', started_at: '', version: '', socket: '' };
    writeFileSync(join(identity.stateDir, 'hub.pid'), JSON.stringify(other));
    await new Promise((resolve) => first.server.close(resolve));
    const second = listener(identity.socketPath);
    await second.listen();
    claim.dispose();
    expect(existsSync(identity.socketPath)).toBe(true);
    expect(readdirSync(identity.stateDir).sort()).toEqual(['hub.pid', 'hub.sock', 'manifest.json']);
  });

  it('is refused while somebody listens, and does not touch the socket', async () => {
    const identity = makeIdentity();
    const claim = await claimInstance(identity, listener(identity.socketPath).listen);
    const before = statSync(identity.socketPath).ino;
    const again = claimInstance(identity, () => expect.unreachable());
    await expect(again).rejects.toMatchObject({ code: 'hub.already_running', details: { pid: process.pid } });
    await expect(again).rejects.toThrow(`already running for /srv/app (pid ${process.pid})`);
    expect(statSync(identity.socketPath).ino).toBe(before);
    expect(readdirSync(identity.stateDir)).not.toContain('start.lock');
    claim.dispose();
  });

  it('is refused while a hub lives that lost its socket', async () => {
    const identity = makeIdentity();
    const claim = await claimInstance(identity, () => Promise.resolve());
    await expect(claimInstance(identity, () => expect.unreachable(), 50)).rejects.toMatchObject({
      code: 'hub.already_running',
      message: expect.stringContaining('botster stop --force'),
    });
    claim.dispose();
  });

  it('waits for a hub that is on its way out', async () => {
    const identity = makeIdentity();
    const leaving = await claimInstance(identity, () => Promise.resolve());
    const next = claimInstance(identity, () => Promise.resolve());
    setImmediate(() => leaving.dispose());
    (await next).dispose();
  });
});

describe('what a dead hub left behind', () => {
  it('heals: socket, pid file, manifest, start lock', async () => {
    const identity = makeIdentity();
    mkdirSync(identity.stateDir, { recursive: true, mode: 0o700 });
    await leaveStaleSocket(identity.socketPath);
    const dead = { pid: 2 ** 22 + 1, mark: 'gone', started_at: '', version: '', socket: '' };
    writeFileSync(join(identity.stateDir, 'hub.pid'), JSON.stringify(dead));
    await leaveStaleLock(join(identity.stateDir, 'start.lock'));
    writeFileSync(join(identity.stateDir, 'manifest.json'), '{half');
    const claim = await claimInstance(identity, listener(identity.socketPath).listen);
    expect(await findRunningHub(identity)).toMatchObject({ pid: process.pid });
    claim.dispose();
    expect(readdirSync(identity.stateDir)).toEqual([]);
  });

  it('is not mistaken for a hub when its pid is used again', async () => {
    const identity = makeIdentity();
    mkdirSync(identity.stateDir, { recursive: true, mode: 0o700 });
    const reused = { pid: process.pid, mark: 'an earlier process', started_at: '', version: '', socket: '' };
    writeFileSync(join(identity.stateDir, 'hub.pid'), JSON.stringify(reused));
    expect(await findRunningHub(identity)).toBeUndefined();
    (await claimInstance(identity, () => Promise.resolve())).dispose();
  });

  it.each(['', '{', '[]', '{"pid":"1"}'])('a pid file that holds %j names no hub', async (content) => {
    const identity = makeIdentity();
    mkdirSync(identity.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(join(identity.stateDir, 'hub.pid'), content);
    (await claimInstance(identity, () => Promise.resolve())).dispose();
  });

  it('is never removed when it is no socket', async () => {
    const identity = makeIdentity();
    mkdirSync(identity.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(identity.socketPath, 'precious');
    await expect(claimInstance(identity, () => expect.unreachable())).rejects.toMatchObject({
      code: 'hub.socket_unusable',
    });
    expect(readFileSync(identity.socketPath, 'utf8')).toBe('precious');
  });
});

it('a failure to listen releases everything', async () => {
  const identity = makeIdentity();
  const failing = claimInstance(identity, () => Promise.reject(new Error('no sockets today')));
  await expect(failing).rejects.toThrow('no sockets today');
  expect(readdirSync(identity.stateDir)).toEqual([]);
});

it('refuses a state folder that others can enter', async () => {
  const identity = makeIdentity();
  mkdirSync(identity.stateDir, { recursive: true, mode: 0o755 });
  const claim = claimInstance(identity, () => expect.unreachable());
  await expect(claim).rejects.toMatchObject({ code: 'hub.unsafe_directory' });
});
