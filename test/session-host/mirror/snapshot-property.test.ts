/**
 * The property that attaching rests on: after a snapshot, a terminal is where the mirror is, and goes on like it.
 */
import headless from '@xterm/headless';
import { expect, test } from 'vitest';
import { charWidth } from '../../../base/char-width.js';
import type { Screen } from '../../../session-host/mirror/screen.js';
import type { Core } from '../../../session-host/mirror/xterm-internals.js';
import fc from '../../support/fast-check.js';
import { stateOf } from './screen-state.js';
import { newScreen as makeScreen, snapshotOf } from './screens.js';
import { terminalSize, unmarkedStream, vtStream } from './vt-stream.js';

const RUNS = Number(process.env['BOTSTER_PROPERTY_RUNS'] ?? 300);
const SCROLLBACK = 30;

function newScreen({ rows, cols }: { readonly rows: number; readonly cols: number }): Screen {
  return makeScreen({ rows, cols, scrollbackLines: SCROLLBACK });
}

/** Writes in pieces, so that every kind of cut happens. */
function write(screen: Screen, bytes: Uint8Array, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) screen.write(bytes.subarray(at, at + pieceBytes));
}

const RIS = Buffer.from('\x1bc');
const pieceBytes = fc.integer({ min: 1, max: 40 });

test('a snapshot gives the same state, wherever it is taken', () => {
  fc.assert(
    fc.property(
      terminalSize,
      vtStream,
      vtStream,
      fc.nat(),
      fc.nat(40),
      pieceBytes,
      (size, before, a, cut, above, piece) => {
        const original = newScreen(size);
        const end = a.length === 0 ? 0 : cut % (a.length + 1);
        write(original, a.subarray(0, end), piece);
        const copy = newScreen(size);
        write(copy, before, piece);
        copy.write(RIS);
        // What RIS leaves to the snapshot.
        copy.write(snapshotOf(original, above));
        const options = { scrollback: above, blanksAreSpaces: false };
        expectSame(withoutTitles(stateOf(copy, options)), withoutTitles(stateOf(original, options)));
      },
    ),
    { numRuns: RUNS },
  );
});

test('what is written after a snapshot has the same effect as without it', () => {
  fc.assert(
    fc.property(terminalSize, vtStream, vtStream, fc.nat(), pieceBytes, (size, a, b, cut, piece) => {
      const bytes = Buffer.concat([a, b]);
      const end = bytes.length === 0 ? 0 : cut % (bytes.length + 1);
      const original = newScreen(size);
      write(original, bytes.subarray(0, end), piece);
      const copy = newScreen(size);
      copy.write(RIS);
      copy.write(snapshotOf(original, 0));
      write(original, bytes.subarray(end), piece);
      write(copy, bytes.subarray(end), piece);
      const options = { scrollback: 0, blanksAreSpaces: true };
      expectSame(stateOf(copy, options), stateOf(original, options));
    }),
    { numRuns: RUNS },
  );
});

test('a terminal without our corrections shows the same', () => {
  fc.assert(
    fc.property(terminalSize, vtStream, (size, bytes) => {
      const original = newScreen(size);
      original.write(bytes);
      const { active, alt } = original.state.core._bufferService.buffers;
      const terminal = new headless.Terminal({ ...size, allowProposedApi: true, logLevel: 'off' });
      useOurWidths(terminal);
      const { _core } = terminal as unknown as { readonly _core: Core };
      void _core._inputHandler.parse(Buffer.concat([RIS, snapshotOf(original, 0)]));
      const shown = terminal.buffer.active;
      expect([shown.type, shown.cursorX, shown.cursorY]).toEqual([
        active === alt ? 'alternate' : 'normal',
        active.x,
        active.y,
      ]);
      for (let row = 0; row < size.rows; row++) {
        const line = active.lines
          .get(active.ybase + row)
          ?.translateToString(true)
          .trimEnd();
        expect(
          shown
            .getLine(shown.baseY + row)
            ?.translateToString(true)
            .trimEnd(),
        ).toBe(line);
      }
    }),
    { numRuns: RUNS },
  );
});

/** Otherwise a plain xterm.js: marks join only what was printed just before. */
function useOurWidths({ unicode }: InstanceType<typeof headless.Terminal>): void {
  unicode.register({
    version: 'ours',
    wcwidth: charWidth,
    charProperties: (codePoint, preceding) => {
      const width = charWidth(codePoint);
      const before = (preceding >> 1) & 3;
      return width === 0 && before > 0 ? (before << 1) | 1 : width << 1;
    },
  });
  unicode.activeVersion = 'ours';
}

type Step = Uint8Array | { readonly rows: number; readonly cols: number };

function follow(screen: Screen, steps: readonly Step[], piece: number): void {
  for (const step of steps) {
    if (step instanceof Uint8Array) write(screen, step, piece);
    else screen.resize(step.rows, step.cols);
  }
}

const stepsOf = (stream: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof({ arbitrary: stream, weight: 3 }, { arbitrary: terminalSize, weight: 2 }), {
    maxLength: 6,
  });

test('a snapshot after resizes gives the same state', () => {
  fc.assert(
    fc.property(terminalSize, stepsOf(vtStream), vtStream, pieceBytes, (size, before, after, piece) => {
      const original = newScreen(size);
      follow(original, before, piece);
      const copy = newScreen(original);
      copy.write(snapshotOf(original, 0));
      write(original, after, piece);
      write(copy, after, piece);
      const options = { scrollback: 0, blanksAreSpaces: true };
      expectSame(stateOf(copy, options), stateOf(original, options));
    }),
    { numRuns: RUNS },
  );
});

test('resizes after a snapshot with all lines do the same as without it', () => {
  const steps = stepsOf(unmarkedStream);
  fc.assert(
    fc.property(terminalSize, steps, steps, pieceBytes, (size, before, after, piece) => {
      const original = newScreen(size);
      follow(original, before, piece);
      const copy = newScreen(original);
      copy.write(snapshotOf(original, SCROLLBACK));
      follow(original, after, piece);
      follow(copy, after, piece);
      const options = { scrollback: SCROLLBACK, blanksAreSpaces: true };
      expectSame(stateOf(copy, options), stateOf(original, options));
    }),
    { numRuns: RUNS },
  );
});

/** The comparison of objects is slow, and only needed to show a difference. */
function expectSame(got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) expect(got).toEqual(wanted);
}

/** RIS keeps titles, so a terminal that had one keeps it if the program set none. */
function withoutTitles(state: unknown): unknown {
  return { ...(state as object), titles: undefined };
}
