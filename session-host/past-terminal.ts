/**
 * The terminal of a command that ended: its last screen, and the end of its output for clients that had nearly all.
 */
import { fail, type HubError } from '../base/errors.js';
import type { Mirror, ScreenText, Snapshot } from './mirror/mirror-types.js';
import { type ByteSource, copyBytes, type Terminal } from './terminal.js';

/** Lines above the screen that are kept: as many as a mirror has. */
const PAST_SCROLLBACK_LINES = 2_000;
/** How much of the output is kept in memory once nobody reads it any more. All of it is in the history. */
const PAST_BYTES = 256 * 1024;

/** What was on the screen, without lines above it and with them. */
export interface LastViews {
  readonly snapshot: Snapshot;
  readonly longSnapshot: Snapshot;
  readonly screen: ScreenText;
  readonly longScreen: ScreenText;
}

/** What a mirror shows when it has parsed all. `parsed` waits until it got further. Errors: mirror.failed. */
export async function lastViews(mirror: Mirror, parsed: () => Promise<void>): Promise<LastViews> {
  while (mirror.lag > 0) await parsed();
  const [snapshot, longSnapshot, screen, longScreen] = await Promise.all([
    mirror.snapshot({ scrollback: 0 }),
    mirror.snapshot({ scrollback: PAST_SCROLLBACK_LINES }),
    mirror.screen({ scrollback: 0 }),
    mirror.screen({ scrollback: PAST_SCROLLBACK_LINES }),
  ]);
  return { snapshot, longSnapshot, screen, longScreen };
}

export class PastTerminal implements Terminal {
  readonly rows: number;
  readonly cols: number;
  readonly sizedAt = 0;
  readonly #views: LastViews | undefined;
  #bytes: ByteSource;

  /** `views` undefined: the screen is not known. */
  constructor(size: { rows: number; cols: number }, bytes: ByteSource, views: LastViews | undefined) {
    this.rows = size.rows;
    this.cols = size.cols;
    this.#bytes = bytes;
    this.#views = views;
  }

  get start(): number {
    return this.#bytes.start;
  }

  get end(): number {
    return this.#bytes.end;
  }

  read(offset: number, maxBytes: number): Uint8Array {
    return this.#bytes.read(offset, maxBytes);
  }

  snapshot(scrollback: number): Promise<Snapshot> {
    if (this.#views === undefined) return Promise.reject(screenUnknown());
    return Promise.resolve(scrollback === 0 ? this.#views.snapshot : this.#views.longSnapshot);
  }

  screen(scrollback: number): Promise<ScreenText> {
    if (this.#views === undefined) return Promise.reject(screenUnknown());
    const { screen, longScreen } = this.#views;
    const above = longScreen.text.split('\n');
    // What the short text has is the end of the long one.
    const shown = screen.text === '' ? 0 : screen.text.split('\n').length;
    above.length -= Math.min(above.length, shown);
    const lines = scrollback === 0 ? [] : above.slice(-scrollback);
    return Promise.resolve({ ...screen, text: [...lines, screen.text].join('\n') });
  }

  /** Lets go of all but the last bytes. */
  trim(): void {
    const start = Math.max(this.start, this.end - PAST_BYTES);
    this.#bytes = bytesAt(start, copyBytes(this.#bytes, start, PAST_BYTES));
  }
}

/** Bytes that begin at offset `start`. */
export function bytesAt(start: number, bytes: Uint8Array): ByteSource {
  return {
    start,
    end: start + bytes.length,
    read: (offset, maxBytes) => bytes.subarray(offset - start, offset - start + maxBytes),
  };
}

function screenUnknown(): HubError<'mirror.failed'> {
  return fail(
    'mirror.failed',
    'The last screen of this session is not known. "botster session log" shows its output.',
  );
}
