/**
 * An independent terminal to compare with: a pane of a private tmux server that shows given bytes.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Screen } from '../../../session-host/mirror/screen.js';
import { LATE_MS } from '../../support/until.js';
import { newScreen } from './screens.js';

const run = promisify(execFile);

/** Writes a file to the terminal, and says so when the terminal has answered: then it has parsed all of it. */
const FEEDER = `
  import { execFileSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  const [file, server, channel] = process.argv.slice(2);
  process.stdin.on('data', (data) => {
    if (data.includes('\\x1b[0n')) execFileSync('tmux', ['-L', server, 'wait-for', '-S', channel]);
  });
  process.stdout.write(readFileSync(file));
  process.stdout.write('\\x18\\x1b[5n');
`;

export class Tmux {
  readonly #server = `botster-test-${randomUUID()}`;
  #dir = '';
  #panes = 0;

  static async start(): Promise<Tmux> {
    const tmux = new Tmux();
    tmux.#dir = await mkdtemp(join(tmpdir(), 'botster-tmux-'));
    await writeFile(join(tmux.#dir, 'feeder.mjs'), FEEDER);
    await writeFile(
      join(tmux.#dir, 'conf'),
      [
        'set -g status off',
        'set -g history-limit 3000',
        'set -g exit-empty off',
        'set -g default-terminal tmux-256color',
        '',
      ].join('\n'),
    );
    return tmux;
  }

  async stop(): Promise<void> {
    await this.#run('kill-server').catch(() => undefined);
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** What a terminal of this size shows after these bytes, cells and attributes, without links and modes. */
  async show(bytes: Uint8Array, { rows, cols }: { rows: number; cols: number }): Promise<Screen> {
    const name = `pane${++this.#panes}`;
    const file = join(this.#dir, name);
    await writeFile(file, bytes);
    // Node's own raw mode would still turn LF into CR LF.
    const feed = ['node', join(this.#dir, 'feeder.mjs'), file, this.#server, name].join(' ');
    const command = ['sh', '-c', `stty raw -echo; exec ${feed}`];
    await this.#run('new-session', '-d', '-s', name, '-x', String(cols), '-y', String(rows), ...command);
    await this.#run('wait-for', name);
    const shown = await this.#run('capture-pane', '-t', name, '-p', '-e', '-N');
    await this.#run('kill-session', '-t', name);
    // tmux draws lines with SO and SI. Attributes go on from one line to the next.
    const screen = newScreen({ rows, cols });
    screen.write(Buffer.from(`\x1b)0${shown.replace(/\n$/, '').replaceAll('\n', '\r\n')}`));
    return screen;
  }

  async #run(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TMUX: undefined, TMUX_TMPDIR: this.#dir };
    const { stdout } = await run('tmux', ['-u', '-L', this.#server, '-f', join(this.#dir, 'conf'), ...args], {
      env,
      maxBuffer: 16 * 1024 * 1024,
      timeout: LATE_MS,
    });
    return stdout;
  }
}
