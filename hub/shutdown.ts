/**
 * The way out: named steps in order, each with its own time, and an end that comes whatever they do.
 *
 * A step that fails or hangs is reported and the next one runs; when the total time is over, or a second signal
 * comes, the process exits at once. Exits exactly once. What a step does is its owner's business.
 * A step that blocks the thread cannot be cut short from here; steps are asynchronous.
 */
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { Disposable } from '../base/scope.js';

/** Longest graceful shutdown. A person who pressed Ctrl-C waits for it. */
export const SHUTDOWN_MS = 5_000;

/** By convention 128 plus the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** For a shutdown that had to be cut short. */
export const EXIT_CUT_SHORT = 70;

export interface ShutdownStep {
  readonly name: string;
  /** Its share of the time. The total may be less than the sum: late steps get what is left. */
  readonly maxMs: number;
  /** `signal` aborts when the step's time is over; the result is then ignored. */
  run(signal: AbortSignal): void | Promise<void>;
}

export interface StepReport {
  readonly name: string;
  readonly outcome: 'done' | 'failed' | 'hung' | 'skipped';
  readonly ms: number;
}

export interface SignalSource {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
}

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the process: `process.exit`. */
  readonly exit: (code: number) => void;
  readonly totalMs?: number;
}

export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #totalMs: number;
  readonly #steps: ShutdownStep[] = [];
  #running: Promise<void> | undefined;
  #reason = '';
  #exited = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
    this.#totalMs = options.totalMs ?? SHUTDOWN_MS;
  }

  /** Whether a shutdown has begun. */
  get begun(): boolean {
    return this.#running !== undefined;
  }

  /** Why the shutdown began; empty before. */
  get reason(): string {
    return this.#reason;
  }

  /** Appends a step. Steps run in the order added. */
  add(step: ShutdownStep): void {
    this.#steps.push(step);
  }

  /**
   * Runs the steps and exits with `code`, or with EXIT_CUT_SHORT if a step hung or was skipped. Resolves after
   * `exit`, which in tests returns. A later call joins the first.
   */
  begin(reason: string, code = 0): Promise<void> {
    if (this.#running === undefined) this.#reason = reason;
    this.#running ??= this.#run(reason, code);
    return this.#running;
  }

  /** The first SIGINT, SIGTERM or SIGHUP begins a shutdown, the second exits at once. */
  listen(signals: SignalSource): Disposable {
    const listeners = Object.entries(EXIT_CODES).map(([signal, code]) => {
      const listener = (): void => {
        if (this.begun) this.#exit(code, `${signal} during shutdown`);
        else void this.begin(signal, 0);
      };
      signals.on(signal, listener);
      return { signal, listener };
    });
    return {
      dispose: () => {
        for (const { signal, listener } of listeners) signals.off(signal, listener);
      },
    };
  }

  async #run(reason: string, code: number): Promise<void> {
    const { clock, log } = this.#options;
    log.log('info', 'shutting down', { reason });
    const startMs = clock.nowMs();
    const reports: StepReport[] = [];
    for (const step of this.#steps) {
      if (this.#exited) return;
      const leftMs = startMs + this.#totalMs - clock.nowMs();
      reports.push(await this.#runStep(step, Math.min(step.maxMs, leftMs)));
    }
    const complete = reports.every(({ outcome }) => outcome === 'done' || outcome === 'failed');
    log.log('info', 'shut down', { ms: Math.round(clock.nowMs() - startMs), steps: reports });
    this.#exit(complete ? code : EXIT_CUT_SHORT, reason);
  }

  async #runStep(step: ShutdownStep, maxMs: number): Promise<StepReport> {
    const { clock, log } = this.#options;
    const { name } = step;
    if (maxMs <= 0) {
      log.log('error', 'no time left for a shutdown step', { step: name });
      return { name, outcome: 'skipped', ms: 0 };
    }
    const startMs = clock.nowMs();
    const controller = new AbortController();
    let timer: Disposable | undefined;
    const hung = new Promise<'hung'>((resolve) => {
      timer = clock.after(maxMs, () => {
        controller.abort();
        resolve('hung');
      });
    });
    const work = attempt(() => step.run(controller.signal));
    const outcome = await Promise.race([work, hung]);
    timer?.dispose();
    const ms = Math.round(clock.nowMs() - startMs);
    if (outcome === 'hung') log.log('error', 'a shutdown step hung and is left behind', { step: name, ms });
    else if (outcome !== 'done')
      log.log('error', 'a shutdown step failed', { step: name, ms, error: outcome.failed });
    return { name, ms, outcome: typeof outcome === 'string' ? outcome : 'failed' };
  }

  #exit(code: number, reason: string): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#options.log.log('info', 'exit', { code, reason });
    this.#options.exit(code);
  }
}

async function attempt(run: () => void | Promise<void>): Promise<'done' | { readonly failed: string }> {
  try {
    await run();
    return 'done';
  } catch (thrown) {
    return { failed: messageOf(thrown) };
  }
}
