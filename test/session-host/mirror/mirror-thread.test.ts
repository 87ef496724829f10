import { afterEach, expect, test } from 'vitest';
import type { FromMirrors } from '../../../session-host/mirror/mirror.calls.js';
import { MirrorThread, SILENCE_MS } from '../../../session-host/mirror/mirror-thread.js';
import { until } from '../../support/until.js';
import { VirtualClock } from '../../support/virtual-clock.js';

let thread: MirrorThread;
let death: Promise<readonly [reason: string, culprit: number]>;
const clock = new VirtualClock();
const heard: FromMirrors[] = [];

function start(url?: URL): void {
  heard.length = 0;
  death = new Promise((resolve) => {
    thread = new MirrorThread({
      clock,
      ...(url === undefined ? {} : { url }),
      onMessage: (message) => heard.push(message),
      onDeath: (reason, culprit) => resolve([reason, culprit]),
    });
  });
}

afterEach(async () => {
  thread.end('test is over');
  await death;
});

test('a thread that works, or has nothing to do, is left alone', async () => {
  start();
  thread.post({ kind: 'open', id: 1, rows: 5, cols: 20, scrollback_lines: 10, offset: 0 });
  thread.post({ kind: 'write', id: 1, bytes: Buffer.from('hello'), again: false });
  await until(() => heard.some(({ kind }) => kind === 'batch'));
  clock.advance(SILENCE_MS);
  await until(() => heard.at(-1)?.kind === 'pong');
  const messages = heard.length;
  clock.advance(SILENCE_MS * 10);
  thread.post({ kind: 'screen', id: 1, request: 7, scrollback: 0 });
  await until(() => heard.length > messages);
  expect(heard.at(-1)).toMatchObject({ kind: 'screen', request: 7 });
});

test('a thread that hangs is ended', async () => {
  start(new URL('../../fixtures/workers/deaf.mjs', import.meta.url));
  await until(() => heard.length > 0);
  thread.post({ kind: 'write', id: 1, bytes: Buffer.from('hello'), again: false });
  clock.advance(SILENCE_MS);
  clock.advance(SILENCE_MS);
  expect((await death)[0]).toMatch(/^no answer for \d+ ms$/);
});

test('a thread that fails says why, and whose bytes it had', async () => {
  start(new URL('../../fixtures/workers/guilty.mjs', import.meta.url));
  thread.post({ kind: 'ping' });
  expect(await death).toEqual(['too much', 42]);
});
