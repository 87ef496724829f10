/**
 * What a figure is, and how it is taken: medians of several rounds, beside a reference measured in the same run.
 *
 * Machines are shared and noisy, so the ratio to the reference is what can be compared between runs; the absolute
 * value is what the goal is stated in. Nothing here asserts; `met` says whether the goal was reached this time.
 */

export interface Figure {
  /** Subject and case: `host call, no arguments`. */
  readonly name: string;
  readonly value: number;
  readonly unit: 'us' | 'ms' | 's' | 'GB/s' | 'MB/s' | '1/s' | '%' | 'MB' | 'bytes' | '';
  /** The goal, where there is one: `<= 1`. */
  readonly goal?: string;
  readonly met?: boolean;
  /** What it is compared with, measured in the same run, in the same unit. */
  readonly reference?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
}

export interface Bench {
  readonly name: string;
  run(): Promise<Figure[]>;
}

interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
}

export function figure(
  name: string,
  value: number,
  unit: Figure['unit'],
  goal: Goal = {},
  reference?: Figure['reference'],
): Figure {
  const { atMost, atLeast } = goal;
  const met = (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
  const stated =
    atMost === undefined ? (atLeast === undefined ? undefined : `>= ${atLeast}`) : `<= ${atMost}`;
  return {
    name,
    value: round(value),
    unit,
    ...(stated === undefined ? {} : { goal: stated, met }),
    ...(reference === undefined
      ? {}
      : {
          reference: { ...reference, value: round(reference.value) },
          ratio: round(value / reference.value),
        }),
  };
}

/** The median of `rounds` runs of `once`, after one that is not counted. */
export async function median(rounds: number, once: () => number | Promise<number>): Promise<number> {
  await once();
  const values: number[] = [];
  for (let i = 0; i < rounds; i++) values.push(await once());
  return percentile(values, 0.5);
}

/** Milliseconds that `work` takes. */
export async function elapsedMs(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
