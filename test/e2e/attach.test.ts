/** `botster attach` in a real terminal, on real sessions of a real hub. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makePlace, type Place, runCli, startHub } from '../support/hub-process.js';
import { ptyCli } from '../support/pty-cli.js';
import { until } from '../support/until.js';

const DETACH = '\u001c\u001c';
const PLAIN = {
  applicationCursorKeysMode: false,
  bracketedPasteMode: false,
  mouseTrackingMode: 'none',
  originMode: false,
  sendFocusMode: false,
  wraparoundMode: true,
};

async function spawnSession(place: Place, config: string): Promise<string> {
  const { stdout, stderr } = await place.run('eval', `return assert(pty.spawn{ ${config} }).uuid`);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as [string])[0];
}

/** A hub, and a session of a shell that prints `ready>` when it waits. */
async function placeWithShell() {
  const place = await makePlace();
  const hub = await startHub(place);
  const uuid = await spawnSession(
    place,
    `cmd = "/bin/sh", name = "shell", env = { PS1 = "ready> ", ENV = false }`,
  );
  expect(await place.run('session', 'wait', uuid, '--match', 'ready>')).toMatchObject({ code: 0 });
  return { place, hub, uuid };
}

/** A session that runs a script of node. */
async function spawnNode(place: Place, name: string, script: string): Promise<string> {
  const file = join(place.repo, `${name}.mjs`);
  writeFileSync(file, script);
  return await spawnSession(place, `cmd = "${process.execPath}", args = { "${file}" }, name = "${name}"`);
}

async function screenOf(place: Place, id: string): Promise<string> {
  return (await place.run('session', 'screen', id)).stdout;
}

describe('in a terminal', () => {
  it('shows the session, takes keys, and gives the terminal back', async () => {
    const { place, uuid } = await placeWithShell();
    const client = ptyCli(place, ['attach']);
    client.terminal.write('what was there before\r\n');
    await client.shows(/ready>(.|\n)*attached to shell; Ctrl-\\ Ctrl-\\ detaches/);
    client.type('echo one $((1 + 1)); tty -s && echo terminal\r');
    expect(await client.shows(/one 2\nterminal\nready>/)).not.toContain('attached to');
    client.type(DETACH);
    expect(await client.exited).toEqual({ code: 0 });
    expect(client.lines()[0]).toBe('what was there before');
    expect(client.lines().at(-1)).toBe('[detached from shell; come back with: botster attach shell]');
    // The session goes on, and got nothing that nobody typed.
    expect(await screenOf(place, uuid)).toMatch(/^ready> echo one .*\none 2\nterminal\nready>\s*$/);
  });

  it('ends with the session, and its status', async () => {
    const { place, uuid } = await placeWithShell();
    const client = ptyCli(place, ['attach', uuid.slice(0, 8)]);
    await client.shows(/ready>/);
    client.type('exit 7\r');
    expect(await client.exited).toEqual({ code: 7 });
    expect(client.lines().at(-1)).toBe('[shell exited with 7]');

    const other = await spawnSession(place, 'cmd = "/bin/cat"');
    const killed = ptyCli(place, ['attach']);
    await killed.shows(/attached to/);
    await place.run('session', 'kill', other, '--signal', 'TERM');
    expect(await killed.exited).toEqual({ code: 143 });
    expect(killed.lines().at(-1)).toBe(`[${other.slice(0, 8)} ended by SIGTERM]`);
    // It has ended: there is nothing to attach to, and both say where its output is.
    for (const args of [[other], []]) {
      const { code, stderr } = await place.run('attach', ...args);
      expect([code, stderr]).toEqual([2, expect.stringContaining('attach needs a terminal')]);
    }
    const ended = ptyCli(place, ['attach', other]);
    expect(await ended.exited).toEqual({ code: 1 });
    expect(ended.lines().join('')).toContain(`botster session log ${other.slice(0, 8)}`);
  });

  it('the program is answered once, by the host', async () => {
    const { place } = await placeWithShell();
    await spawnNode(
      place,
      'asker',
      `process.stdin.setRawMode(true);
       let got = '';
       process.stdin.on('data', (data) => {
         if (String(data) === 'q') { console.log(JSON.stringify(got) + ' all'); process.exit(); }
         got += data;
         if (String(data) === 'a') { got = ''; process.stdout.write('\\x1b[2;3H\\x1b[6n\\x1b[5n\\x1b[c'); }
       });
       console.log('go');`,
    );
    const client = ptyCli(place, ['attach', 'asker']);
    await client.shows(/go/);
    client.type('a');
    // The answers were typed by the host before what is typed after they were seen there.
    await until(async () => (await place.run('session', 'log', 'asker')).stdout.includes('\u001b[c'));
    client.type('q');
    const screen = await client.shows(/all/);
    expect(screen).toMatch(/"\\u001b\[2;3R\\u001b\[0n\\u001b\[\?[\d;]+c" all/);
    expect(client.answers).toEqual([]);
    await client.exited;
  });

  it('a line feed of a program in raw mode is no new line', async () => {
    const { place } = await placeWithShell();
    await spawnSession(
      place,
      `cmd = "/bin/sh", args = { "-c", "stty raw -echo; printf 'ab\\ncd'; cat" }, name = "raw"`,
    );
    const client = ptyCli(place, ['attach', 'raw']);
    await client.shows(/^ab\n {2}cd\n/);
    client.type('x');
    client.type('\n');
    client.type('y');
    await client.shows(/^ab\n {2}cdx\n {5}y/);
    client.type(DETACH);
    await client.exited;
  });

  it('leaves no mode of the program behind', async () => {
    const { place } = await placeWithShell();
    const modes = [
      '?1049h',
      '?1003;1006h',
      '?2004h',
      '?25l',
      '?1h',
      '?7l',
      '?1004h',
      '5;10r',
      '>5u',
      '4 q',
      '31;7m',
    ];
    await spawnNode(
      place,
      'full',
      `process.stdin.setRawMode(true); process.stdin.on('data', () => {});
       process.stdout.write('main screen\\r\\n${modes.map((mode) => `\\x1b[${mode}`).join('')}\\x1b[3;3Hfull screen\\x1b]0;their title\\x07');`,
    );
    const titles: string[] = [];
    const client = ptyCli(place, ['attach', 'full']);
    client.terminal.onTitleChange((title) => void titles.push(title));
    await client.shows(/full screen/);
    expect(client.terminal.buffer.active.type).toBe('alternate');
    expect(client.terminal.modes).toMatchObject({ mouseTrackingMode: 'any', bracketedPasteMode: true });
    client.type('x');
    client.type(DETACH);
    expect(await client.exited).toEqual({ code: 0 });
    expect(client.terminal.buffer.active.type).toBe('normal');
    expect(client.terminal.modes).toMatchObject(PLAIN);
    expect(client.raw().lastIndexOf('\u001b[<99u')).toBeGreaterThan(client.raw().lastIndexOf('full screen'));
    expect(titles).toContain('their title');
    expect(client.lines().at(-1)).toMatch(/^\[detached from full/);
    // Nothing of the program's style or margins is on what is written next.
    client.terminal.write(`${'\n'.repeat(30)}plain`);
    await new Promise<void>((resolve) => client.terminal.write('', resolve));
    const cell = client.terminal.buffer.active.getLine(client.terminal.buffer.active.baseY + 23)?.getCell(1);
    expect([cell?.isInverse(), cell?.isFgDefault()]).toEqual([0, true]);
  });

  it('other keys detach, and the keys by default are typed then', async () => {
    const { place } = await placeWithShell();
    const client = ptyCli(place, ['attach', '--detach-keys', 'ctrl-p,x']);
    await client.shows(/Ctrl-p x detaches/);
    client.type('\u0010');
    client.type('y');
    client.type('echo typed\r');
    await client.shows(/typed\n/);
    client.type('\u0010x');
    expect(await client.exited).toEqual({ code: 0 });
  });

  it('with --view-only nothing reaches the session', async () => {
    const { place, uuid } = await placeWithShell();
    const client = ptyCli(place, ['attach', '--view-only'], { rows: 24, cols: 80 });
    await client.shows(/viewing shell/);
    client.type('echo no\r');
    await place.run('session', 'send', uuid, 'echo yes', '--enter');
    await client.shows(/yes\nready>/);
    client.type(DETACH);
    await client.exited;
    expect(await screenOf(place, uuid)).not.toContain('no');
  });
});

describe('sizes', () => {
  it('the session takes the size of who types; the other sees what fits', async () => {
    const { place, uuid } = await placeWithShell();
    const size = async (): Promise<string> => {
      const { stdout } = await place.run('session', 'screen', uuid, '--json');
      const { rows, cols } = JSON.parse(stdout) as { rows: number; cols: number };
      return `${cols}x${rows}`;
    };
    const small = ptyCli(place, ['attach'], { rows: 20, cols: 60 });
    await small.shows(/ready>/);
    expect(await size()).toBe('60x20');
    small.resize(22, 70);
    await until(async () => (await size()) === '70x22');

    const big = ptyCli(place, ['attach'], { rows: 40, cols: 120 });
    await big.shows(/ready>/);
    await until(async () => (await size()) === '120x40');
    await small.shows(/ready>(.|\n)*the session is 120x40; type to make it fit/);
    big.type(`echo ${'x'.repeat(100)}\r`);
    await small.shows(/x{60}/);
    // Typing takes it back, the key included.
    small.type('echo small\r');
    await small.shows(/small\nready>/);
    expect(await size()).toBe('70x22');
    await big.shows(/the session is 70x22/);
    for (const client of [small, big]) client.type(DETACH);
    await Promise.all([small.exited, big.exited]);
  });
});

describe('when the hub dies', () => {
  it('says so, and goes on at the same byte when it is back', async () => {
    const { place, hub } = await placeWithShell();
    await spawnNode(
      place,
      'counter',
      `let n = 0;
       process.stdin.setRawMode(true);
       process.stdin.on('data', () => { console.log('end of ' + n); clearInterval(timer); });
       const timer = setInterval(() => { for (let i = 0; i < 3; i++) console.log('line ' + ++n); }, 10);`,
    );
    const client = ptyCli(place, ['attach', 'counter']);
    await client.shows(/line \d\d\d/);
    hub.process.child.kill('SIGKILL');
    await client.shows(/the hub is gone, the session is not/);
    await startHub(place);
    await client.shows(/^line \d\d\d(.|\n)*line \d\d\d\d/);
    client.type('.');
    await client.shows(/end of \d+/);
    client.type(DETACH);
    expect(await client.exited).toEqual({ code: 0 });
    const lines = client.lines();
    const numbers = lines.flatMap((line) => /^line (\d+)$/.exec(line)?.[1] ?? []).map(Number);
    const [first = 0] = numbers;
    const last = Number(/end of (\d+)/.exec(lines.join('\n'))?.[1]);
    expect(numbers).toEqual(Array.from({ length: last - first + 1 }, (_, index) => first + index));
    expect(lines.join('\n')).not.toContain('the hub is gone');
  });

  it('shows a session that took on another size meanwhile as far as it fits', async () => {
    const { place, hub, uuid } = await placeWithShell();
    const client = ptyCli(place, ['attach']);
    await client.shows(/ready>/);
    process.kill(client.pid, 'SIGSTOP');
    hub.process.child.kill('SIGKILL');
    await startHub(place);
    await place.run('eval', `return assert(pty.get("${uuid}"):resize(10, 50))`);
    process.kill(client.pid, 'SIGCONT');
    await client.shows(/the session is 50x10/);
  });

  it('can be left meanwhile', async () => {
    const { place, hub, uuid } = await placeWithShell();
    const client = ptyCli(place, ['attach']);
    await client.shows(/ready>/);
    hub.process.child.kill('SIGKILL');
    await client.shows(/the hub is gone/);
    client.type('echo lost\r');
    client.type(DETACH);
    expect(await client.exited).toEqual({ code: 0 });
    await startHub(place);
    expect(await screenOf(place, uuid)).toMatch(/^ready>\s*$/);
  });
});

describe('which session', () => {
  it('none, several, itself, or no terminal', async () => {
    const { place, uuid } = await placeWithShell();
    expect(await place.run('attach')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('session log --follow'),
    });
    await spawnSession(place, 'cmd = "/bin/cat", name = "other"');
    const several = ptyCli(place, ['attach']);
    expect(await several.exited).toEqual({ code: 2 });
    expect(several.lines().join('\n')).toMatch(
      /2 sessions run; say which:\n {2}botster attach [0-9a-f]{8} {3}shell\n/,
    );

    const inside = ptyCli(place, ['attach', 'shell'], { env: { BOTSTER_SESSION_UUID: uuid } });
    expect(await inside.exited).toEqual({ code: 2 });
    expect(inside.lines().join('')).toContain('This terminal is that session');

    for (const id of ['shell', 'other']) await place.run('session', 'kill', id);
    const none = ptyCli(place, ['attach']);
    expect(await none.exited).toEqual({ code: 1 });
    expect(none.lines().join('')).toContain('botster agent new');
    expect(await runCli(['attach'], { cwd: place.repo, env: place.env })).toMatchObject({ code: 2 });
  });
});
