/** A real TURN server (coturn) on this machine alone, for one test. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-repo.js';

export const TURN_USER = 'user';
export const TURN_PASSWORD = 'password';

export interface TurnServer {
  readonly port: number;
  /** `turn:127.0.0.1:…` */
  readonly url: string;
  /** All it has said. */
  log(): string;
}

export async function startTurn(): Promise<TurnServer> {
  const port = await freePort();
  const folder = tempDir();
  const options = [
    '-n',
    '--listening-ip=127.0.0.1',
    '--relay-ip=127.0.0.1',
    `--listening-port=${port}`,
    '--allow-loopback-peers',
    '--no-tls',
    '--no-dtls',
    '--lt-cred-mech',
    `--user=${TURN_USER}:${TURN_PASSWORD}`,
    '--realm=test',
    '--no-cli',
    '--relay-threads=1',
    `--pidfile=${folder}/pid`,
    `--userdb=${folder}/turndb`,
    '--log-file=stdout',
    '--simple-log',
    '--verbose',
  ];
  const child = spawn('turnserver', options, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const done = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await done;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    void done.then(() => reject(new Error(`turnserver ended: ${said}`)));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/UDP listener opened/.test(said)) resolve();
      });
  });
  return { port, url: `turn:127.0.0.1:${port}`, log: () => said };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
