/**
 * How far the making of a worktree is: what git says of it, and not more often than somebody can see it.
 */

export type Stage = 'branch' | 'checkout' | 'submodules' | 'copy';

export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  /** Of the stage, 0 to 100. */
  readonly percent: number;
}

/** Ten a second look smooth, and cost nobody anything. */
const INTERVAL_MS = 100;

/** Passes on the newest state at most ten times a second. */
export class ProgressMeter {
  readonly #emit: (progress: Progress) => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #held: Progress | undefined;
  #later: NodeJS.Timeout | undefined;
  #last: Progress | undefined;

  constructor(emit: (progress: Progress) => void) {
    this.#emit = emit;
  }

  report(stage: Stage, done: number, total: number): void {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    this.#held = { stage, done, total, percent };
    const waitMs = this.#lastMs + INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.#flush();
    else this.#later ??= setTimeout(() => this.#flush(), waitMs);
  }

  /** The work is done: says so, at once. */
  finish(): void {
    const last = this.#held ?? this.#last;
    if (last === undefined) return;
    if (last.percent < 100 || last.done < last.total) {
      this.#held = { ...last, done: last.total, percent: 100 };
    }
    if (this.#held !== undefined) this.#flush();
  }

  /** Says nothing any more. */
  stop(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#held = undefined;
  }

  #flush(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    if (this.#held === undefined) return;
    this.#last = this.#held;
    this.#held = undefined;
    this.#lastMs = performance.now();
    this.#emit(this.#last);
  }
}

/** Finds git's `Updating files:  42% (4200/10000)` in what it says, in pieces cut anywhere. */
export function checkoutProgress(onProgress: (done: number, total: number) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    // Git ends each state with a return, the last one with a line break.
    const lines = (rest + text).split(/[\r\n]/);
    rest = (lines.pop() ?? '').slice(-1_000);
    for (const line of lines) {
      const found = /^(?:Updating|Checking out) files:\s+\d+% \((\d+)\/(\d+)\)/.exec(line);
      if (found !== null) onProgress(Number(found[1]), Number(found[2]));
    }
  };
}
