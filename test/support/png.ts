/**
 * PNG files of screens, smaller: Chromium filters each line as is good for photographs. Flat colours and text compress better
 * as they are. Nothing of the picture is lost.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const CHUNK_FRAME_BYTES = 12;
const RGB = 2;

/** Takes what Chromium makes: eight bits, RGB, not interlaced. */
export function smaller(png: Buffer): Buffer {
  let header: Buffer = Buffer.alloc(0);
  const data: Buffer[] = [];
  for (let at = SIGNATURE_BYTES; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = body;
    else if (type === 'IDAT') data.push(body);
    at += length + CHUNK_FRAME_BYTES;
  }
  if (header[8] !== 8 || header[9] !== RGB || header[12] !== 0) throw new Error('not a screenshot');
  const lines = unfiltered(inflateSync(Buffer.concat(data)), header.readUInt32BE(0) * 3);
  const compressed = deflateSync(lines, { level: 9 });
  const end = chunk('IEND', Buffer.alloc(0));
  return Buffer.concat([
    png.subarray(0, SIGNATURE_BYTES),
    chunk('IHDR', header),
    chunk('IDAT', compressed),
    end,
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const framed = Buffer.alloc(CHUNK_FRAME_BYTES + body.length);
  framed.writeUInt32BE(body.length);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), framed.length - 4);
  return framed;
}

/** The same lines, each with filter 0. */
function unfiltered(lines: Buffer, width_bytes: number): Buffer {
  const stride = width_bytes + 1;
  const made = Buffer.alloc(lines.length);
  for (let start = 0; start < lines.length; start += stride) {
    const filter = lines[start];
    for (let at = start + 1; at < start + stride; at++) {
      const left = at - start > 3 ? (made[at - 3] ?? 0) : 0;
      const above = made[at - stride] ?? 0;
      const corner = at - start > 3 ? (made[at - stride - 3] ?? 0) : 0;
      made[at] = ((lines[at] ?? 0) + predicted(filter, left, above, corner)) & 255;
    }
  }
  return made;
}

/** The filters of PNG, by number. */
function predicted(filter: number | undefined, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4: {
      const [toLeft, toAbove, toCorner] = [above - corner, left - corner, left + above - 2 * corner].map(
        Math.abs,
      );
      if (toLeft! <= toAbove! && toLeft! <= toCorner!) return left;
      return toAbove! <= toCorner! ? above : corner;
    }
    default:
      return 0;
  }
}
