import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLogFile } from '../../hub/log-file.js';
import { distUrl } from '../support/import-from-dist.js';
import { tempDir } from '../support/temp-repo.js';

const read = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log file', () => {
  it('gets JSON lines with time, level, source, message and fields', async () => {
    const path = join(tempDir(), 'hub.log');
    const log = await openLogFile({ path });
    const child = log.logger.child({ source: 'plugin:x', a: 1 });
    child.log('warn', 'hello %s', { b: [2] });
    log.logger.log('debug', 'not at this level');
    child.child({ a: 3 }).log('error', 'failed', { error: new Error('why') });
    await log.close();
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(read(path)).toEqual([
      { level: 'warn', time, source: 'plugin:x', a: 1, b: [2], msg: 'hello %s' },
      {
        level: 'error',
        time,
        source: 'plugin:x',
        a: 3,
        error: 'why',
        stack: expect.stringContaining('log-file'),
        msg: 'failed',
      },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("keeps fields from posing as the line's own", async () => {
    const path = join(tempDir(), 'hub.log');
    const log = await openLogFile({ path });
    log.logger.log('info', 'true', { level: 'error', time: 0, msg: 'false', source: new Error('x') });
    await log.close();
    expect(readFileSync(path, 'utf8').match(/"(level|time|msg|source)":/g)).toHaveLength(3);
    expect(read(path)).toMatchObject([
      { level: 'info', msg: 'true', level_: 'error', msg_: 'false', source_: 'x' },
    ]);
  });

  it('takes values that JSON cannot say', async () => {
    const path = join(tempDir(), 'hub.log');
    const log = await openLogFile({ path });
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    log.logger.log('info', 'odd', { loop, big: 1n, fn: () => 1, undef: undefined });
    await log.close();
    expect(read(path)).toHaveLength(1);
  });

  it('appends, and turns over at its bound without losing a line', async () => {
    const path = join(tempDir(), 'hub.log');
    let dropped = 0;
    for (let run = 0; run < 2; run++) {
      const log = await openLogFile({ path, maxBytes: 40_000, onDropped: () => dropped++ });
      for (let n = 0; n < 300; n++) log.logger.log('info', 'x'.repeat(100), { n: run * 300 + n });
      await log.close();
    }
    const lines = [...read(`${path}.1`), ...read(path)].map(({ n }) => n as number);
    expect(dropped).toBe(0);
    // Older turns are gone by then; what is there is whole and in order, up to the last.
    expect(lines).toEqual(lines.map((_, index) => 600 - lines.length + index));
    expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThan(3 * 40_000 + 50_000);
  });

  it('shows readable lines on a terminal as well', async () => {
    const dir = tempDir();
    const fd = openSync(join(dir, 'terminal'), 'w');
    const log = await openLogFile({ path: join(dir, 'hub.log'), console: { fd, color: false } });
    log.logger.log('info', 'hello', { source: 'x', n: 1 });
    await log.close();
    expect(readFileSync(join(dir, 'terminal'), 'utf8')).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}x {2}hello {2}n=1\n$/,
    );
  });

  it('fails at once where it cannot be', async () => {
    await expect(openLogFile({ path: join(tempDir(), 'no/such/folder/hub.log') })).rejects.toThrow('ENOENT');
  });
});

describe('the process', () => {
  /** Runs a script that has `log` open at `path`. */
  async function run(script: string, stderr: 'pipe' | 'ignore' = 'ignore') {
    const path = join(tempDir(), 'hub.log');
    const source = `
      import { openLogFile } from ${JSON.stringify(distUrl('hub/log-file.js').href)};
      let dropped = 0;
      const path = ${JSON.stringify(path)};
      const log = await openLogFile({ path, console: { fd: 2, color: false }, onDropped: () => dropped++ });
      ${script}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', stderr],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    // stderr is a pipe that nobody reads.
    const code = await new Promise((resolve) => child.once('exit', resolve));
    return { code, output, path };
  }

  it('writes the last lines before it dies', async () => {
    const { code, path } = await run(`
      process.on('uncaughtExceptionMonitor', (error) => { log.logger.log('error', error.message); log.flushSync(); });
      for (let n = 0; n < 1000; n++) log.logger.log('info', 'line', { n });
      throw new Error('crash');`);
    expect(code).not.toBe(0);
    expect(read(path)).toHaveLength(1001);
    expect(read(path).at(-1)).toMatchObject({ msg: 'crash' });
  });

  it('is not held up by a terminal that takes nothing', async () => {
    const { output, path } = await run(
      `
      // Far more than a pipe and the bound hold: who waited for the terminal would wait for ever.
      for (let n = 0; n < 100; n++) {
        log.logger.log('info', 'x'.repeat(100_000));
        await new Promise((resolve) => setImmediate(resolve));
      }
      console.log(JSON.stringify({ dropped: dropped > 0 }));
      process.reallyExit(0);`,
      'pipe',
    );
    expect(JSON.parse(output)).toEqual({ dropped: true });
    expect(existsSync(path)).toBe(true);
  });
});
