/** `botster session ...` on real sessions of a real hub. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SessionRecord } from '../../protocol/session.js';
import { makePlace, type Place, runCli, startHub } from '../support/hub-process.js';
import { until } from '../support/until.js';

async function hubPlace(): Promise<Place> {
  const place = await makePlace();
  await startHub(place);
  return place;
}

async function spawnSession(place: Place, config: string): Promise<string> {
  const { stdout, stderr } = await place.run('eval', `return assert(pty.spawn{ ${config} }).uuid`);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as [string])[0];
}

const spawnShell = (place: Place) =>
  spawnSession(place, 'cmd = "/bin/sh", name = "shell", env = { PS1 = "ready> ", ENV = false }');

/** A script of node that gets raw bytes and may say things. */
function spawnNode(place: Place, name: string, script: string): Promise<string> {
  const file = join(place.repo, `${name}.mjs`);
  writeFileSync(file, script);
  return spawnSession(place, `cmd = "${process.execPath}", args = { "${file}" }, name = "${name}"`);
}

/** Whether so many clients receive it. */
async function attachedTo(place: Place, id: string, clients: number): Promise<boolean> {
  const { stdout } = await place.run('session', 'list', '--json');
  return (JSON.parse(stdout) as SessionRecord[]).some(
    ({ name, attached }) => name === id && attached === clients,
  );
}

const withInput = (place: Place, input: string | Uint8Array, ...args: string[]) =>
  runCli(args, { cwd: place.repo, env: place.env, input });

describe('without sessions', () => {
  it('says how to start one', async () => {
    const place = await hubPlace();
    expect(await place.run('session', 'list', '--json')).toMatchObject({
      code: 0,
      stdout: '[]\n',
      stderr: '',
    });
    expect(await place.run('session', 'list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No session runs. Start one with "botster agent new".\n',
    });
    for (const args of [
      ['send', 'x', 'y'],
      ['screen', 'x'],
      ['log', 'x'],
      ['wait', 'x'],
      ['kill', 'x'],
    ]) {
      const { code, stderr } = await place.run('session', ...args);
      expect(code, args.join(' ')).toBe(1);
      expect(stderr, args.join(' ')).toContain('botster agent new');
    }
  });

  it('a hub has to run', async () => {
    const place = await makePlace();
    expect(await place.run('session', 'list')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('botster start'),
    });
  });
});

describe('scripts', () => {
  it('send, wait for, look at, and end a session', async () => {
    const place = await hubPlace();
    const uuid = await spawnShell(place);
    expect(await place.run('session', 'wait', 'shell', '--match', '^ready>')).toMatchObject({
      code: 0,
      stdout: 'ready>\n',
    });
    await place.run('session', 'send', uuid.slice(0, 6), 'printf', '%s\\\\n', 'sum=$((20+22))', '--enter');
    expect(await place.run('session', 'wait', uuid, '--match', 'sum=\\d+')).toMatchObject({
      stdout: 'sum=42\n',
    });
    await place.run('session', 'wait', uuid, '--idle', '0.3');
    const screen = JSON.parse((await place.run('session', 'screen', 'shell', '--json')).stdout);
    expect(screen).toMatchObject({ rows: 24, cols: 80, cursor: { row: 2, col: 7, visible: true } });
    expect(screen.text).toMatch(/\nsum=42\nready>/);

    await place.run('session', 'rename', 'shell', 'other');
    const listed = await place.run('session', 'list');
    expect(listed.stdout).toMatch(
      new RegExp(`^ID +NAME.*\\n${uuid.slice(0, 8)}  other  (busy|idle) +80x24 .* /bin/sh\\n$`),
    );

    // The wait is there before the end.
    const waiting = place.spawn('session', 'wait', 'other');
    await place.run('session', 'send', 'other', 'exit 3', '--enter');
    expect(await waiting.done).toMatchObject({ code: 0, stdout: '3\n' });
    expect(await place.run('session', 'wait', 'other')).toMatchObject({ code: 0, stdout: '3\n' });
    expect(await place.run('session', 'list', '--json')).toMatchObject({ stdout: '[]\n' });
    expect((await place.run('session', 'list', '--all')).stdout).toContain('exited with 3');
    expect((await place.run('session', 'screen', uuid)).stdout).toContain('sum=42');
    expect(await place.run('session', 'send', uuid, 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has ended'),
    });
  });

  it('a wait that is in vain says so: with 5 in time, with 1 when the session ends', async () => {
    const place = await hubPlace();
    await spawnSession(place, 'cmd = "/bin/cat", name = "cat"');
    expect(await place.run('session', 'wait', 'cat', '--match', 'never', '--timeout', '0.3')).toMatchObject({
      code: 5,
      stderr: 'botster: The session did not show never within 0.3 s.\n',
    });
    expect(await place.run('session', 'wait', 'cat', '--timeout', '0.2')).toMatchObject({ code: 5 });
    const inVain = [
      ['--idle', '600'],
      ['--match', 'never'],
    ].map((args) => place.spawn('session', 'wait', 'cat', ...args));
    await until(async () => attachedTo(place, 'cat', 2));
    await place.run('session', 'kill', 'cat');
    for (const { done } of inVain) {
      const { code, stderr } = await done;
      expect([code, stderr]).toEqual([1, expect.stringMatching(/The session cat .* before that/)]);
    }
  });

  it('a wait for nothing that can be is wrong usage', async () => {
    const place = await makePlace();
    expect(await place.run('session', 'wait', 'cat', '--match', '(')).toMatchObject({ code: 2 });
    expect(await place.run('session', 'wait', 'cat', '--exit', '--idle', '1')).toMatchObject({ code: 2 });
  });

  it('--match sees what is printed piece by piece, in colours, and what only the screen shows', async () => {
    const place = await hubPlace();
    await spawnNode(
      place,
      'speaker',
      `process.stdin.setRawMode(true);
       process.stdin.on('data', async (data) => {
         const say = String(data) === '1' ? ['list\\x1b[3', '2mening\\x1b[m on p', 'ort 80'] : ['\\x1b[10;20Hne', '\\x1b[10;16Hmid', '\\x1b[10;1Hcorner'];
         for (const text of say) await new Promise((done) => process.stdout.write(text, done));
       });
       console.log('go');`,
    );
    await place.run('session', 'wait', 'speaker', '--match', 'go');
    const printed = place.spawn(
      'session',
      'wait',
      'speaker',
      '--match',
      'listening on port \\d+',
      '--timeout',
      '10',
    );
    await place.run('session', 'send', 'speaker', '1');
    expect(await printed.done).toMatchObject({ code: 0, stdout: 'listening on port 80\n' });
    const shown = place.spawn('session', 'wait', 'speaker', '--match', 'corner +mid ne', '--timeout', '10');
    await place.run('session', 'send', 'speaker', '2');
    expect(await shown.done).toMatchObject({ code: 0, stdout: 'corner         mid ne\n' });
  });

  it('what is typed arrives byte for byte; text of many lines as a paste where that is wanted', async () => {
    const place = await hubPlace();
    await spawnNode(
      place,
      'reader',
      `process.stdin.setRawMode(true);
       let got = '';
       process.stdin.on('data', (data) => {
         got += data.toString('latin1');
         if (!got.endsWith('.') && !got.endsWith('\\x18\\r')) return;
         process.stdout.write('\\x1b[?2004h\\r\\ngot ' + Buffer.from(got, 'latin1').toString('hex') + ';');
         got = '';
       });
       console.log('go');`,
    );
    await place.run('session', 'wait', 'reader', '--match', 'go');
    const got = async (hexDigits: number): Promise<string> => {
      const pattern = `[0-9a-f]{${hexDigits}};`;
      const { stdout } = await place.run('session', 'wait', 'reader', '--match', pattern, '--timeout', '5');
      return Buffer.from(stdout.trim().slice(0, -1), 'hex').toString();
    };
    const plain = 'one\ntwo\u00e9\n\u001b[A\u0003.';
    await withInput(place, 'one\ntwo\u00e9\n', 'session', 'send', 'reader', '-', '--keys', 'up,ctrl-c,.');
    expect(await got(2 * Buffer.byteLength(plain))).toBe(plain);
    const paste = '\u001b[200~one\rtwo\u001b[201~\u0018\r';
    await withInput(place, 'one\ntwo\n', 'session', 'send', 'reader', '-', '--keys', 'ctrl-x', '--enter');
    expect(await got(2 * Buffer.byteLength(paste))).toBe(paste);
  });

  it('the log has every byte, whole or from an offset, and can be followed', async () => {
    const place = await hubPlace();
    await spawnNode(
      place,
      'writer',
      `process.stdin.setRawMode(true);
       process.stdin.on('data', (data) => {
         if (String(data) === 'q') process.exit(4);
         for (let i = 0; i < 60_000; i++) process.stdout.write('\\x1b[3' + (i % 8) + 'm' + i + ' abcdefghijklmnopqrstuvwxyz\\n');
         process.stdout.write('end of it');
       });
       process.stdout.write('begin\\n');`,
    );
    await place.run('session', 'wait', 'writer', '--match', 'begin');
    const follow = place.spawn('session', 'log', 'writer', '--follow');
    const late = place.spawn('session', 'log', 'writer', '--follow', '--since', '6');
    await follow.said('stdout', /begin/);
    await place.run('session', 'send', 'writer', 'x');
    await place.run('session', 'wait', 'writer', '--match', 'end of it');
    await place.run('session', 'send', 'writer', 'q');
    const whole = (await place.run('session', 'log', 'writer')).stdout;
    expect(whole.length).toBeGreaterThan(2_000_000);
    expect([whole.slice(0, 6), whole.slice(-9)]).toEqual(['begin\r', 'end of it']);
    const followed = await follow.done;
    expect([followed.code, followed.stderr]).toEqual([0, '']);
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(hash(followed.stdout)).toBe(hash(whole));
    expect(hash((await late.done).stdout)).toBe(hash(whole.slice(6)));
    expect(hash((await place.run('session', 'log', 'writer', '--since', '1000000')).stdout)).toBe(
      hash(whole.slice(1_000_000)),
    );
  });
});
