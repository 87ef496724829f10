/**
 * Real programs, shown by the mirror and by tmux: the same screens, also when the mirror's snapshot takes the place of
 * everything before it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Screen } from '../../../session-host/mirror/screen.js';
import { type Recording, record } from './recording.js';
import { looksOf } from './screen-looks.js';
import { newScreen, snapshotOf } from './screens.js';
import { Tmux } from './tmux.js';

const run = promisify(execFile);
let tmux: Tmux;
let dir: string;

beforeAll(async () => {
  tmux = await Tmux.start();
  dir = await mkdtemp(join(tmpdir(), 'botster-mirror-'));
  const lines = Array.from(
    { length: 120 },
    (_, line) => `${line}\tfunction f${line}(x) { return "é 漢字 — ${'abc'.repeat(line % 30)}"; } // 🚀 ✅`,
  );
  await writeFile(join(dir, 'text.js'), `${lines.join('\n')}\n`);
});

afterAll(async () => {
  await tmux.stop();
  await rm(dir, { recursive: true, force: true });
});

function shown(bytes: Uint8Array, { rows, cols }: Recording): Screen {
  const screen = newScreen({ rows, cols, said: { replies: [], facts: [], counts: [] } });
  screen.write(bytes);
  return screen;
}

/** Compares the screens at the end, and those that go on from snapshots taken anywhere on the way. */
async function compare(recording: Recording, cuts = [Math.random(), Math.random()]): Promise<void> {
  const { bytes } = recording;
  const mirror = shown(bytes, recording);
  const reference = await tmux.show(bytes, recording);
  expect(looksOf(mirror)).toEqual(looksOf(reference));
  for (const cut of cuts) {
    const at = Math.floor(bytes.length * cut);
    const snapshot = snapshotOf(shown(bytes.subarray(0, at), recording));
    const resumed = Buffer.concat([snapshot, bytes.subarray(at)]);
    expect(looksOf(await tmux.show(resumed, recording)), `snapshot at ${at}`).toEqual(looksOf(reference));
  }
}

describe('the mirror shows what tmux shows', () => {
  test('vim: a file, scrolled, selected, in two windows', async () => {
    const recording = await record('exec vim -N -u NONE -i NONE -n text.js', { cwd: dir }, async (vim) => {
      await vim.shows(/text\.js/);
      vim.type(':syntax on\r:set number hlsearch\r');
      await vim.shows(/ 1 0/);
      vim.type('\x06\x06');
      await vim.shows(/5\d 5\d/);
      vim.type('Vjjj');
      await vim.shows(/VISUAL/);
      vim.type('\x1b:split\r');
      await vim.shows(/text\.js.*\n(.*\n)+.*text\.js/);
      vim.type('/f99\r');
      await vim.shows(/100 99/);
    });
    await compare(recording);
  });

  test('vim: after it has ended', async () => {
    const recording = await record(
      'printf "before\\n"; vim -N -u NONE -i NONE -n text.js; printf "after\\n"',
      { cwd: dir },
      async (vim) => {
        await vim.shows(/text\.js/);
        vim.type(':q\r');
        await vim.shows(/after/);
      },
    );
    await compare(recording);
  });

  test('htop', async () => {
    const recording = await record('exec htop -d 2', { cwd: dir, rows: 24, cols: 90 }, async (htop) => {
      await htop.shows(/Load average/);
      htop.type('\x1b[B\x1b[B');
      await htop.shows(/F10/);
    });
    await compare(recording);
  });

  test('less', async () => {
    const recording = await record('exec less -S text.js', { cwd: dir, env: { LESS: '' } }, async (less) => {
      await less.shows(/text\.js/);
      less.type('/f5\r');
      await less.shows(/^5\s+function/);
      less.type('G');
      await less.shows(/END/);
      less.type('bb');
      await less.shows(/^6\d\s+function/m);
    });
    await compare(recording);
  });

  test('git log --graph --color', async () => {
    const git = async (...args: readonly string[]): Promise<unknown> =>
      run('git', ['-c', 'user.name=A', '-c', 'user.email=a@b', ...args], {
        cwd: dir,
        env: { ...process.env, HOME: dir, GIT_CONFIG_NOSYSTEM: '1' },
      });
    await git('init', '-q', '-b', 'main');
    for (let index = 0; index < 4; index++) {
      await git('commit', '-q', '--allow-empty', '-m', `main ${index} ${'long '.repeat(30)}`);
      await git('checkout', '-q', '-b', `branch${index}`, 'HEAD');
      await git('commit', '-q', '--allow-empty', '-m', `side ${index} 漢字`);
      await git('checkout', '-q', 'main');
      await git('commit', '-q', '--allow-empty', '-m', `more ${index}`);
      await git('merge', '-q', '--no-ff', '-m', `merge ${index}`, `branch${index}`);
    }
    await compare(await record('exec git --no-pager log --graph --color=always --stat', { cwd: dir }));
  });

  test('an agent that redraws the end of its output', async () => {
    const size = { rows: 24, cols: 60 };
    await compare({ ...size, bytes: agentOutput(size.cols) }, [0.2, 0.5, Math.random(), Math.random()]);
  });
});

/** What a full-screen coding agent writes: boxes drawn over and over below a growing log, on the normal screen. */
function agentOutput(cols: number): Uint8Array {
  const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
  let out = '\x1b[?25l\x1b[?2004h\x1b[?1004h';
  let drawn = 0;
  for (let frame = 0; frame < 80; frame++) {
    out += '\x1b[?2026h';
    if (drawn > 0) out += `${'\x1b[2K\x1b[1A'.repeat(drawn - 1)}\x1b[2K\x1b[G`;
    if (frame % 7 === 3) {
      out += `\x1b[38;2;78;186;101m●\x1b[39m \x1b[1mEdit\x1b[22m(src/file${frame}.ts) 漢字とかな交じりの文 🚀 ${'wide '.repeat(frame % 20)}\r\n`;
      out += `  \x1b[48;2;34;92;43m\x1b[38;2;248;248;242m${frame} + const café = "✅";\x1b[K\x1b[m\r\n`;
    }
    const lines = [
      `\x1b[38;2;215;119;87m${spinner[frame % 10]} Thinking… \x1b[38;5;246m(${frame}s · ↑ 1.2k tokens)\x1b[39m`,
      ...(frame % 5 === 0 ? ['\x1b[2m  ⎿  Tip: 日本語も使えます\x1b[22m'] : []),
      `\x1b[38;2;136;136;136m╭${'─'.repeat(cols - 2)}╮\x1b[39m`,
      `\x1b[38;2;136;136;136m│\x1b[39m > ${`入力 ${frame} \x1b[7m \x1b[27m`}\x1b[${cols}G\x1b[38;2;136;136;136m│\x1b[39m`,
      `\x1b[38;2;136;136;136m╰${'─'.repeat(cols - 2)}╯\x1b[39m`,
      `  \x1b[4m? for shortcuts\x1b[24m \x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\`,
    ];
    drawn = lines.length;
    out += `${lines.join('\r\n')}\x1b[?2026l`;
  }
  return Buffer.from(out);
}
