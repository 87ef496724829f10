/**
 * Reads what history.ts wrote: while it goes on writing and removing, after a crash, and as far as it is sound.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fail, type HubError, messageOf } from '../base/errors.js';
import { errnoOf } from '../system/errno.js';
import { listSegments, type Segment } from './history-segments.js';

/** How often a read begins again because the segment it was to begin with has been removed meanwhile. */
const READ_ATTEMPTS = 5;

/**
 * Recorded bytes from `since` (default: the oldest there is) on, at most `maxBytes`. `offset` is where they begin: later
 * than `since` where bytes are gone. They end before the next gap; at the end there are none. Reads as much as is
 * sound of a damaged history. Errors: history.unreadable, if the folder cannot be read.
 */
export async function readHistory(
  dir: string,
  since: number | undefined,
  maxBytes: number,
): Promise<{ offset: number; bytes: Uint8Array } | HubError<'history.unreadable'>> {
  try {
    for (let attempt = 1; ; attempt++) {
      const found = await readSegments(await listSegments(dir), since, maxBytes);
      // The writer removes the oldest ones.
      if (found !== 'removed') return found;
      if (attempt === READ_ATTEMPTS) return { offset: since ?? 0, bytes: new Uint8Array(0) };
    }
  } catch (thrown) {
    const gone = errnoOf(thrown) === 'ENOENT' ? ' It was removed, or nothing was recorded.' : '';
    return fail('history.unreadable', `Cannot read the history in ${dir}: ${messageOf(thrown)}.${gone}`, {
      dir,
    });
  }
}

async function readSegments(
  segments: readonly Segment[],
  since: number | undefined,
  maxBytes: number,
): Promise<{ offset: number; bytes: Uint8Array } | 'removed'> {
  const pieces: Uint8Array[] = [];
  let offset = since ?? 0;
  let end = offset;
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    if (next <= offset) continue;
    const begun = end > offset;
    if (begun && segment.start !== end) break;
    const from = Math.max(end, segment.start);
    const bytes = await readSegment(segment, from, Math.min(next - from, maxBytes - (end - offset)));
    if (bytes === 'removed' && !begun) return 'removed';
    if (bytes === 'removed' || bytes.length === 0) {
      // Nothing sound from here to the next one: a gap.
      if (begun) break;
      continue;
    }
    if (!begun) offset = from;
    end = from + bytes.length;
    pieces.push(bytes);
    if (end - offset >= maxBytes) break;
  }
  return {
    offset,
    bytes: pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces),
  };
}

/** At most `maxBytes` from offset `from` on; none if there are none, or the file cannot be read. */
async function readSegment(
  segment: Segment,
  from: number,
  maxBytes: number,
): Promise<Uint8Array | 'removed'> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  let file: FileHandle | undefined;
  try {
    // Whatever has such a name, opening it does not block.
    file = await open(segment.path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const info = await file.stat();
    const length = Math.min(maxBytes, info.size - (from - segment.start));
    if (!info.isFile() || length <= 0) return new Uint8Array(0);
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, from - segment.start);
    return bytes.subarray(0, bytesRead);
  } catch (thrown) {
    return errnoOf(thrown) === 'ENOENT' ? 'removed' : new Uint8Array(0);
  } finally {
    await file?.close();
  }
}
