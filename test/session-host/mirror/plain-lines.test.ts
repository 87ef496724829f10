/** Lines that scroll away unseen are left out, and nobody can tell. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPlainRun } from '../../../session-host/mirror/plain-lines.js';
import { MIN_BACKLOG_BYTES, ThreadMirror } from '../../../session-host/mirror/thread-mirror.js';
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

describe('findPlainRun', () => {
  const find = (text: string, keepLines: number) => findPlainRun([Buffer.from(text)], keepLines);

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

  it('sees lines across pieces', () => {
    const whole = find('a\r\nb\r\nc\r\n', 1);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), (size) => {
        expect(findPlainRun(pieces(Buffer.from('a\r\nb\r\nc\r\n'), size), 1)).toEqual(whole);
      }),
    );
  });
});
