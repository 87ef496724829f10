/** Lines that scroll away unseen are left out, and nobody can tell. */

import { describe, expect, it } from 'vitest';
import { findPlainRun, scanPlain } from '../../../session-host/mirror/plain-lines.js';
import { MIN_BACKLOG_BYTES, REST_MS, ThreadMirror } from '../../../session-host/mirror/thread-mirror.js';
import fc from '../../support/fast-check.js';
import { stateOf } from './screen-state.js';
import { newScreen } from './screens.js';
import { terminalSize, vtStream } from './vt-stream.js';

const SCROLLBACK = 30;
const lines = fc.array(
  fc.oneof(
    fc.stringMatching(/^[ -~]{0,90}$/),
    fc.constantFrom(
      '',
      '\t|\ttabs',
      'über façade 漢字かな交じり文 👩‍💻',
      'a bare\nline feed',
      'over\rwritten',
      '\u0301combining',
    ),
  ),
  { minLength: 1, maxLength: 30 },
);

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size));
  return all;
}

describe('a screen that leaves out lines', () => {
  it('is the same as one that saw them all', () => {
    let skipped = 0;
    fc.assert(
      fc.property(
        terminalSize,
        vtStream,
        lines,
        vtStream,
        fc.integer({ min: 1_000, max: 20_000 }),
        (size, before, some, after, piece) => {
          const text = Buffer.from(`${some.join('\r\n')}\r\n`);
          const flood = Buffer.concat(
            Array.from({ length: Math.ceil((MIN_BACKLOG_BYTES * 1.5) / text.length) }, () => text),
          );
          const original = newScreen({ ...size, scrollbackLines: SCROLLBACK });
          const mirror = new ThreadMirror(
            { kind: 'open', id: 1, ...size, scrollback_lines: SCROLLBACK, offset: 0 },
            { reply: () => undefined, fact: () => undefined, count: () => undefined, error: () => undefined },
            () => 0,
          );
          const parsed: number[] = [];
          const write = mirror.screen.write.bind(mirror.screen);
          mirror.screen.write = (bytes) => {
            parsed.push(bytes.length);
            write(bytes);
          };
          const stream = Buffer.concat([before, flood, after, flood, after]);
          original.write(stream);
          for (const bytes of pieces(stream, piece)) mirror.add({ kind: 'bytes', bytes, again: false });
          while (mirror.hasWork) mirror.step(1);
          if (parsed.reduce((sum, bytes) => sum + bytes, 0) < stream.length / 2) skipped++;
          expect(mirror.screen.offset).toBe(original.offset);
          const options = { scrollback: SCROLLBACK, blanksAreSpaces: false };
          expect(stateOf(mirror.screen, options)).toEqual(stateOf(original, options));
        },
      ),
      { numRuns: 60 },
    );
    expect(skipped).toBeGreaterThan(10);
  });
});

it('a screen that leaves out lines shows nothing of what they would have been written over', () => {
  const screenful = Array.from({ length: 24 }, (_, row) => `\x1b[${row + 1};1H${'old '.repeat(20)}`).join('');
  const flood = Array.from({ length: 40_000 }, (_, line) => `line ${line}\r\n`).join('');
  const mirror = new ThreadMirror(
    { kind: 'open', id: 1, rows: 24, cols: 80, scrollback_lines: 100, offset: 0 },
    { reply: () => undefined, fact: () => undefined, count: () => undefined, error: () => undefined },
    () => 0,
  );
  for (const text of [`${screenful}\x1b[H`, flood]) {
    mirror.add({ kind: 'bytes', bytes: Buffer.from(text), again: false });
  }
  while (mirror.hasWork) mirror.step(1);
  expect(mirror.screen.text(1_000).text).not.toContain('old');
});

const scanned = (all: Uint8Array[]) => all.map((bytes) => ({ bytes, scan: scanPlain(bytes) }));

describe('findPlainRun', () => {
  const find = (text: string, keepLines: number) => findPlainRun(scanned([Buffer.from(text)]), keepLines);

  it('keeps the first line, which the cursor is in, and the last ones', () => {
    expect(find('rest\r\na\r\nb\r\nc\r\nd\r\n', 2)).toEqual({ end: 18, skip: { from: 6, to: 12 } });
    expect(find('rest\r\na\r\nb\r\nc\r\nd\r\n', 4)).toEqual({ end: 18, skip: undefined });
  });

  it('ends at anything that does more than print', () => {
    for (const control of ['\x1b', '\x07', '\x08', '\x0e', '\x7f', '\u009b']) {
      expect(find(`a\r\nb\r\n${control}c\r\n`, 0).end).toBe(6);
    }
  });

  it('cuts only where a carriage return came before', () => {
    expect(find('a\r\nb\nc\r\nd\r\n', 1)).toEqual({ end: 11, skip: { from: 3, to: 8 } });
  });

  it('keeps at least the lines it should keep, however the text is cut into pieces', () => {
    const text = Buffer.from('a\r\nbb\r\nccc\r\n\r\nd\r\ne\r\n'.repeat(3));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length }), fc.integer({ min: 0, max: 5 }), (size, keep) => {
        const { end, skip } = findPlainRun(scanned(pieces(text, size)), keep);
        expect(end).toBe(text.length);
        if (skip === undefined) return;
        expect(text.subarray(0, skip.from).toString()).toMatch(/\r\n$/);
        expect(text.subarray(0, skip.to).toString()).toMatch(/\r\n$/);
        expect(text.subarray(skip.to).toString().split('\r\n').length - 1).toBeGreaterThanOrEqual(keep);
      }),
    );
  });
});

describe('scanPlain', () => {
  it('finds what a look at each byte finds, wherever the bytes begin in their buffer', () => {
    const byte = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      { weight: 4, arbitrary: fc.constantFrom(0x0d, 0x0a, 0x09, 0xc3, 0x80, 0xff) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 120 }), fc.integer({ min: 0, max: 7 }), (all, start) => {
        const bytes = new Uint8Array([...Array<number>(start).fill(0), ...all]).subarray(start);
        const control = (value: number) =>
          (value < 0x20 && ![9, 10, 13].includes(value)) || value === 0x7f || value === 0xc2;
        const first = all.findIndex(control);
        const plainBytes = first < 0 ? all.length : first;
        const text = Buffer.from(bytes.subarray(0, plainBytes)).toString('latin1');
        expect(scanPlain(bytes)).toEqual({ plainBytes, lines: text.split('\r\n').length - 1 });
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a mirror that has left out lines', () => {
  const flood = Buffer.from('0123456789 0123456789 0123456789 0123456789\r\n'.repeat(15_000));
  const open = () => {
    const clock = { nowMs: 0 };
    const mirror = new ThreadMirror(
      { kind: 'open', id: 1, rows: 24, cols: 80, scrollback_lines: 100, offset: 0 },
      { reply: () => undefined, fact: () => undefined, count: () => undefined, error: () => undefined },
      () => clock.nowMs,
    );
    const add = (bytes: Uint8Array) => mirror.add({ kind: 'bytes', bytes, again: false });
    const work = () => {
      while (mirror.hasWork && !mirror.resting) mirror.step(1);
    };
    return { clock, mirror, add, work };
  };

  it('rests before it parses those it kept, and leaves them out too when more come', () => {
    const { mirror, add, work } = open();
    add(flood);
    work();
    expect(mirror.resting).toBe(true);
    expect(mirror.held).toBeGreaterThan(0);
    expect(mirror.screen.offset + mirror.held).toBe(flood.length);
    const restedAt = mirror.screen.offset;
    add(flood.subarray(0, MIN_BACKLOG_BYTES));
    expect(mirror.resting).toBe(false);
    work();
    expect(mirror.resting).toBe(true);
    expect(mirror.screen.offset).toBeGreaterThan(restedAt + MIN_BACKLOG_BYTES / 2);
  });

  it('parses them when nothing more comes for a while', () => {
    const { clock, mirror, add, work } = open();
    add(flood);
    work();
    clock.nowMs = REST_MS;
    expect(mirror.held).toBe(0);
    work();
    expect(mirror.screen.offset).toBe(flood.length);
    expect(mirror.settled).toBe(true);
  });

  it('is not settled before it has parsed what came while it rested', () => {
    const { mirror, add, work } = open();
    add(flood);
    work();
    add(Buffer.from('the last line'));
    expect(mirror.settled).toBe(false);
    mirror.jobs++;
    while (!mirror.settled) mirror.step(1);
    expect(mirror.screen.text(0).text).toMatch(/the last line$/);
  });

  it('does not rest when something else follows: a question, a new size', () => {
    for (const follow of [
      { kind: 'bytes', bytes: Buffer.from('\x1b[6n'), again: false } as const,
      { kind: 'resize', rows: 10, cols: 40 } as const,
    ]) {
      const { mirror, add, work } = open();
      add(flood);
      mirror.add(follow);
      work();
      expect(mirror.hasWork).toBe(false);
    }
  });
});
