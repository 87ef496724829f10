/** What a session shows: its bytes and its screen, of a running command or of one that ended. */
import type { ScreenText, Snapshot } from './mirror/mirror-types.js';

/** Bytes by offset. */
export interface ByteSource {
  /** Offset of the first byte that it still has in memory, and of the next byte to come. */
  readonly start: number;
  readonly end: number;
  /** Bytes from `offset` on, at least one if there is one; valid until the next byte comes. */
  read(offset: number, maxBytes: number): Uint8Array;
}

export interface Terminal extends ByteSource {
  readonly rows: number;
  readonly cols: number;
  /** Offset from which on it has this size. */
  readonly sizedAt: number;
  /** With at most `scrollback` lines above the screen. Errors: mirror.failed. */
  snapshot(scrollback: number): Promise<Snapshot>;
  /** After all that it has printed. Errors: mirror.failed. */
  screen(scrollback: number): Promise<ScreenText>;
}

/** A copy of at most `maxBytes` from `offset` on, which the source has. */
export function copyBytes(source: ByteSource, offset: number, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(maxBytes, source.end - offset));
  for (let filled = 0; filled < bytes.length; ) {
    const piece = source.read(offset + filled, bytes.length - filled);
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}
