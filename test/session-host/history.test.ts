import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../base/clock.js';
import { isHubError } from '../../base/errors.js';
import { RealClock } from '../../base/real-clock.js';
import { HistoryWriter } from '../../session-host/history.js';
import { readHistory } from '../../session-host/history-reader.js';
import fc from '../support/fast-check.js';
import { tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';
import { VirtualClock } from '../support/virtual-clock.js';

const KIB = 1024;
const clock = new RealClock();

interface Opened {
  readonly dir: string;
  readonly history: HistoryWriter;
  readonly trouble: string[];
  drained: number;
}

function openHistory(maxBytes: number, dir = join(tempDir(), 'session'), time: Clock = clock): Opened {
  const opened: Opened = { dir, trouble: [], drained: 0, history: undefined as unknown as HistoryWriter };
  const history = new HistoryWriter({
    dir,
    maxBytes,
    clock: time,
    onTrouble: (code, message) => opened.trouble.push(`${code}: ${message}`),
    onDrained: () => {
      opened.drained += 1;
    },
  });
  return Object.assign(opened, { history });
}

/** Bytes that tell their offset. */
function bytesAt(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((offset + i) * 131 + ((offset + i) >> 8)) & 0xff);
}

/** All runs of bytes from the start on, each checked against its offset. */
async function readRuns(dir: string, step = 64 * KIB): Promise<[from: number, to: number][]> {
  const runs: [number, number][] = [];
  let since: number | undefined;
  for (;;) {
    const read = await readHistory(dir, since, step);
    if (isHubError(read)) throw read;
    const { offset, bytes } = read;
    if (bytes.length === 0) return runs;
    expect(bytes.length).toBeLessThanOrEqual(step);
    expect(Buffer.from(bytes).equals(bytesAt(offset, bytes.length))).toBe(true);
    const last = runs.at(-1);
    if (last !== undefined && last[1] === offset) last[1] = offset + bytes.length;
    else runs.push([offset, offset + bytes.length]);
    since = offset + bytes.length;
  }
}

const segments = (dir: string): string[] => readdirSync(dir).sort();

describe('a history', () => {
  it('is files named by their offset, for nobody else to read', async () => {
    const { dir, history } = openHistory(512 * KIB);
    for (let offset = 0; offset < 200_000; offset += 1_000) history.append(offset, bytesAt(offset, 1_000));
    await history.close();
    expect(segments(dir)).toEqual(
      [0, 65_536, 131_072, 196_608].map((start) => `${String(start).padStart(16, '0')}.bytes`),
    );
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of segments(dir)) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
    expect(await readRuns(dir)).toEqual([[0, 200_000]]);
  });

  it('keeps at most its size, and 7/8 of it or more', async () => {
    const maxBytes = 1024 * KIB;
    const { dir, history } = openHistory(maxBytes);
    let end = 0;
    for (let i = 0; i < 100; i++) {
      history.append(end, bytesAt(end, 50_000));
      end += 50_000;
      await history.flush();
      const onDisk = segments(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
      expect(onDisk).toBeLessThanOrEqual(maxBytes);
      expect(onDisk).toBeGreaterThanOrEqual(Math.min(end, (maxBytes / 8) * 7));
      expect(history.start).toBe(end - onDisk);
    }
    await history.close();
    expect(await readRuns(dir)).toEqual([[history.start, end]]);
  });

  it('of size 0 writes nothing', async () => {
    const { dir, history } = openHistory(0);
    history.append(0, bytesAt(0, 1_000));
    expect(history.start).toBe(1_000);
    await history.close();
    expect(() => statSync(dir)).toThrow(/ENOENT/);
  });

  it('collects small pieces, and says when nothing waits', async () => {
    const time = new VirtualClock();
    const opened = openHistory(512 * KIB, undefined, time);
    const { dir, history } = opened;
    for (let offset = 0; offset < 50; offset++) history.append(offset, bytesAt(offset, 1));
    expect(history.backlogBytes).toBe(50);
    expect(() => statSync(dir)).toThrow(/ENOENT/);
    time.advance(20);
    await until(() => opened.drained === 1);
    expect(history.backlogBytes).toBe(0);
    expect(await readRuns(dir)).toEqual([[0, 50]]);
    await history.close();
    expect(time.pendingTimers).toBe(0);
  });

  it('takes nothing after it was closed', async () => {
    const { dir, history } = openHistory(512 * KIB);
    history.append(0, bytesAt(0, 10));
    await history.close();
    history.append(10, bytesAt(10, 10));
    await history.close();
    expect(await readRuns(dir)).toEqual([[0, 10]]);
  });
});

describe('reading', () => {
  it('gives what any order of writing, gaps and limits leaves, like a simple model', async () => {
    const step = fc.record({
      gap: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(100_000)),
      length: fc.integer({ min: 1, max: 90_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(64 * KIB, 512 * KIB, 800 * KIB),
        fc.array(step, { maxLength: 25 }),
        fc.array(fc.record({ since: fc.nat(2_000_000), max: fc.integer({ min: 1, max: 300_000 }) }), {
          maxLength: 8,
        }),
        async (maxBytes, steps, reads) => {
          const { dir, history, trouble } = openHistory(maxBytes, join(tempDir(), 'h'));
          const runs: [number, number][] = [];
          let end = 0;
          for (const { gap, length } of steps) {
            const from = end + gap;
            history.append(from, bytesAt(from, length));
            end = from + length;
            const last = runs.at(-1);
            if (last !== undefined && last[1] === from) last[1] = end;
            else runs.push([from, end]);
          }
          await history.close();
          expect(trouble).toEqual([]);
          if (steps.length === 0) return;
          const kept = runs
            .filter(([, to]) => to > history.start)
            .map(([from, to]) => [Math.max(from, history.start), to] as [number, number]);
          expect(await readRuns(dir)).toEqual(kept);
          for (const { since, max } of reads) {
            const run = kept.find(([, to]) => to > since);
            const read = await readHistory(dir, since, max);
            if (isHubError(read)) throw read;
            const from = run === undefined ? since : Math.max(since, run[0]);
            const length = run === undefined ? 0 : Math.min(max, run[1] - from);
            expect({ offset: read.offset, length: read.bytes.length }).toEqual({ offset: from, length });
            expect(Buffer.from(read.bytes).equals(bytesAt(from, length))).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('works while the history is written and the oldest part removed', async () => {
    const { dir, history, trouble } = openHistory(512 * KIB);
    history.append(0, bytesAt(0, 10));
    await history.flush();
    let end = 10;
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 400; i++) {
        history.append(end, bytesAt(end, 20_000));
        end += 20_000;
        if (i % 4 === 0) await history.flush();
      }
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      for (const [from, to] of await readRuns(dir)) {
        expect(from).toBeLessThan(to);
        expect(to).toBeLessThanOrEqual(end);
      }
      reads += 1;
    }
    await writer;
    await history.close();
    expect(reads).toBeGreaterThan(2);
    expect(trouble).toEqual([]);
    expect(await readRuns(dir)).toEqual([[history.start, end]]);
  });

  it('of a folder without history gives nothing; of none, says so', async () => {
    const dir = tempDir();
    expect(await readHistory(dir, undefined, 10)).toEqual({ offset: 0, bytes: Buffer.alloc(0) });
    expect(await readHistory(dir, 7, 10)).toEqual({ offset: 7, bytes: Buffer.alloc(0) });
    const gone = await readHistory(join(dir, 'gone'), 0, 10);
    expect(isHubError(gone) && gone.code).toBe('history.unreadable');
    expect(isHubError(gone) && gone.message).toContain(join(dir, 'gone'));
  });

  it('gives what is sound of a damaged history', async () => {
    const { dir, history } = openHistory(512 * KIB);
    for (let offset = 0; offset < 400_000; offset += 50_000) history.append(offset, bytesAt(offset, 50_000));
    await history.close();
    const [first, second, third, fourth, fifth] = segments(dir).map((name) => join(dir, name));
    if (first === undefined || second === undefined || third === undefined || fourth === undefined)
      throw new Error();
    // Cut, lost, a folder, a link to somewhere else, too long.
    truncateSync(first, 1_000);
    rmSync(second);
    rmSync(fourth);
    mkdirSync(fourth);
    writeFileSync(third, Buffer.concat([readFileSync(third), Buffer.alloc(5_000, 'garbage')]));
    rmSync(fifth ?? '');
    symlinkSync('/etc/passwd', fifth ?? '');
    for (const name of [
      'notes.txt',
      '1.bytes',
      '99999999999999999999.bytes',
      '9999999999999999.bytes',
      '.bytes',
    ])
      writeFileSync(join(dir, name), 'garbage');
    expect(await readRuns(dir)).toEqual([
      [0, 1_000],
      [131_072, 196_608],
      [327_680, 400_000],
    ]);
  });
});

describe('a disk that does not work', () => {
  it('is told once; recording goes on with a gap when it works again', async () => {
    const time = new VirtualClock();
    const dir = join(tempDir(), 'session');
    // A file is where the folder should be.
    writeFileSync(dir, '');
    const opened = openHistory(4_096 * KIB, dir, time);
    const { history, trouble } = opened;
    let end = 0;
    for (let i = 0; i < 10; i++) {
      for (let k = 0; k < 10; k++, end += 10_000) history.append(end, bytesAt(end, 10_000));
      await history.flush();
      expect(history.backlogBytes).toBeLessThanOrEqual(256 * KIB);
    }
    expect(trouble).toEqual([expect.stringMatching(/^history\.write_failed: .*session.*(EEXIST|ENOTDIR)/)]);
    rmSync(dir);
    const before = opened.drained;
    time.advance(5_000);
    await until(() => opened.drained > before);
    history.append(end, bytesAt(end, 10));
    await history.close();
    expect(await readRuns(dir)).toEqual([[history.start, end + 10]]);
    expect(history.start).toBeGreaterThanOrEqual(end - 256 * KIB);
    expect(history.droppedBytes).toBe(history.start);
    expect(time.pendingTimers).toBe(0);
    expect(trouble).toHaveLength(1);
  });

  it('is told again the next time', async () => {
    const { dir, history, trouble } = openHistory(64 * KIB);
    for (let round = 0, offset = 0; round < 3; round++) {
      history.append(offset, bytesAt(offset, 70_000));
      await history.flush();
      offset += 70_000;
      rmSync(dir, { recursive: true, force: true });
      writeFileSync(dir, '');
      history.append(offset, bytesAt(offset, 70_000));
      await history.flush();
      expect(trouble).toHaveLength(round + 1);
      rmSync(dir);
      await history.flush();
      offset += 70_000;
    }
    await history.close();
    await readRuns(dir);
  });

  it('that does not answer holds nobody up', async () => {
    const time = new VirtualClock();
    const opened = openHistory(4_096 * KIB, undefined, time);
    const { dir, history, trouble } = opened;
    history.append(0, bytesAt(0, 300_000));
    // The write has begun, and for this clock it takes long.
    history.append(300_000, bytesAt(300_000, 1_000));
    const flushed = history.flush();
    expect(history.backlogBytes).toBe(301_000);
    time.advance(5_000);
    expect(trouble).toEqual([expect.stringMatching(/^history\.stuck: .*has not answered/)]);
    expect(history.backlogBytes).toBe(0);
    expect(opened.drained).toBe(1);
    await flushed;
    history.append(301_000, bytesAt(301_000, 1_000));
    expect(history.droppedBytes).toBe(2_000);
    // It comes back.
    await until(() => opened.drained === 2);
    history.append(302_000, bytesAt(302_000, 1_000));
    await history.close();
    expect(await readRuns(dir)).toEqual([
      [0, 300_000],
      [302_000, 303_000],
    ]);
    expect(time.pendingTimers).toBe(0);
  });

  it('that is too slow costs bytes, not memory', async () => {
    const { dir, history, trouble } = openHistory(64_000 * KIB);
    const piece = bytesAt(0, 64 * KIB);
    for (let i = 0; i < 1_000; i++) {
      history.append(i * piece.length, piece);
      expect(history.backlogBytes).toBeLessThanOrEqual(18 * 1024 * KIB);
    }
    expect(trouble).toEqual([expect.stringMatching(/^history\.too_slow: /)]);
    await history.close();
    const onDisk = segments(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    expect(onDisk + history.droppedBytes).toBe(1_000 * piece.length);
  });
});
