/** `pty` as plugins use it, with a real session host. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RealClock } from '../../../base/real-clock.js';
import { Hub } from '../../../hub/hub.js';
import { WorkerThread } from '../../../hub/worker-thread.js';
import { hostConfigOf } from '../../../primitives/pty/host-config.js';
import { hostPid } from '../../support/end-host.js';
import { FakeSessionHost } from '../../support/fake-session-host.js';
import { isAlive } from '../../support/hub-process.js';
import { type LuaHost, openLuaHost } from '../../support/lua-host.js';
import { MemoryLog } from '../../support/memory-log.js';
import { until } from '../../support/until.js';

const sh = (script: string, more = '') =>
  `pty.spawn{ cmd = "sh", args = { "-c", [==[${script}]==] }, ${more} }`;

/** Waits until the global `session` shows the text. */
async function shows(run: LuaHost['run'], text: string): Promise<void> {
  await until(async () => String((await run('return session:screen()'))[0]).includes(text));
}

describe('a session', () => {
  it('is started, typed into, looked at, resized, killed and forgotten', async () => {
    const { run } = openLuaHost();
    await run(
      `session = assert(${sh('echo ready; exec cat', 'name = "demo", rows = 10, cols = 40, meta = { a = { 1, 2 } }')})`,
    );
    expect(
      await run('return session.uuid, session:is_alive(), session:port(), session:dimensions()'),
    ).toEqual([expect.stringMatching(/^[0-9a-f]{8}-/), true, undefined, 10, 40]);
    await shows(run, 'ready');
    expect(await run('return session:write("typed\\r")')).toEqual([true]);
    await shows(run, 'typed\ntyped');
    expect(await run('return session:screen()')).toEqual([expect.stringMatching(/^ready\ntyped\ntyped\n*$/)]);
    expect(await run('return session:resize(20, 60), session:dimensions()')).toEqual([true, 20, 60]);
    const [info] = await run('return session:info()');
    expect(info).toMatchObject({
      name: 'demo',
      state: 'running',
      rows: 20,
      size_policy: 'pinned',
      meta: { a: [1, 2] },
    });
    expect(await run('return #pty.list(), pty.get(session.uuid:sub(1, 8)) == session')).toEqual([1, true]);
    expect(await run('return session:last_output_at() <= os.time() + 1')).toEqual([true]);
    expect(await run('return session:kill()')).toEqual([true]);
    const { pid } = info as { pid: number };
    expect(isAlive(pid)).toBe(false);
    expect(
      await run('return session:is_alive(), session:info().state, session:info().exit.signal ~= nil'),
    ).toEqual([false, 'exited', true]);
    expect(await run('return session:kill()')).toEqual([true]);
    expect(await run('return pty.remove(session.uuid), #pty.list()')).toEqual([true, 0]);
    expect(await run('return session:is_alive(), session:dimensions()')).toEqual([false]);
  });

  it('has its default: the shell, in the repository', async () => {
    const { run, identity } = openLuaHost();
    const [info] = await run('return assert(pty.spawn{}):info()');
    expect(info).toMatchObject({ start_dir: identity.repoRoot, rows: 24, cols: 80, meta: {} });
  });

  it('gets the environment', async () => {
    const { run } = openLuaHost();
    await run(
      `session = assert(${sh('echo "$PORT/$A/[$HOME]/$TERM/$BOTSTER_X/$PWD"; exec cat', 'cwd = "/", port = 4711, env = { A = 1, HOME = false, BOTSTER_X = "x" }')})`,
    );
    await shows(run, '/');
    expect(await run('return session:screen(), session:port()')).toEqual([
      expect.stringContaining('4711/1/[]/xterm-256color/x//'),
      4711,
    ]);
  });

  it('outlives the engine that started it', async () => {
    const { run, hub } = openLuaHost();
    const engine = hub.openEngine({ name: 'short', moduleRoots: [] });
    const [uuid] = (await engine.load(`return assert(pty.spawn{ cmd = "cat" }).uuid`, '=short')) as [string];
    engine.dispose();
    expect(await run('return pty.get(...):is_alive()', uuid)).toEqual([true]);
  });

  it('changes name and meta', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local session = assert(pty.spawn{ cmd = "cat", meta = { a = 1, b = 2 } })
        assert(session:update{ name = "x", meta = { b = 3, c = { d = "e" } } })
        local info = session:info()
        local codes = {}
        local function note(_, err) codes[#codes + 1] = err and err.code or "none" end
        note(session:update{ meta = { f = ("x"):rep(100000) } })
        note(session:update{ meta = { f = ("x"):rep(40000) } })
        note(session:update{ meta = { g = ("x"):rep(40000) } })
        session:kill{ grace = 0 }
        note(session:update{ name = "after" })
        return info.name, info.meta, codes, session:info().name`),
    ).toEqual([
      'x',
      { a: 1, b: 3, c: { d: 'e' } },
      ['pty.bad_config', 'none', 'session.meta_too_large', 'none'],
      'after',
    ]);
  });

  it('gets a signal', async () => {
    const { run } = openLuaHost();
    await run(`session = assert(${sh('trap "echo caught" USR1; echo up; while :; do sleep 0.05; done')})`);
    await shows(run, 'up');
    expect(await run('return session:kill{ signal = "USR1" }')).toEqual([true]);
    await shows(run, 'caught');
    expect(await run('return session:is_alive(), session:kill{ grace = 0 }')).toEqual([true, true]);
  });

  it('takes megabytes, in order', async () => {
    const { run } = openLuaHost();
    await run(`session = assert(${sh('stty raw -echo; echo up; head -c 3000000 | cksum; exec cat')})`);
    await shows(run, 'up');
    await run(`
      local parts = {}
      for n = 1, 300000 do parts[n] = ("%09d\\n"):format(n) end
      assert(session:write(table.concat(parts)))`);
    const sum = checksum();
    await shows(run, sum);
  });
});

describe('every call that waits', () => {
  it('takes a callback', async () => {
    const { run } = openLuaHost();
    const [results] = await run(`
      local done = {}
      local function step(name) return function(value, err) done[#done + 1] = name .. " " .. type(value) .. " " .. tostring(err and err.code) end end
      pty.spawn({ cmd = "cat" }, function(session, err)
        done[#done + 1] = "spawn " .. type(session.uuid)
        session:screen(step "screen")
        session:screen({ scrollback = 1 }, step "screen")
        session:resize(5, 5, step "resize")
        session:update({ name = "x" }, step "update")
        pty.remove(session.uuid, step "remove")
        session:kill({ grace = 0 }, step "kill")
      end)
      pty.spawn({ cmd = "/no/such" }, step "missing")
      while #done < 8 do timer.sleep(0.01) end
      table.sort(done)
      return done`);
    expect(results).toEqual([
      'kill boolean nil',
      'missing nil session.command_not_found',
      'remove nil session.running',
      'resize boolean nil',
      'screen string nil',
      'screen string nil',
      'spawn string',
      'update boolean nil',
    ]);
  });
});

describe('failures', () => {
  it('to start', async () => {
    const { run, identity } = openLuaHost();
    writeFileSync(join(identity.dataDir, 'config.json'), '{"max_sessions": 2}');
    mkdirSync(join(identity.repoRoot, 'closed'));
    chmodSync(join(identity.repoRoot, 'closed'), 0o000);
    const code = async (config: string) =>
      (await run(`local session, err = pty.spawn(${config}) return err and err.code`))[0];
    expect(await code('{ cmd = "no-such-command" }')).toBe('session.command_not_found');
    expect(await code('{ cwd = "missing" }')).toBe('session.bad_cwd');
    expect(await code('{ env = { A = "x\\0y" } }')).toBe('session.bad_env');
    expect(await code('{ env = { ["A=B"] = "x" } }')).toBe('session.bad_env');
    expect(await code('{ env = { A = true } }')).toBe('pty.bad_config');
    expect(
      await code(
        '{ args = { ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000), ("x"):rep(100000) } }',
      ),
    ).toBe('pty.bad_config');
    const uuid = '01234567-89ab-cdef-0123-456789abcdef';
    expect(await code(`{ cmd = "cat", uuid = "${uuid}" }`)).toBeUndefined();
    expect(await code(`{ cmd = "cat", uuid = "${uuid}" }`)).toBe('session.exists');
    expect(await code('{ cmd = "cat" }')).toBeUndefined();
    expect(await code('{ cmd = "cat" }')).toBe('session.limit');
    expect(await run(`return pty.get("${uuid}"):is_alive()`)).toEqual([true]);
  });

  it('a script that the system refuses', async () => {
    const { run, identity } = openLuaHost();
    const script = join(identity.repoRoot, 'broken');
    writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    const [code, exit] = await run(
      `
      local session, err = pty.spawn{ cmd = ... }
      if not session then return err.code end
      while session:is_alive() do timer.sleep(0.01) end
      return "started", session:info().exit.code`,
      script,
    );
    if (code !== 'session.spawn_failed') expect([code, exit]).toEqual(['started', expect.any(Number)]);
  });

  it('of what has ended, what is not there, what is not clear', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local first = assert(pty.spawn{ cmd = "cat", uuid = "aaaaaaaa-0000-0000-0000-000000000001" })
        local second = assert(pty.spawn{ cmd = "cat", uuid = "aaaaaaaa-0000-0000-0000-000000000002" })
        local codes = {}
        local function note(_, err) codes[#codes + 1] = err and err.code or "none" end
        note(pty.get("aaaa"))
        note(pty.get(""))
        note(pty.get("b"))
        note(pty.remove("aaaa"))
        note(pty.remove(first.uuid))
        first:kill{ grace = 0 }
        note(first:write("x"))
        note(first:resize(5, 5))
        pty.remove(first.uuid)
        note(first:write("x"))
        note(first:kill())
        note(first:resize(1, 1))
        note(first:screen())
        note(first:info())
        note(first:update{})
        note(pty.remove(first.uuid))
        return codes`),
    ).toEqual([
      [
        'session.ambiguous',
        'session.not_found',
        'session.not_found',
        'session.ambiguous',
        'session.running',
        'session.ended',
        'session.ended',
        ...Array<string>(7).fill('session.not_found'),
      ],
    ]);
  });

  it('of methods that are called with a dot', async () => {
    const { failure } = openLuaHost();
    expect((await failure('pty.spawn{ cmd = "cat" }.write("x")')).message).toContain(
      "bad self to 'pty:write' (pty handle expected, got string): call it as handle:write(...)",
    );
  });

  it('more than a session may have waiting is refused at once', async () => {
    const { run, hub } = openLuaHost();
    expect(
      await run(`
        local session = assert(pty.spawn{ cmd = "sleep", args = { "60" } })
        local chunk, accepted = ("x"):rep(1024 * 1024), 0
        local ok, err
        repeat ok, err = session:write(chunk) accepted = accepted + 1 until not ok or accepted > 40
        return err.code, accepted <= 18`),
    ).toEqual(['session.input_full', true]);
    expect(hub.counters.get('pty.input_refused')).toBe(1);
  });
});

describe('ports', () => {
  it('are leased, held until the session starts, and its own from then on', async () => {
    const { run } = openLuaHost();
    const taken = (port: number) =>
      new Promise<boolean>((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(true));
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
      });
    const [port] = (await run('port = assert(pty.lease_port()) return port')) as [number];
    expect(await taken(port)).toBe(true);
    await run(`session = assert(${sh('echo "port $PORT"; exec cat', 'port = port')})`);
    expect(await taken(port)).toBe(false);
    await shows(run, `port ${port}`);
    expect(await run('return session:port(), pty.release_port(port)')).toEqual([port, false]);
    const [own] = (await run(`return assert(pty.spawn{ cmd = "cat", port = true }):port()`)) as [number];
    expect(own).toBeGreaterThanOrEqual(46_000);
    expect(own).not.toBe(port);
  });

  it('are given back by a plugin that ends', async () => {
    const { hub } = openLuaHost();
    const engine = hub.openEngine({ name: 'short', moduleRoots: [] });
    const [port] = (await engine.load('return assert(pty.lease_port())', '=short')) as [number];
    engine.dispose();
    await until(
      () =>
        new Promise<boolean>((resolve) => {
          const server = createServer();
          server.once('error', () => resolve(false));
          server.listen(port, () => server.close(() => resolve(true)));
        }),
    );
  });

  it('are not leased without end', async () => {
    const { run } = openLuaHost();
    expect(
      await run(`
        local count = 0
        while true do
          local port, err = pty.lease_port()
          if not port then return count, err.code end
          count = count + 1
        end`),
    ).toEqual([256, 'pty.no_port']);
  });
});

describe('the session host', () => {
  it('is not started by a hub that starts no session', async () => {
    const { run, hub } = openLuaHost();
    await run('return pty.list(), pty.get("x")');
    expect(hub.status()).toEqual({ sessions: [] });
    expect(Object.keys(hub.metrics().workers)).toEqual([]);
  });

  it('that cannot be started says why', async () => {
    const { run, identity } = openLuaHost();
    chmodSync(identity.stateDir, 0o777);
    expect(await run('local session, err = pty.spawn{ cmd = "cat" } return session, err')).toEqual([
      undefined,
      expect.objectContaining({
        code: 'host.start_failed',
        message: expect.stringContaining('is open to other users'),
      }),
    ]);
  });

  it('of another version is left alone, and the hub goes on without sessions', async () => {
    const { run, hub, log, identity } = openLuaHost();
    const config = hostConfigOf(identity, 10);
    await FakeSessionHost.open({ config, hello: { protocol_version: 99, version: '9.9.9' } });
    expect(await run('local session, err = pty.spawn{ cmd = "cat" } return err.code, pty.list()')).toEqual([
      'host.version_mismatch',
      [],
    ]);
    expect(hub.status().session_host).toMatchObject({
      connected: false,
      sessions: 0,
      error: expect.stringContaining('9.9.9'),
    });
    expect(log.at('error')).toEqual([expect.stringContaining('9.9.9')]);
  });

  it('that runs when a hub starts is adopted before the hub is ready', async () => {
    const { identity, run } = openLuaHost();
    const [uuid] = (await run('return assert(pty.spawn{ cmd = "cat", name = "before" }).uuid')) as [string];
    const log = new MemoryLog();
    const next = new Hub({ identity, log, clock: new RealClock({ unref: true }), quit: () => undefined });
    onTestFinished(async () => {
      next.dispose();
      await next.supervisor.stop();
    });
    await next.start();
    expect(next.status().sessions).toEqual([{ uuid, state: 'running', label: 'before' }]);
  });

  it('that dies takes its sessions with it; that is told, and the next spawn starts another', async () => {
    const { run, hub, identity } = openLuaHost();
    await run(`
      told = {}
      events.on("process_exited", function(data) told[#told + 1] = { data.session_name, data.lost, data.exit_code == nil } end)
      events.on("session_host_lost", function(data) told[#told + 1] = { "host", #data.sessions } end)
      assert(pty.spawn{ cmd = "cat", name = "a" })
      session = assert(pty.spawn{ cmd = "cat", name = "b" })`);
    process.kill(hostPid(identity.stateDir), 'SIGKILL');
    await until(async () => (await run('return #told == 3'))[0] as boolean);
    expect(await run('return told')).toEqual([
      [
        ['a', true, true],
        ['b', true, true],
        ['host', 2],
      ],
    ]);
    expect(await run('return session:is_alive(), session:info().exit.lost')).toEqual([false, true]);
    const [done, err] = await run('return session:write("x")');
    expect([done, err]).toEqual([undefined, expect.objectContaining({ code: 'session.ended' })]);
    expect(hub.status().session_host).toMatchObject({ connected: false, sessions: 0 });
    expect(await run('return assert(pty.spawn{ cmd = "cat" }):is_alive()')).toEqual([true]);
    expect(hub.status().session_host).toMatchObject({ connected: true, sessions: 1, version: '0.0.0-test' });
  });

  it('is adopted again by a worker that died', async () => {
    const { run, hub } = openLuaHost();
    await run(`
      adopted = 0
      events.on("sessions_adopted", function() adopted = adopted + 1 end)
      session = assert(pty.spawn{ cmd = "cat" })`);
    const { pid } = (await run('return session:info()'))[0] as { pid: number };
    // As a fault in the worker would: nothing of it is left.
    const calls = vi.spyOn(WorkerThread.prototype, 'postMessage');
    onTestFinished(() => calls.mockRestore());
    await run('session:screen()');
    (calls.mock.contexts[0] as WorkerThread).close('a fault');
    await until(() => hub.metrics().workers['pty']?.restarts === 1);
    await until(async () => (await run('return adopted == 1'))[0] as boolean);
    expect(await run('return session:is_alive(), session:info().pid, session:screen()')).toEqual([
      true,
      pid,
      expect.any(String),
    ]);
  });
});

describe('facts', () => {
  it('are told under their names', async () => {
    const { run } = openLuaHost();
    await run(`
      told = {}
      for _, name in ipairs{ "session_started", "process_exited", "session_removed", "session_updated", "pty_resized",
        "pty_title_changed", "pty_cwd_changed", "pty_modes_changed", "pty_activity", "pty_bell", "pty_notification",
        "pty_prompt" } do
        events.on(name, function(data) told[name] = told[name] or data end)
      end
      session = assert(${sh(
        String.raw`read x; printf '\033]2;the title\007\033]7;file:///tmp\007\a\033]777;notify;T;B\007\033]133;D;3\007\033[?1h'; read y; exit 7`,
      )})
      session:update{ name = "n" }
      session:resize(7, 70)
      session:write("x\\r")`);
    const waitFor = (name: string) => until(async () => (await run('return told[...]', name))[0] as object);
    const uuid = (await run('return session.uuid'))[0];
    expect(await waitFor('session_started')).toMatchObject({
      session_uuid: uuid,
      session: { uuid, state: 'running' },
    });
    expect(await waitFor('session_updated')).toMatchObject({ session: { name: 'n' } });
    expect(await waitFor('pty_resized')).toEqual({ session_uuid: uuid, rows: 7, cols: 70 });
    expect(await waitFor('pty_title_changed')).toEqual({ session_uuid: uuid, title: 'the title' });
    expect(await waitFor('pty_cwd_changed')).toEqual({ session_uuid: uuid, cwd: '/tmp' });
    expect(await waitFor('pty_bell')).toEqual({ session_uuid: uuid });
    expect(await waitFor('pty_notification')).toEqual({ session_uuid: uuid, title: 'T', body: 'B' });
    expect(await waitFor('pty_prompt')).toEqual({ session_uuid: uuid, mark: 'D', exit_code: 3 });
    expect(await waitFor('pty_modes_changed')).toMatchObject({ modes: { application_cursor: true } });
    expect(await waitFor('pty_activity')).toMatchObject({
      activity: 'busy',
      last_output_at: expect.any(Number),
    });
    expect(await run('local i = session:info() return i.title, i.cwd, i.modes.application_cursor')).toEqual([
      'the title',
      '/tmp',
      true,
    ]);
    await run('session:write("y\\r")');
    expect(await waitFor('process_exited')).toEqual({
      session_uuid: uuid,
      session_name: 'n',
      exit_code: 7,
      lost: false,
    });
    await run('pty.remove(session.uuid)');
    expect(await waitFor('session_removed')).toEqual({ session_uuid: uuid });
  });
});

/** What cksum says of the numbered lines. */
function checksum(): string {
  const lines = Array.from({ length: 300_000 }, (_, n) => `${String(n + 1).padStart(9, '0')}\n`);
  return execFileSync('cksum', { input: lines.join(''), encoding: 'utf8' }).trim();
}
