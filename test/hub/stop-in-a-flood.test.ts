/**
 * A worker that gets datagrams and does not stop: Node 20 aborts when one comes to a thread that is being terminated while
 * it runs promise callbacks, be it by `terminate` or by `process.exit`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../fixtures/programs/stop-in-a-flood.mjs', import.meta.url));

test('a worker in a flood of datagrams that does not stop is left behind, and the process does not abort', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'hasDatagrams'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const done = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code, signal) => resolve(signal)),
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await done;
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  expect(await done).toBe('SIGKILL');
  expect(said).toBe('the worker did not stop in time and is left behind\nstopped\n');
});
