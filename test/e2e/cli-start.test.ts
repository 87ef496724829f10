/** How a hub comes to be the only one of its repository, whatever it finds and whoever else starts. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hubIdOf } from '../../hub/identity.js';
import { socketPathOf } from '../../hub/paths.js';
import { isAlive, makePlace, type Place, runCli, runFiles, startHub } from '../support/hub-process.js';

const stateDir = (place: Place) => join(place.dataDir, 'hubs', hubIdOf(place.repo));
const statusOf = async (place: Place) =>
  JSON.parse((await place.run('status', '--json')).stdout) as Record<string, unknown>;

describe('one hub per repository', () => {
  it('a second start says so and exits 3, in the foreground and detached', async () => {
    const place = await makePlace();
    const { info } = await startHub(place);
    for (const args of [['start'], ['start', '--detach'], ['start', '--detach', '--json']]) {
      expect(await place.run(...args), args.join(' ')).toMatchObject({
        code: 3,
        stdout: '',
        stderr: `botster: A hub is already running for ${place.repo} (pid ${info.pid}). See "botster status"; end it with "botster stop".\n`,
      });
    }
    expect(await statusOf(place)).toMatchObject({ pid: info.pid });
  });

  it('of eight at once exactly one wins, again and again', async () => {
    const place = await makePlace();
    for (let round = 0; round < 2; round++) {
      const starts = Array.from({ length: 8 }, (_, n) =>
        place.spawn('start', '--no-web', '--json', ...(n % 2 === 0 ? ['--detach'] : [])),
      );
      // Each says that it is ready, or ends without a word on stdout.
      const lines = await Promise.all(starts.map(({ said }) => said('stdout', /\n/).catch(() => undefined)));
      const ready = lines.filter((line) => line !== undefined);
      expect(ready).toHaveLength(1);
      const { pid } = JSON.parse(ready[0]!);
      expect(await statusOf(place)).toMatchObject({ pid });
      await place.run('stop');
      const codes = (await Promise.all(starts.map(({ done }) => done))).map(({ code }) => code).sort();
      expect(codes).toEqual([0, 3, 3, 3, 3, 3, 3, 3]);
      expect(isAlive(pid)).toBe(false);
      expect(runFiles(stateDir(place))).toEqual([]);
    }
  });

  it('hubs of different repositories share a data folder and nothing else', async () => {
    const one = await makePlace();
    const two = await makePlace({ BOTSTER_DATA_DIR: one.dataDir });
    const [first, second] = [await startHub(one), await startHub(two)];
    expect(first.info.hub_id).not.toBe(second.info.hub_id);
    await one.run('stop');
    expect(await statusOf(two)).toMatchObject({ pid: second.info.pid, repo: two.repo });
  });
});

describe('what a killed hub leaves behind', () => {
  it('does not stop the next start', async () => {
    const place = await makePlace();
    const { process: hub, info } = await startHub(place);
    hub.child.kill('SIGKILL');
    await hub.done;
    expect(runFiles(stateDir(place))).toEqual(['hub.pid', 'hub.sock', 'manifest.json']);
    expect((await place.run('status')).code).toBe(4);
    expect((await place.run('stop', '--force')).code).toBe(4);
    const next = await startHub(place);
    expect(next.info.pid).not.toBe(info.pid);
    expect(await statusOf(place)).toMatchObject({ pid: next.info.pid });
  });

  it('a live socket is never unlinked, whoever listens on it', async () => {
    const place = await makePlace();
    mkdirSync(stateDir(place), { recursive: true, mode: 0o700 });
    const path = join(stateDir(place), 'hub.sock');
    const server = createServer((socket) => socket.destroy());
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const { ino } = statSync(path);
    expect((await place.run('start')).code).toBe(3);
    expect((await place.run('start', '--detach')).code).toBe(3);
    expect(statSync(path).ino).toBe(ino);
  });
});

describe('in the background', () => {
  it('returns when the hub is ready, with the same lines, and leaves it running', async () => {
    const place = await makePlace();
    const { code, stdout } = await place.run('start', '--detach', '--json');
    expect(code).toBe(0);
    const info = JSON.parse(stdout);
    expect(info).toEqual({
      hub_id: hubIdOf(place.repo),
      pid: expect.any(Number),
      repo: place.repo,
      socket: join(stateDir(place), 'hub.sock'),
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    });
    expect(isAlive(info.pid)).toBe(true);
    expect(await statusOf(place)).toMatchObject({ pid: info.pid });
    expect((await place.run('stop')).code).toBe(0);
    expect(isAlive(info.pid)).toBe(false);
    const again = await place.run('start', '-d');
    expect(again.stdout).toMatch(/^ready {2}botster/);
    expect(again.stdout).toContain('botster stop');
  });

  it('takes a relative data folder as the caller means it', async () => {
    const place = await makePlace({ BOTSTER_DATA_DIR: 'here' });
    const cwd = dirname(place.repo);
    const { stdout } = await runCli(['start', '-d', '--json', '--repo', 'repo'], { cwd, env: place.env });
    expect(JSON.parse(stdout)).toMatchObject({
      socket: join(cwd, 'here/hubs', hubIdOf(place.repo), 'hub.sock'),
    });
    expect((await runCli(['stop', '--repo', 'repo'], { cwd, env: place.env })).code).toBe(0);
  });

  it('reports why the hub cannot start', async () => {
    const place = await makePlace();
    mkdirSync(stateDir(place), { recursive: true });
    writeFileSync(join(stateDir(place), 'hub.sock'), 'in the way');
    chmodSync(stateDir(place), 0o700);
    const { code, stdout, stderr } = await place.run('start', '--detach');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('is in the way and is not a socket');
    expect(readFileSync(join(stateDir(place), 'hub.sock'), 'utf8')).toBe('in the way');
  });

  it('shows the last words of a hub that died without a reason', async () => {
    const place = await makePlace({ NODE_OPTIONS: '' });
    // A preload that ends only the background process.
    const preload = join(dirname(place.repo), 'die.mjs');
    writeFileSync(
      preload,
      'if (process.env.BOTSTER_DETACHED) { console.error("last words"); process.exit(9); }',
    );
    const env = { ...place.env, NODE_OPTIONS: `--import=${preload}` };
    const { code, stderr } = await runCli(['start', '-d'], { cwd: place.repo, env });
    expect(code).toBe(1);
    expect(stderr).toContain('The hub ended while it started (exit status 9).');
    expect(stderr).toContain('last words');
  });
});

describe('stop', () => {
  it('kills a stuck hub only when told to', async () => {
    const place = await makePlace();
    const { process: hub, info } = await startHub(place);
    hub.child.kill('SIGSTOP');
    const patient = await place.run('stop', '--timeout', '0.2');
    expect(patient).toMatchObject({ code: 1, stdout: '' });
    expect(patient.stderr).toContain('botster stop --force');
    expect(isAlive(info.pid)).toBe(true);
    expect(await place.run('stop', '--timeout', '0.2', '--force')).toMatchObject({ code: 0 });
    expect(await hub.done).toMatchObject({ signal: 'SIGKILL' });
    expect((await startHub(place)).info.pid).not.toBe(info.pid);
  });

  it('does not kill a process that only has the pid of a dead hub', async () => {
    const place = await makePlace();
    const { process: hub } = await startHub(place);
    hub.child.kill('SIGKILL');
    await hub.done;
    const pidFile = join(stateDir(place), 'hub.pid');
    const record = JSON.parse(readFileSync(pidFile, 'utf8'));
    writeFileSync(pidFile, JSON.stringify({ ...record, pid: process.pid }));
    expect((await place.run('stop', '--force')).code).toBe(4);
  });

  it('finds a hub that lost its socket, and a start does not join it', async () => {
    const place = await makePlace();
    const { info } = await startHub(place);
    rmSync(info.socket);
    expect(await place.run('stop')).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(await place.run('start')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('botster stop --force'),
    });
    expect((await place.run('stop', '--force')).code).toBe(0);
    expect(isAlive(info.pid)).toBe(false);
  });
});

describe('the socket', () => {
  it('is 0600 in a 0700 folder, and a folder that is open to others is refused', async () => {
    const place = await makePlace();
    const { info } = await startHub(place);
    expect(statSync(info.socket).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(info.socket)).mode & 0o777).toBe(0o700);
    await place.run('stop');
    chmodSync(stateDir(place), 0o755);
    for (const args of [['start'], ['start', '-d'], ['status']]) {
      const { code, stderr } = await place.run(...args);
      expect(code, args.join(' ')).toBe(1);
      expect(stderr).toContain(`Fix: chmod 700 ${stateDir(place)}`);
    }
  });

  it('goes to /tmp when the data folder has a long name', async () => {
    const dataDir = join((await makePlace()).dataDir, 'x'.repeat(80));
    const place = await makePlace({ BOTSTER_DATA_DIR: dataDir });
    const path = socketPathOf(
      join(dataDir, 'hubs', hubIdOf(place.repo)),
      hubIdOf(place.repo),
      process.getuid!(),
    );
    expect(path).toMatch(/^\/tmp\/botster-\d+\//);
    const { info } = await startHub(place);
    expect(info.socket).toBe(path);
    expect((await place.run('eval', 'return 1')).stdout).toBe('[1]\n');
    await place.run('stop');
    expect(existsSync(path)).toBe(false);
  });
});
