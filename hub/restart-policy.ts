/**
 * When a dead worker starts again, and when it does not any more.
 *
 * Waits grow exponentially with jitter, so that a broken dependency is not hammered and workers do not restart in
 * step; a worker that served for a while starts from the shortest wait again. More restarts within a period than the
 * intensity allows mean that restarting does not help.
 */

/** Wait before the first restart. A crash is repaired before a person notices. */
export const BASE_DELAY_MS = 100;
/** Longest wait between restarts. */
export const MAX_DELAY_MS = 5_000;
/** Serving this long ends a series of deaths. */
export const STABLE_MS = 30_000;
/** More than a few crashes a minute are a defect, not an accident. */
export const DEFAULT_INTENSITY = { max: 5, perMs: 60_000 } as const;

export interface Intensity {
  readonly max: number;
  readonly perMs: number;
}

export class RestartPolicy {
  readonly #intensity: Intensity;
  readonly #random: () => number;
  /** Times of the restarts within the period; never more than `max`. */
  #restartsMs: number[] = [];
  #series = 0;

  /** `random` gives [0, 1). */
  constructor(intensity: Intensity, random: () => number) {
    this.#intensity = intensity;
    this.#random = random;
  }

  /**
   * Counts a death. Returns how long to wait before the restart, between half and all of the nominal wait, or
   * undefined if the intensity is exceeded. `servedMs`: how long the worker had served.
   */
  delayAfterDeath(nowMs: number, servedMs: number): number | undefined {
    const { max, perMs } = this.#intensity;
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs < perMs);
    if (this.#restartsMs.length >= max) return undefined;
    this.#restartsMs.push(nowMs);
    if (servedMs >= STABLE_MS) this.#series = 0;
    const nominalMs = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** this.#series++);
    return nominalMs * (0.5 + this.#random() / 2);
  }
}
