/** The command line against a real hub. One hub for a file's tests would hide what they leave behind: each has its own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubIdOf } from '../../hub/identity.js';
import { isAlive, makePlace, runCli, runFiles, startHub } from '../support/hub-process.js';
import { SocketClient } from '../support/socket-client.js';
import { git, tempDir } from '../support/temp-repo.js';

describe('without a hub', () => {
  it('commands that need one exit 4 and say how to start it', async () => {
    const place = await makePlace();
    for (const args of [['status'], ['status', '--json'], ['stop'], ['eval', 'return 1']]) {
      const { code, stdout, stderr } = await place.run(...args);
      expect({ code, stdout }, args.join(' ')).toEqual({ code: 4, stdout: '' });
      expect(stderr).toBe(`botster: No hub is running for ${place.repo}. Start it with "botster start".\n`);
    }
    expect((await place.run('logs')).stderr).toContain('has no log');
  });

  it('outside of a repository they exit 2', async () => {
    const cwd = tempDir();
    for (const args of [
      ['start'],
      ['start', '--detach'],
      ['stop'],
      ['status'],
      ['logs'],
      ['eval', 'return 1'],
    ]) {
      const { code, stderr } = await runCli(args, { cwd });
      expect(code, args.join(' ')).toBe(2);
      expect(stderr).toBe(
        `botster: ${cwd} is not inside a git repository. Go to one, name one with --repo DIR, or make one with "git init".\n`,
      );
    }
    expect(await runCli(['status', '--repo', '/no/such/place'], { cwd })).toMatchObject({
      code: 2,
      stderr: 'botster: There is no directory /no/such/place.\n',
    });
  });

  it('wrong usage exits 2, help exits 0', async () => {
    const cwd = tempDir();
    expect(await runCli(['sttaus'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean status?'),
    });
    expect(await runCli([], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Commands:'),
      stderr: '',
    });
    expect(await runCli(['--version'], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe('start, status, stop', () => {
  it('in the foreground: ready, seen, stopped, nothing left', async () => {
    const place = await makePlace();
    const hub = place.spawn('start');
    const ready = await hub.said('stdout', /stop .*\n/);
    expect(ready).toMatch(/^ready {2}botster \d/);
    expect(ready).toContain(place.repo);
    const status = await place.run('status', '--json');
    expect(status).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(status.stdout);
    expect(report).toMatchObject({
      hub_id: hubIdOf(place.repo),
      pid: hub.child.pid,
      repo: place.repo,
      socket: join(place.dataDir, 'hubs', hubIdOf(place.repo), 'hub.sock'),
      uptime_s: expect.any(Number),
      loop: { lag_ms: { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) } },
      counters: expect.any(Object),
      sessions: [],
      plugins: expect.any(Array),
      clients: [{ client: 'cli' }],
    });
    expect(Object.keys(report)).toContain('url');
    const text = await place.run('status');
    expect(text.stdout).toContain(`pid ${hub.child.pid}`);
    expect(text.stdout).not.toContain('\u001b[');

    const stop = await place.run('stop');
    expect(stop).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `Stopped the hub of ${place.repo} (pid ${hub.child.pid}).\n`,
    });
    expect(isAlive(hub.child.pid!)).toBe(false);
    expect(await hub.done).toMatchObject({ code: 0, signal: null });
    expect(runFiles(join(place.dataDir, 'hubs', hubIdOf(place.repo)))).toEqual([]);
    expect((await place.run('status')).code).toBe(4);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s is a graceful end', async (signal) => {
    const place = await makePlace();
    const { process: hub, info } = await startHub(place);
    hub.child.kill(signal);
    expect(await hub.done).toMatchObject({ code: 0, signal: null });
    expect(runFiles(join(place.dataDir, 'hubs', info.hub_id))).toEqual([]);
  });

  it('tells Lua that it stops, and why, in time to act', async () => {
    const place = await makePlace();
    const { process: hub, info } = await startHub(place);
    await place.run('eval', 'events.on("shutdown", function(e) log.info("bye: " .. e.reason) end)');
    hub.child.kill('SIGTERM');
    await hub.done;
    const log = readFileSync(join(place.dataDir, 'hubs', info.hub_id, 'hub.log'), 'utf8');
    expect(log).toContain('bye: SIGTERM');
  });

  it('is found from a subfolder, a linked worktree and with --repo', async () => {
    const place = await makePlace();
    const { info } = await startHub(place);
    mkdirSync(join(place.repo, 'src'));
    const worktree = join(tempDir(), 'tree');
    await git(place.repo, 'worktree', 'add', '--quiet', '-b', 'topic', worktree);
    const { env } = place;
    for (const [cwd, ...args] of [
      [join(place.repo, 'src')],
      [worktree],
      ['/', '--repo', worktree],
    ] as const) {
      const { stdout } = await runCli(['status', '--json', ...args], { cwd, env });
      expect(JSON.parse(stdout), cwd).toMatchObject({ pid: info.pid, repo: place.repo });
    }
  });
});

describe('eval and lua', () => {
  it('print the returned values as one line of JSON', async () => {
    const place = await makePlace();
    await startHub(place);
    const cases: [string[], string | undefined, string][] = [
      [['eval', 'return 1, "two", {3, x = 4 ~= 4}'], undefined, '[1,"two",'],
      [['eval', 'local n = 0 for i = 1, 10 do n = n + i end return n'], undefined, '[55]\n'],
      [['eval', 'return'], undefined, '[]\n'],
      [['eval', 'return ...', 'a', '--b', '-c'], undefined, '["a","--b","-c"]\n'],
      [['eval', '-'], 'return "é\\n"\n', '["é\\n"]\n'],
      [['eval', '--', '-- a comment\nreturn 1'], undefined, '[1]\n'],
    ];
    for (const [args, input, output] of cases) {
      const { code, stdout, stderr } = await runCli(args, {
        cwd: place.repo,
        env: place.env,
        ...(input === undefined ? {} : { input }),
      });
      expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' });
      expect(stdout.slice(0, output.length), args.join(' ')).toBe(output);
      expect(stdout.match(/\n/g)).toHaveLength(1);
    }
  });

  it('a Lua error prints its traceback and exits 1', async () => {
    const place = await makePlace();
    await startHub(place);
    writeFileSync(join(place.repo, 'bad.lua'), '-- one\nlocal function inner() error("boom") end\ninner()\n');
    const thrown = await place.run('lua', 'bad.lua');
    expect(thrown).toMatchObject({ code: 1, stdout: '' });
    expect(thrown.stderr).toContain('bad.lua:2: boom\n');
    expect(thrown.stderr).toContain('stack traceback:');
    const syntax = await place.run('eval', 'return return');
    expect(syntax).toMatchObject({ code: 1, stdout: '' });
    expect(syntax.stderr).toContain("near 'return'");
    expect((await place.run('eval', 'return 1')).stdout).toBe('[1]\n');
  });

  it('a file has its arguments as ... and arg, and may begin with #!', async () => {
    const place = await makePlace();
    await startHub(place);
    writeFileSync(join(place.repo, 'f.lua'), '#!/usr/bin/env botster\nreturn arg[0], #arg, arg[2], ...\n');
    expect(await place.run('lua', 'f.lua', 'a b', '--x')).toMatchObject({
      code: 0,
      stdout: '["f.lua",2,"--x","a b","--x"]\n',
    });
    expect(await place.run('lua', 'missing.lua')).toMatchObject({
      code: 1,
      stderr: 'botster: Cannot read missing.lua: there is no such file.\n',
    });
  });

  it('a client that leaves in the middle disturbs nobody', async () => {
    const place = await makePlace();
    const { info } = await startHub(place);
    const client = await SocketClient.greet(info.socket);
    const params = {
      code: 'local t = os.clock() while os.clock() - t < 0.3 do end return 1',
      chunk_name: '=x',
      args: [],
    };
    client.say({ type: 'request', id: 1, method: 'eval', params });
    client.say({ type: 'request', id: 2, method: 'status', params: {} });
    await client.hear('response');
    client.socket.destroy();
    expect((await place.run('eval', 'return 2')).stdout).toBe('[2]\n');
  });

  it('ends with a reason when the hub goes away', async () => {
    const place = await makePlace();
    const { process: hub } = await startHub(place);
    const code = 'log.info("begun") local t = os.clock() while os.clock() - t < 10 do end';
    const waiting = place.spawn('eval', code);
    await hub.said('stderr', /begun/);
    hub.child.kill('SIGKILL');
    expect(await waiting.done).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'botster: The hub closed the connection before it answered.\n',
    });
    await hub.done;
  });
});

describe('logs', () => {
  it('shows what the hub wrote, follows it, and outlives it', async () => {
    const place = await makePlace();
    const { info } = await startHub(place);
    const follower = place.spawn('logs', '--follow');
    await follower.said('stdout', /ready/);
    await place.run('eval', 'log.warn("from lua")');
    await follower.said('stdout', /WARN .*from lua/);
    follower.child.kill('SIGINT');
    await follower.done;
    await place.run('stop');
    const json = await place.run('logs', '--json', '--level', 'warn');
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', msg: 'from lua' }));
    expect(lines.filter(({ level }) => level === 'info')).toEqual([]);
    const file = readFileSync(join(place.dataDir, 'hubs', info.hub_id, 'hub.log'), 'utf8');
    expect((await place.run('logs', '--json', '-n', '1000')).stdout).toBe(file);
  });
});

describe('doctor', () => {
  it('finds nothing wrong where the tests run, in and outside of a repository', async () => {
    const place = await makePlace();
    const inside = await place.run('doctor', '--json');
    expect(inside).toMatchObject({ code: 0, stderr: '' });
    const { ok, checks } = JSON.parse(inside.stdout);
    expect(ok).toBe(true);
    expect(checks.length).toBeGreaterThan(9);
    const outside = await runCli(['doctor'], { cwd: tempDir(), env: place.env });
    expect(outside.code).toBe(0);
    expect(outside.stdout).toContain('warn  repository');
    expect(outside.stdout).toContain('Botster can run here.');
  });

  it('exits 1 when something is wrong, and says how to fix it', async () => {
    const place = await makePlace({ PATH: tempDir() });
    const { code, stdout } = await place.run('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}git /m);
    expect(stdout).toContain('Fix: Debian: sudo apt install git');
  });
});

it('a hub goes on when nobody reads its output', async () => {
  const place = await makePlace();
  const hub = place.spawn('start');
  hub.child.stdout!.destroy();
  await hub.said('stderr', /ready/);
  expect((await place.run('eval', 'return 1')).stdout).toBe('[1]\n');
  hub.child.kill('SIGTERM');
  expect(await hub.done).toMatchObject({ code: 0 });
});

it('output that nobody reads any more is no error', async () => {
  const place = await makePlace();
  await startHub(place);
  const follower = place.spawn('logs', '--follow');
  await follower.said('stdout', /ready/);
  follower.child.stdout!.destroy();
  await place.run('eval', 'log.info("one")');
  expect(await follower.done).toMatchObject({ code: 0, stderr: '' });
});
