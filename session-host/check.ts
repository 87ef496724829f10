/**
 * Tries what sessions need of this machine, once: the compiled PTY support, a PTY, a command on it, its output and its
 * exit code. Run by `botster doctor` as a process of its own; prints why it does not work, and exits with 0 or 1.
 */
import { isHubError } from '../base/errors.js';
import type { PtyExit } from './pty-types.js';

const LATE_MS = 5_000;
const [CODE, WORD] = [7, 'works'];

const problem = await trySession();
if (problem !== undefined) process.stdout.write(`${problem}\n`);
process.exit(problem === undefined ? 0 : 1);

async function trySession(): Promise<string | undefined> {
  const { spawnPty } = await import('./pty.js');
  let output = '';
  const exited = new Promise<PtyExit | string>((resolve) => {
    setTimeout(() => resolve(`A command in a terminal did not end within ${LATE_MS / 1000} s.`), LATE_MS);
    const pty = spawnPty(
      {
        file: '/bin/sh',
        args: ['-c', `echo ${WORD}; exit ${CODE}`],
        cwd: '/',
        env: { PATH: process.env['PATH'] ?? '/bin:/usr/bin', TERM: 'dumb' },
        rows: 24,
        cols: 80,
      },
      {
        onData: (bytes) => {
          output += Buffer.from(bytes).toString();
        },
        onExit: resolve,
      },
    );
    if (isHubError(pty)) resolve(pty.message);
  });
  const exit = await exited;
  if (typeof exit === 'string') return exit;
  if (exit.code === CODE && output.includes(WORD)) return undefined;
  return `A command in a terminal should have printed "${WORD}" and ended with ${CODE}; it printed ${JSON.stringify(output)} and ended with ${JSON.stringify(exit)}.`;
}
