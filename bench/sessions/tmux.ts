/** tmux with a client in a PTY of ours: the reference for echo and floods. */
import { execFileSync } from 'node:child_process';
import { HubError } from '../../base/errors.js';
import { type Pty, spawnPty } from '../../session-host/pty.js';

export class Tmux {
  readonly #socket = `botster-bench-${process.pid}`;
  #client: Pty | undefined;
  onData: (bytes: Uint8Array) => void = () => undefined;

  /** A server whose first window runs `command`, and an attached client of 120 x 40. */
  static async start(command: string): Promise<Tmux> {
    const tmux = new Tmux();
    tmux.#run('new-session', '-d', '-x', '120', '-y', '40', command);
    const client = spawnPty(
      {
        file: '/usr/bin/tmux',
        args: ['-L', tmux.#socket, 'attach'],
        cwd: '/tmp',
        env: { ...(process.env as Record<string, string>), TERM: 'xterm-256color' },
        rows: 41,
        cols: 120,
      },
      { onData: (bytes) => tmux.onData(bytes), onExit: () => undefined },
    );
    if (client instanceof HubError) throw client;
    tmux.#client = client;
    await new Promise<void>((resolve) => {
      tmux.onData = () => resolve();
    });
    return tmux;
  }

  window(command: string): void {
    this.#run('new-window', '-d', command);
  }

  type(text: string): void {
    this.#client?.write(Buffer.from(text));
  }

  stop(): void {
    this.#run('kill-server');
    this.#client?.dispose();
  }

  #run(...args: string[]): void {
    execFileSync('tmux', ['-L', this.#socket, '-f', '/dev/null', ...args], { stdio: 'ignore' });
  }
}
