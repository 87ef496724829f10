import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { logOutput, MAX_LINE_LENGTH, MAX_LINES_PER_SECOND } from '../../hub/worker-output.js';
import { MemoryLog } from '../support/memory-log.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

function open() {
  const stream = new PassThrough();
  const log = new MemoryLog();
  const clock = new VirtualClock();
  logOutput({ stream, level: 'warn', log, clock });
  return { stream, log, clock };
}

describe('output of a worker', () => {
  it('becomes log lines, whole ones, in order, with characters that were split over chunks', async () => {
    const { stream, log } = open();
    const bytes = Buffer.from('first\nsecönd\n\nla');
    for (const byte of bytes) stream.write(Buffer.of(byte));
    stream.end('st');
    await settle();
    expect(log.at('warn')).toEqual(['first', 'secönd', 'last']);
  });

  it('is cut at the length of a line, also when no newline comes', async () => {
    const { stream, log } = open();
    stream.write('x'.repeat(MAX_LINE_LENGTH + 1));
    stream.write(`${'y'.repeat(MAX_LINE_LENGTH * 2)}\n`);
    await settle();
    expect(log.lines.map(({ message }) => message.length)).toEqual([MAX_LINE_LENGTH, MAX_LINE_LENGTH]);
  });

  it('is capped per second, and says how much the cap swallowed', async () => {
    const { stream, log, clock } = open();
    stream.write('noise\n'.repeat(MAX_LINES_PER_SECOND + 50));
    await settle();
    expect(log.lines).toHaveLength(MAX_LINES_PER_SECOND);
    clock.advance(1_000);
    stream.write('later\n');
    await settle();
    expect(log.lines.at(-1)).toMatchObject({ message: 'later', fields: { lines_swallowed_before: 50 } });
    stream.write('noise\n'.repeat(MAX_LINES_PER_SECOND + 7));
    stream.end();
    await settle();
    expect(log.lines.at(-1)).toMatchObject({
      message: 'output was cut',
      fields: { lines_swallowed_before: 8 },
    });
  });
});
