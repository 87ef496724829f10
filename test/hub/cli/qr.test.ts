import { stripVTControlCharacters } from 'node:util';
import QrCode from 'qrcode';
import { describe, expect, it } from 'vitest';
import { qrLines } from '../../../hub/cli/qr.js';

/** As long as a connection code is. */
const URL_TEXT = `http://192.168.178.123:4171/#${'aB3_'.repeat(17)}`;
const ROOM = { columns: 80, rows: 40 };

function lines(color: boolean, room = ROOM): string[] {
  const found = qrLines(URL_TEXT, room, color);
  return Array.isArray(found) ? found : expect.unreachable();
}

/** Rows of modules, true where it is dark to the camera. */
function modulesOf(drawn: readonly string[], inkIsDark: boolean): boolean[][] {
  return drawn.flatMap((line) => {
    const cells = [...stripVTControlCharacters(line)];
    return [
      cells.map((cell) => '█▀'.includes(cell) === inkIsDark),
      cells.map((cell) => '█▄'.includes(cell) === inkIsDark),
    ];
  });
}

describe.each([
  ['with colours of its own', true],
  ['without colours, light on a dark terminal', false],
])('%s', (_name, color) => {
  it('is the code, with a margin of four light modules around', () => {
    const { modules } = QrCode.create(URL_TEXT, { errorCorrectionLevel: 'M' });
    const drawn = modulesOf(lines(color), color);
    const width = modules.size + 8;
    expect(drawn.map((row) => row.length)).toEqual(drawn.map(() => width));
    for (const [row, cells] of drawn.entries()) {
      // The last line may have half a row more, which belongs to no module and must be light with colours.
      if (row >= width && !color) continue;
      for (const [column, dark] of cells.entries()) {
        const [y, x] = [row - 4, column - 4];
        const inside = y >= 0 && x >= 0 && y < modules.size && x < modules.size;
        expect(dark, `${row}, ${column}`).toBe(inside && modules.data[y * modules.size + x] === 1);
      }
    }
  });
});

it('has its colours around every line, and nothing else', () => {
  for (const line of lines(true)) {
    expect(line.startsWith('\u001b[38;5;16;48;5;231m')).toBe(true);
    expect(line.endsWith('\u001b[0m')).toBe(true);
    expect(stripVTControlCharacters(line)).toMatch(/^[█▀▄ ]+$/u);
  }
});

it('is drawn smaller where there is less room, and not at all where it cannot be whole', () => {
  const sizes = [
    { columns: 80, rows: 40 },
    { columns: 46, rows: 40 },
    { columns: 80, rows: 21 },
  ].map((room) => {
    const drawn = lines(true, room);
    const width = stripVTControlCharacters(drawn[0] ?? '').length;
    expect(width).toBeLessThanOrEqual(room.columns);
    expect(drawn.length).toBeLessThanOrEqual(room.rows);
    return width;
  });
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  const needed = qrLines(URL_TEXT, { columns: 80, rows: 20 }, true);
  expect(needed).toEqual({ columns: expect.any(Number), rows: expect.any(Number) });
  expect(qrLines(URL_TEXT, needed as { columns: number; rows: number }, true)).toBeInstanceOf(Array);
});
