/**
 * Compressed copies beside the files that gain by it, which a relay sends instead (relay/web-host.ts): gzip for all, brotli
 * for browsers that came over https. Made once here, so that serving costs nothing.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Pictures are compressed by their format, and source maps are for those who debug. */
const TEXT = /\.(js|css|html|svg|webmanifest)$/;
/** Smaller ones fit into a packet as they are. */
const MIN_BYTES = 1024;
/** The best two take ten times as long for a percent. */
const BROTLI_QUALITY = 9;

export async function compressAll(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && TEXT.test(entry.name));
  await Promise.all(files.map((entry) => compressed(join(entry.parentPath, entry.name))));
}

async function compressed(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < MIN_BYTES) return;
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
}
