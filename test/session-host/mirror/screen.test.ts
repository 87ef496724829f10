/** What output can do to a screen at worst, and where streams are cut. */

import { describe, expect, test } from 'vitest';
import { incompleteTail, MAX_SEQUENCE_BYTES } from '../../../session-host/mirror/boundary.js';
import { MAX_CELL_CHARS } from '../../../session-host/mirror/corrections.js';
import { MAX_LINKS } from '../../../session-host/mirror/links.js';
import fc from '../../support/fast-check.js';
import { stateOf } from './screen-state.js';
import { copyOf, newScreen, nothingSaid, snapshotOf } from './screens.js';

const everything = { scrollback: 100, blanksAreSpaces: false };

describe('characters', () => {
  test('are whole however they are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.nat(), (text, cut) => {
        const bytes = Buffer.from(text);
        const at = bytes.length === 0 ? 0 : cut % bytes.length;
        const tail = incompleteTail(bytes.subarray(0, at));
        // What is left in front of the cut is whole, and nothing more is held back.
        const front = bytes.subarray(0, at - tail);
        expect(front.toString()).toBe(text.slice(0, front.toString().length));
        expect(tail).toBeLessThan(4);
        expect(Buffer.concat([front, bytes.subarray(at - tail)]).equals(bytes)).toBe(true);
        if (tail > 0) expect(bytes.subarray(at - tail, at).toString()).toContain('\ufffd');
      }),
    );
  });

  test('that xterm loses at the end of a chunk are there', () => {
    const screen = newScreen();
    for (const byte of Buffer.from('a—b…c•d')) screen.write(Uint8Array.of(byte));
    expect(screen.text(0).text).toBe('a—b…c•d');
  });

  test('take the columns that other terminals give them', () => {
    const screen = newScreen();
    screen.write(Buffer.from('🚀x\r\n✅x\r\n漢x\r\ne\u0301x\r\n❤x'));
    const columns = [1, 2, 3, 4, 5].map((row) => {
      screen.write(Buffer.from(`\x1b[${row};1H`));
      const line = screen.state.core._bufferService.buffers.active.lines.get(row - 1)!;
      return line.translateToString(true).length;
    });
    expect(columns).toEqual([3, 2, 2, 3, 2]);
    expect(screen.state.core._bufferService.buffers.active.lines.get(0)!.getWidth(0)).toBe(2);
  });

  test('with more marks than any text has are cut', () => {
    const screen = newScreen();
    screen.write(Buffer.from(`a${'\u0301'.repeat(1_000)}`));
    expect(screen.text(0).text.length).toBeLessThanOrEqual(MAX_CELL_CHARS + 1);
  });
});

describe('sequences', () => {
  test.each([
    ['a title', '\x1b]2;', '\x07', 8],
    ['a request', '\x1bP$q', '\x1b\\', 13],
    ['a command for others', '\x1b_G', '\x1b\\', 7],
    ['parameters', '\x1b[1;', 'm', 4],
  ])('that never end are cut: %s', (_name, start, end, parserState) => {
    for (const length of [MAX_SEQUENCE_BYTES - 2_000, MAX_SEQUENCE_BYTES * 3]) {
      const screen = newScreen({ said: nothingSaid() });
      screen.write(Buffer.from(`before${start}`));
      for (let written = 0; written < length; written += 1_000) screen.write(Buffer.alloc(1_000, '1'));
      const { length: size } = snapshotOf(screen);
      expect(size).toBeLessThan(MAX_SEQUENCE_BYTES + 2_000);
      const copy = copyOf(screen);
      if (length < MAX_SEQUENCE_BYTES) {
        expect(screen.state.core._inputHandler._parser.currentState).toBe(parserState);
      }
      for (const one of [screen, copy]) one.write(Buffer.from(`1${end}after`));
      expect(stateOf(copy, everything)).toEqual(stateOf(screen, everything));
      expect(copy.text(0).text).toMatch(/^before/);
      expect(copy.text(0).text).toMatch(/after$/);
    }
  });

  test('are carried out once, also the controls inside of them', () => {
    const screen = newScreen();
    screen.write(Buffer.from('one\x1b[3\r\n1'));
    const copy = copyOf(screen);
    for (const each of [screen, copy]) each.write(Buffer.from('mred'));
    expect(copy.text(0).text).toBe('one\nred');
    expect(stateOf(copy, everything)).toEqual(stateOf(screen, everything));
  });

  test.each([
    '\x1b[2147483647S',
    '\x1b[2147483647T',
    '\x1b[2147483647L',
    '\x1b[2147483647M',
    'x\x1b[2147483647b',
    '\x1b[2147483647I',
    '\x1b[2147483647Z',
    '\x1b[2147483647@',
    '\x1b[2147483647P',
    '\x1b[2147483647X',
    '\x1b[2147483647 @',
    "\x1b[2147483647'}",
    '\x1b[2147483647;2147483647H',
    '\x1b[24;80Hx\x1b[1J',
  ])('with any numbers end soon and throw nothing: %j', (sequence) => {
    const screen = newScreen();
    screen.write(Buffer.from(`text\r\n${sequence}\x1b[H\x1b[2Jgoes on`));
    expect(screen.text(0).text).toBe('goes on');
  });

  test('whose handler throws cost only themselves', () => {
    const said = nothingSaid();
    const screen = newScreen({ said });
    const handler = screen.state.core._inputHandler;
    handler.tabSet = () => {
      throw new Error('a bug in the emulator');
    };
    screen.write(Buffer.from('be\x1bHfore\x1b[1mafter'));
    expect(screen.text(0).text).toBe('beforeafter');
    expect(said.counts).toEqual(['mirror.emulator_error']);
  });
});

describe('links', () => {
  test('are bounded, and freed when nothing shows them', () => {
    const screen = newScreen({ rows: 10, cols: 20, scrollbackLines: 10 });
    const link = (index: number): string => `\x1b]8;;http://h/${index}\x07${index}\x1b]8;;\x07\r\n`;
    for (let index = 0; index < MAX_LINKS * 3; index++) screen.write(Buffer.from(link(index)));
    expect(Buffer.from(snapshotOf(screen)).toString()).toContain(`http://h/${MAX_LINKS * 3 - 1}`);
    screen.write(Buffer.from(`\x1b]8;;http://h/${'x'.repeat(3_000)}\x07plain`));
    expect(Buffer.from(snapshotOf(screen)).toString()).not.toContain('xxx');
  });
});

describe('the text of a screen', () => {
  test('has scrollback before it and no blanks at the ends', () => {
    const screen = newScreen({ rows: 3, cols: 10 });
    screen.write(Buffer.from('1\r\n2\r\n3  \r\n4\r\n\r\n'));
    expect(screen.text(0)).toMatchObject({ text: '4', cursor: { row: 2, col: 0, visible: true } });
    expect(screen.text(1).text).toBe('3\n4');
    expect(screen.text(100).text).toBe('1\n2\n3\n4');
    screen.write(Buffer.from('\x1b[?25l\x1b[2;10Hx'));
    expect(screen.text(0).cursor).toEqual({ row: 1, col: 9, visible: false });
  });
});
