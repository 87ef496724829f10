/**
 * The files of one session's history: `<offset of the first byte, 16 digits>.bytes`, each a run of bytes.
 *
 * A file says by its name where it begins, so a gap between two files is visible, and no index can be wrong or lost.
 * A new one begins when the last has its size, or when what comes does not follow on it. The oldest are removed.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** So many files make up a history of full size. */
const SEGMENTS = 8;
const MIN_SEGMENT_BYTES = 64 * 1024;
/** A disk that is full again and again leaves short files; not more than these. */
const MAX_FILES = 64;

const namePattern = /^(\d{16})\.bytes$/;

export interface Segment {
  /** Offset of its first byte. */
  readonly start: number;
  readonly path: string;
}

/** The segments in a folder, oldest first; other files do not matter. Throws what the system throws. */
export async function listSegments(dir: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of await readdir(dir)) {
    const start = Number(namePattern.exec(name)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(start)) segments.push({ start, path: join(dir, name) });
  }
  return segments.sort((a, b) => a.start - b.start);
}

interface Written extends Segment {
  bytes: number;
}

/** Writes segments. One call at a time. */
export class SegmentWriter {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  /** Oldest first; the last is the one being written while `#file` is open. */
  readonly #segments: Written[] = [];
  #file: FileHandle | undefined;

  /** `dir` is made, 0700, with the first segment. Keeps at most `maxBytes`, and 7/8 of it or more once it had that. */
  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
    this.#segmentBytes = Math.max(MIN_SEGMENT_BYTES, Math.floor(maxBytes / SEGMENTS));
  }

  /** Offset of the oldest byte on disk; undefined: there is none. */
  get start(): number | undefined {
    return this.#segments[0]?.start;
  }

  /**
   * Writes bytes that begin at `offset`, as far as the segment or the system takes them; returns how many. When it
   * throws, none of them count as written, and the next call begins a segment.
   */
  async write(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    try {
      let segment = this.#segments.at(-1);
      if (
        this.#file === undefined ||
        segment === undefined ||
        segment.start + segment.bytes !== offset ||
        segment.bytes >= this.#segmentBytes
      )
        segment = await this.#begin(offset);
      const { bytesWritten } = await this.#openFile.writev(
        firstBytes(buffers, this.#segmentBytes - segment.bytes),
        segment.bytes,
      );
      // Else the caller would try for ever.
      if (bytesWritten === 0) throw new Error('the system wrote nothing');
      segment.bytes += bytesWritten;
      return bytesWritten;
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  /** Closes the open file and removes it if it is empty. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
    const last = this.#segments.at(-1);
    if (last?.bytes === 0) {
      this.#segments.pop();
      await unlink(last.path).catch(() => undefined);
    }
  }

  async #begin(offset: number): Promise<Written> {
    await this.close();
    await this.#prune();
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const path = join(this.#dir, `${String(offset).padStart(16, '0')}.bytes`);
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    this.#file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    const segment = { start: offset, path, bytes: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** Makes room for a segment; but without the oldest there must be 7/8 of what may be kept. */
  async #prune(): Promise<void> {
    let bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const enoughBytes = (this.#maxBytes / SEGMENTS) * (SEGMENTS - 1);
    for (;;) {
      const oldest = this.#segments[0];
      if (oldest === undefined) return;
      if (bytes - oldest.bytes < enoughBytes && this.#segments.length < MAX_FILES) return;
      bytes -= oldest.bytes;
      this.#segments.shift();
      await unlink(oldest.path).catch(() => undefined);
    }
  }

  get #openFile(): FileHandle {
    if (this.#file === undefined) throw new Error('no segment is open');
    return this.#file;
  }
}

/** The buffers, cut after `maxBytes`. */
function firstBytes(buffers: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  let left = maxBytes;
  for (const buffer of buffers) {
    if (left <= 0) break;
    first.push(buffer.length <= left ? buffer : buffer.subarray(0, left));
    left -= buffer.length;
  }
  return first;
}
