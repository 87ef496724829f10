/**
 * Sessions of which only files are left: what is known of them, and their terminal.
 *
 * A record that says `running` is of a session whose host died: nobody saw its end. Its bytes are as many as got to the
 * disk. The terminal is made of the end of the history, shown to a mirror.
 */
import { stat } from 'node:fs/promises';
import { isHubError } from '../base/errors.js';
import type { SessionRecord } from '../protocol/session.js';
import { unlessMissing } from '../system/errno.js';
import { readHistory } from './history-reader.js';
import { listSegments } from './history-segments.js';
import type { Mirror } from './mirror/mirror-types.js';
import type { Mirrors } from './mirror/mirrors.js';
import { bytesAt, type LastViews, lastViews, PastTerminal } from './past-terminal.js';

/** Enough for a screen with its lines above; a full-screen program redraws within it. */
const RECALL_BYTES = 512 * 1024;

/** The record of a session of an earlier host as it stands now. `at`: when its end was noticed, ISO 8601. */
export async function pastRecord(record: SessionRecord, dir: string, at: string): Promise<SessionRecord> {
  const { pid: _pid, ...rest } = record;
  const past: SessionRecord = { ...rest, state: 'exited', attached: 0, activity: 'idle' };
  if (record.state === 'exited') return past;
  const segments = (await unlessMissing(listSegments(dir))) ?? [];
  const last = segments.at(-1);
  const bytes = last === undefined ? undefined : await unlessMissing(stat(last.path));
  const end = (last?.start ?? 0) + (bytes?.size ?? 0);
  return {
    ...past,
    exit: { lost: true, at },
    offset: Math.max(record.offset, end),
    history_offset: segments[0]?.start ?? end,
  };
}

/** Its terminal. What cannot be read is not shown. */
export async function recallTerminal(
  record: SessionRecord,
  dir: string,
  mirrors: Mirrors,
): Promise<PastTerminal> {
  const { rows, cols, uuid } = record;
  const { offset, bytes } = await lastBytes(dir, record.offset);
  let parsed = (): void => undefined;
  const mirror: Mirror = mirrors.open(
    { rows, cols, name: uuid.slice(0, 8) },
    { onParsed: () => parsed(), onReply: () => undefined, onFact: () => undefined },
    () => [bytes],
  );
  try {
    mirror.write(bytes);
    const wait = (): Promise<void> =>
      new Promise((resolve) => {
        parsed = resolve;
      });
    const views = await lastViews(mirror, wait).catch(() => undefined);
    return new PastTerminal({ rows, cols }, bytesAt(offset, bytes), views && movedBy(views, offset));
  } finally {
    mirror.close();
  }
}

/** The last bytes of the history that follow on each other, up to `end`. */
async function lastBytes(dir: string, end: number): Promise<{ offset: number; bytes: Uint8Array }> {
  let offset = end;
  let pieces: Uint8Array[] = [];
  for (let at = Math.max(0, end - RECALL_BYTES); at < end; ) {
    const read = await readHistory(dir, at, end - at);
    if (isHubError(read) || read.bytes.length === 0) break;
    if (read.offset !== at || pieces.length === 0) {
      // What is before a gap is not on the screen after it.
      offset = read.offset;
      pieces = [];
    }
    pieces.push(read.bytes);
    at = read.offset + read.bytes.length;
  }
  return { offset, bytes: Buffer.concat(pieces) };
}

/** The mirror counted from the first byte it got. */
function movedBy({ snapshot, longSnapshot, screen, longScreen }: LastViews, by: number): LastViews {
  const moved = <T extends { readonly offset: number }>(view: T): T => ({
    ...view,
    offset: view.offset + by,
  });
  return {
    snapshot: moved(snapshot),
    longSnapshot: moved(longSnapshot),
    screen: moved(screen),
    longScreen: moved(longScreen),
  };
}
