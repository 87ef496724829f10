/**
 * What the rest of the session host sees of screen mirrors: one per session, all on one worker thread (mirrors.ts).
 *
 * A mirror parses a session's bytes in order and knows the screen at every offset it has parsed up to. Everything it
 * gives names that offset.
 */
import type { SessionModes } from '../../protocol/session.js';

export interface Snapshot {
  /** The screen is the one after this many bytes. */
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  /** VT text: a terminal of this size shows the screen, with all modes, after a full reset (RIS) and these bytes. */
  readonly bytes: Uint8Array;
}

export interface ScreenText {
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  /** One line per row, trailing blanks and trailing empty rows removed; scrollback lines before them. */
  readonly text: string;
  readonly cursor: { readonly row: number; readonly col: number; readonly visible: boolean };
}

/** What the program said through its output. */
export type MirrorFact =
  | { readonly type: 'title'; readonly title: string }
  | { readonly type: 'cwd'; readonly cwd: string }
  | { readonly type: 'modes'; readonly modes: SessionModes }
  | { readonly type: 'bell' }
  | { readonly type: 'notification'; readonly title?: string; readonly body: string }
  | { readonly type: 'prompt'; readonly mark: 'A' | 'B' | 'C' | 'D'; readonly exit_code?: number }
  | { readonly type: 'trouble'; readonly code: string; readonly message: string };

export interface MirrorHandlers {
  /** The mirror got further: `lag` is smaller than before, or `held` is another. */
  readonly onParsed: () => void;
  /** An answer to a terminal query, to be written to the PTY. */
  readonly onReply: (bytes: Uint8Array) => void;
  readonly onFact: (fact: MirrorFact) => void;
}

export interface Mirror {
  /** Bytes written and not parsed yet. With more than a limit that are not held, the session pauses its PTY. */
  readonly lag: number;
  /** Those of them that need no parsing if more like them follow; the mirror has put them by for some milliseconds. */
  readonly held: number;
  /** Takes the next bytes; keeps no reference to the array after it returns. Parsed within a few milliseconds. */
  write(bytes: Uint8Array): void;
  /** Takes effect between what was written before and what is written after. */
  resize(rows: number, cols: number): void;
  /** The screen after what has been parsed by the time the worker gets to it. Errors: mirror.failed. */
  snapshot(options: { readonly scrollback: number }): Promise<Snapshot>;
  /** The screen after all that has been written, or later. Errors: mirror.failed. */
  screen(options: { readonly scrollback: number }): Promise<ScreenText>;
  close(): void;
}
