/** The Rails application of config.ru under puma, on a port of its own. Ends with the test, whatever became of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';

/** Of the sources: what is run is not compiled. */
const folder = resolve(import.meta.dirname.replace(/\/dist\/test\//, '/test/'));

export class RailsServer {
  readonly port: number;
  readonly #puma: ChildProcess;

  private constructor(puma: ChildProcess, port: number) {
    this.#puma = puma;
    this.port = port;
  }

  /** Resolves when it listens. Without `port`, on a free one. */
  static async start(port = 0): Promise<RailsServer> {
    const puma = spawn('puma', ['-C', '-', '-b', `tcp://127.0.0.1:${port}`, '-t', '1:4', 'config.ru'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], RAILS_ENV: 'production', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(async () => {
      if (puma.exitCode !== null || puma.signalCode !== null) return;
      puma.kill('SIGKILL');
      await once(puma, 'exit');
    });
    return new RailsServer(puma, await portOf(puma));
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/cable`;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#puma.kill(name);
  }

  /** Ends it like a fault would. */
  async kill(): Promise<void> {
    this.#puma.kill('SIGKILL');
    await once(this.#puma, 'exit');
  }
}

/** What puma says it listens on; or throws with what it said instead. */
function portOf(puma: ChildProcess): Promise<number> {
  let said = '';
  return new Promise((found, failed) => {
    const read = (piece: Buffer): void => {
      said += piece.toString();
      const port = /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) found(Number(port));
    };
    puma.stdout?.on('data', read);
    puma.stderr?.on('data', read);
    puma.once('error', failed);
    puma.once('exit', () => failed(new Error(`puma ended: ${said}`)));
  });
}
