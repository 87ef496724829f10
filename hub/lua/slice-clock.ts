/**
 * How long a task may run: its slice, and the stretch in code that cannot be paused. All in milliseconds.
 *
 * Keeps true: a limit is reached when both the clock and the CPU say so. On a machine that is busy with something else,
 * a task that got no CPU must not be ended for it. CPU time is the process's, so other threads of the hub count too,
 * which only makes this less kind.
 */

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What is taken for CPU time of a first slice's beginning, at most: more looks like a machine that did something else. */
const FIRST_GAP_MS = 1;

/** Shorter slices count by the clock. */
const SHORT_MS = 1;

export class SliceClock {
  readonly #readCpuMs: () => number;
  /** CPU time when it was read last: a bound for what has been used since. */
  #seenCpuMs: number;
  /** Time between the last two looks. */
  gapMs = 0;
  #lookedMs = 0;
  #beganMs = 0;
  /** Unknown until a task's first slice has lasted to a look: asking costs a microsecond, and most tasks end before. */
  #beganCpuMs: number | undefined;
  #sliceEndMs = Infinity;
  #hardMs = Infinity;
  #hardEndMs = Infinity;
  /** The same on the scale of CPU time; unknown until the clock has reached it. */
  #hardCpuEndMs: number | undefined;

  constructor(cpuMs: () => number = processCpuMs) {
    this.#readCpuMs = cpuMs;
    this.#seenCpuMs = cpuMs();
  }

  /** A slice begins that ends at `untilMs` (performance.now()), or when the task's `leftMs` are used. */
  begin(untilMs: number, leftMs: number, hardMs: number, isFirst: boolean): void {
    this.#beganMs = performance.now();
    this.#lookedMs = this.#beganMs;
    this.#beganCpuMs = isFirst ? undefined : this.#cpuMs();
    this.#sliceEndMs = Math.min(untilMs, this.#beganMs + leftMs);
    this.#hardMs = Math.min(hardMs, leftMs);
    this.#hardEndMs = this.#beganMs + this.#hardMs;
    this.#hardCpuEndMs = undefined;
  }

  /** From now on there are `ms` for what must still run, and they cannot be extended by pausing. */
  beginLast(ms: number): void {
    this.#sliceEndMs = performance.now() + ms;
    this.#hardEndMs = this.#sliceEndMs;
    this.#hardCpuEndMs = this.#cpuMs() + ms;
  }

  /** No slice runs. */
  stop(): void {
    this.#sliceEndMs = Infinity;
  }

  /** For the hook, every microsecond or so: sets `gapMs`, and answers whether the slice is over. */
  look(): boolean {
    const nowMs = performance.now();
    this.gapMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    this.#beganCpuMs ??= this.#cpuMs() - Math.min(this.gapMs, FIRST_GAP_MS);
    return nowMs >= this.#sliceEndMs;
  }

  /** Whether the task should pause where it can. */
  sliceOver(): boolean {
    return performance.now() >= this.#sliceEndMs;
  }

  /** Whether code that cannot be paused has had its time. */
  hardLimitReached(): boolean {
    const nowMs = performance.now();
    if (nowMs < this.#sliceEndMs || nowMs < this.#hardEndMs) return false;
    const cpuMs = this.#cpuMs();
    this.#hardCpuEndMs ??= (this.#beganCpuMs ?? cpuMs) + this.#hardMs;
    const missingMs = this.#hardCpuEndMs - cpuMs;
    if (missingMs > 0) this.#hardEndMs = nowMs + missingMs;
    return missingMs <= 0;
  }

  /** What the slice used. */
  spentMs(): number {
    const elapsedMs = performance.now() - this.#beganMs;
    const beganCpuMs = this.#beganCpuMs ?? this.#seenCpuMs;
    if (this.#beganCpuMs === undefined && elapsedMs < SHORT_MS) return elapsedMs;
    return Math.min(elapsedMs, this.#cpuMs() - beganCpuMs);
  }

  #cpuMs(): number {
    this.#seenCpuMs = this.#readCpuMs();
    return this.#seenCpuMs;
  }
}
