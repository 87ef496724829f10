/**
 * A QR code for a terminal, two modules per character. The only importer of qrcode.
 *
 * Keeps true: it can be scanned on dark and on light terminals alike (its colours are its own, and its margin is part of
 * it), and it is never wider or higher than the space there is: half of a code is none.
 */
import QrCode from 'qrcode';

export interface QrSpace {
  readonly columns: number;
  readonly rows: number;
}

type Levels = 'M' | 'L';

/** Best first: more error correction, and the margin of four modules that the standard asks for. Cameras do with two. */
const forms: readonly { readonly level: Levels; readonly margin: number }[] = [
  { level: 'M', margin: 4 },
  { level: 'L', margin: 4 },
  { level: 'L', margin: 2 },
];

/** Black on white of the fixed part of the palette: themes do not change it. */
const COLORS = '\u001b[38;5;16;48;5;231m';
const RESET = '\u001b[0m';

/** The code as lines, or what the smallest one needs if there is no room for it. */
export function qrLines(text: string, { columns, rows }: QrSpace, color: boolean): string[] | QrSpace {
  let needed: QrSpace = { columns, rows };
  for (const { level, margin } of forms) {
    const { modules } = QrCode.create(text, { errorCorrectionLevel: level });
    const side = modules.size + 2 * margin;
    needed = { columns: side, rows: Math.ceil(side / 2) };
    if (needed.columns <= columns && needed.rows <= rows) {
      return halfBlocks(side, (row, column) => isDark(modules, row - margin, column - margin), color);
    }
  }
  return needed;
}

interface Modules {
  readonly size: number;
  readonly data: ArrayLike<number>;
}

/** Beyond the code is margin. */
function isDark({ size, data }: Modules, row: number, column: number): boolean {
  if (row < 0 || column < 0 || row >= size || column >= size) return false;
  return data[row * size + column] === 1;
}

/** Without colours the terminal is taken to be dark, and light modules are drawn. */
function halfBlocks(side: number, dark: (row: number, column: number) => boolean, color: boolean): string[] {
  const lines: string[] = [];
  for (let row = 0; row < side; row += 2) {
    let line = '';
    for (let column = 0; column < side; column++) {
      line += half(dark(row, column) === color, dark(row + 1, column) === color);
    }
    lines.push(color ? `${COLORS}${line}${RESET}` : line);
  }
  return lines;
}

function half(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
