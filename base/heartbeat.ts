/**
 * The age of the hub's loop, in memory that every thread of the process can read without asking the loop.
 *
 * The loop beats at each turn and its probe beats while it sleeps, so a healthy loop is never older than the probe's
 * interval; an age that grows means that something holds the main thread, and `running` says what it was.
 * Here and not in hub/, because the readers are the workers of primitives/. Both sides must use one clock: the
 * RealClock of their thread. Resolution is 1 ms; ages up to 24 days are right.
 */

const AGE_CELL = 0;
const LABEL_LENGTH_CELL = 1;
const LABEL_OFFSET_BYTES = 8;
/** Longest label kept, in bytes: an engine's name. */
export const MAX_LABEL_BYTES = 64;

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

/** The loop's side. */
export class Heartbeat {
  readonly buffer = new SharedArrayBuffer(LABEL_OFFSET_BYTES + MAX_LABEL_BYTES);
  readonly #cells = new Int32Array(this.buffer, 0, 2);
  readonly #label = new Uint8Array(this.buffer, LABEL_OFFSET_BYTES);
  /** What `running` named last, and its length: the same plugin often runs many times in a row. */
  #lastLabel = '';
  #lastLabelBytes = 0;

  constructor(nowMs: number) {
    this.beat(nowMs);
  }

  beat(nowMs: number): void {
    Atomics.store(this.#cells, AGE_CELL, toCell(nowMs));
  }

  /** Names what holds the thread from now on (an engine); undefined: nothing in particular. Cheap enough per task. */
  running(label: string | undefined): void {
    if (label === undefined) {
      Atomics.store(this.#cells, LABEL_LENGTH_CELL, 0);
      return;
    }
    if (label !== this.#lastLabel) {
      const bytes = utf8.encoder.encode(label).subarray(0, MAX_LABEL_BYTES);
      this.#label.set(bytes);
      this.#lastLabel = label;
      this.#lastLabelBytes = bytes.length;
    }
    Atomics.store(this.#cells, LABEL_LENGTH_CELL, this.#lastLabelBytes);
  }
}

/** A worker's side. */
export class HeartbeatReader {
  readonly #cells: Int32Array;
  readonly #label: Uint8Array;
  readonly #nowMs: () => number;

  constructor(buffer: SharedArrayBuffer, nowMs: () => number) {
    this.#cells = new Int32Array(buffer, 0, 2);
    this.#label = new Uint8Array(buffer, LABEL_OFFSET_BYTES, MAX_LABEL_BYTES);
    this.#nowMs = nowMs;
  }

  /** Milliseconds since the loop's last sign of life. */
  ageMs(): number {
    // The difference is taken modulo 2^32, so a cell that wrapped still gives the right age.
    return Math.max(0, (toCell(this.#nowMs()) - Atomics.load(this.#cells, AGE_CELL)) | 0);
  }

  /** What held the loop at its last sign of life, if it named something. Exact once the loop is stuck. */
  running(): string | undefined {
    const length = Atomics.load(this.#cells, LABEL_LENGTH_CELL);
    // Decoders refuse shared memory, hence the copy.
    return length === 0 ? undefined : utf8.decoder.decode(this.#label.slice(0, length));
  }
}

function toCell(nowMs: number): number {
  return Math.floor(nowMs) | 0;
}
