import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LogView, showLog } from '../../../hub/cli/log-reader.js';
import { tempDir } from '../../support/temp-repo.js';
import { testTerminal } from '../../support/test-terminal.js';
import { until } from '../../support/until.js';

const time = '2026-01-01T00:00:00.000Z';
const line = (msg: string, level = 'info') => `${JSON.stringify({ level, time, msg })}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => line(`n${from + index}`)).join('');

function open(text: string | undefined, view: Partial<LogView> = {}) {
  const path = join(tempDir(), 'hub.log');
  if (text !== undefined) writeFileSync(path, text);
  const terminal = testTerminal();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const shown = () =>
    terminal.written.out
      .split('\n')
      .slice(0, -1)
      .map((text) => text.replace(/^\S+ \w+ +hub {2}/, ''));
  const done = showLog(
    { path, lines: 100, level: 'debug', json: false, follow: false, terminal, ...view },
    stop.signal,
  );
  return { path, terminal, shown, done, stop };
}

describe('the end of the log', () => {
  it('is as many lines as asked for', async () => {
    const log = open(lines(0, 500), { lines: 3 });
    expect(await log.done).toBe(0);
    expect(log.shown()).toEqual(['n497', 'n498', 'n499']);
  });

  it('is all there is, also of the file before the turn', async () => {
    const log = open(undefined);
    await expect(log.done).rejects.toMatchObject({ code: 'cli.no_log' });
    writeFileSync(`${log.path}.1`, lines(0, 10));
    writeFileSync(log.path, lines(10, 12));
    const terminal = testTerminal();
    await showLog({ path: log.path, lines: 4, level: 'debug', json: true, follow: false, terminal });
    expect(terminal.written.out).toBe(lines(8, 12));
  });

  it('is found in a big file with long lines', async () => {
    const big = lines(0, 5_000) + line(`long ${'é'.repeat(200_000)}`) + lines(5_000, 5_002);
    const log = open(big, { lines: 4, json: true });
    await log.done;
    expect(log.terminal.written.out).toBe(
      big.slice(big.indexOf('{"level":"info","time":"2026-01-01T00:00:00.000Z","msg":"n4999"}')),
    );
  });

  it('counts shown lines only; what is no line of ours is always shown', async () => {
    const text = `${line('a', 'error')}${lines(0, 2_000)}FATAL ERROR: heap\n${line('b', 'debug')}${line('c', 'warn')}`;
    const log = open(text, { lines: 3, level: 'warn' });
    await log.done;
    expect(log.shown()).toEqual(['a', 'FATAL ERROR: heap', 'c']);
  });

  it('may be nothing', async () => {
    const log = open(lines(0, 5), { lines: 0 });
    await log.done;
    expect(log.shown()).toEqual([]);
  });
});

describe('following', () => {
  it('goes on with new lines, whole ones only', async () => {
    const log = open(`${lines(0, 2)}{"level":"info","ti`, { follow: true });
    await until(() => log.shown().length === 2);
    appendFileSync(log.path, `me":"${time}","msg":"n2"}\n${line('n3')}`);
    await until(() => log.shown().length === 4);
    const bytes = Buffer.from(line('é'));
    const cut = bytes.indexOf(0xc3) + 1;
    appendFileSync(log.path, bytes.subarray(0, cut));
    appendFileSync(log.path, bytes.subarray(cut));
    await until(() => log.shown().length === 5);
    log.stop.abort();
    expect(await log.done).toBe(0);
    expect(log.shown()).toEqual(['n0', 'n1', 'n2', 'n3', 'é']);
  });

  it('goes over the turn of the file without losing a line', async () => {
    const log = open(lines(0, 2), { follow: true });
    await until(() => log.shown().length === 2);
    appendFileSync(log.path, line('n2'));
    renameSync(log.path, `${log.path}.1`);
    appendFileSync(`${log.path}.1`, line('n3'));
    writeFileSync(log.path, line('n4'));
    appendFileSync(log.path, line('n5'));
    await until(() => log.shown().length === 6);
    expect(log.shown()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4', 'n5']);
  });
});
