/** A QR code as the path of an SVG. The only importer of qrcode in the page; loaded when a code is shown. */

export interface QrPath {
  /** Width and height, with the margin of four modules that cameras need. */
  readonly side: number;
  readonly path: string;
}

const MARGIN = 4;

export async function qrPath(text: string): Promise<QrPath> {
  const { default: qrCode } = await import('qrcode');
  const { modules } = qrCode.create(text, { errorCorrectionLevel: 'M' });
  const { size, data } = modules;
  let path = '';
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let run = 0;
      while (column + run < size && data[row * size + column + run] === 1) run++;
      if (run > 0) path += `M${column + MARGIN} ${row + MARGIN}h${run}v1h-${run}z`;
      column += run;
    }
  }
  return { side: size + 2 * MARGIN, path };
}
