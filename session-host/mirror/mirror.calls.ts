/**
 * What the session host and its mirror thread say to each other. Imported type-only by both sides.
 *
 * Messages about one mirror are carried out in the order sent, except that snapshots and texts do not wait for bytes
 * that are still queued: their offset says how far the screen is.
 */
import type { MirrorFact, ScreenText, Snapshot } from './mirror-types.js';

export interface MirrorThreadData {
  /** One Int32: the id of the mirror whose bytes are being parsed, 0 between them. Tells who killed the thread. */
  readonly busy: SharedArrayBuffer;
}

export type ToMirrors =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly rows: number;
      readonly cols: number;
      readonly scrollback_lines: number;
      /** Bytes before the first one that will be written. */
      readonly offset: number;
    }
  /** `again`: bytes that were parsed before. Their questions have been answered, their bells have rung. */
  | { readonly kind: 'write'; readonly id: number; readonly bytes: Uint8Array; readonly again: boolean }
  | { readonly kind: 'resize'; readonly id: number; readonly rows: number; readonly cols: number }
  | {
      readonly kind: 'snapshot' | 'screen';
      readonly id: number;
      readonly request: number;
      readonly scrollback: number;
    }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'ping' };

export type FromMirrors =
  | { readonly kind: 'ready' | 'pong' }
  | {
      readonly kind: 'batch';
      readonly parsed: readonly Parsed[];
      readonly said: readonly Said[];
      /** Counters to raise. */
      readonly counts: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'snapshot'; readonly request: number; readonly snapshot: Snapshot }
  | { readonly kind: 'screen'; readonly request: number; readonly screen: ScreenText }
  /** A snapshot or text could not be made: our bug. */
  | { readonly kind: 'refused'; readonly request: number; readonly message: string }
  /** The emulator threw outside of what is contained; this mirror is gone from the thread. */
  | { readonly kind: 'broken'; readonly id: number; readonly message: string };

/** How far a mirror is. */
export interface Parsed {
  readonly id: number;
  readonly offset: number;
  /** Bytes behind `offset` that are put by: they may never need parsing. */
  readonly held: number;
}

/** What a mirror has to tell, in order. */
export type Said = { readonly id: number } & (
  | { readonly reply: string }
  | { readonly fact: MirrorFact }
  /** The first time that something of the emulator threw; the sequence was skipped. */
  | { readonly error: string }
);
