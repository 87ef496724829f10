/**
 * Which size a session has, with several clients looking at it.
 *
 * `latest`: that of the client who typed, attached or focused last; when that one leaves, the session keeps its size.
 * `smallest`: what fits into every view. `pinned`: what was set, whatever the clients do. A client that gave no size
 * only looks on and has no say. Pure: it answers with the size to take on, and the session does it.
 */
import type { SizePolicy } from '../protocol/session.js';

export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

/** One client's view, or whatever stands for it. */
type Viewer = object;

interface View extends TerminalSize {
  /** Larger: acted later. */
  readonly acted: number;
}

export class SizeArbiter {
  #policy: SizePolicy;
  readonly #views = new Map<Viewer, View>();
  #clock = 0;

  constructor(policy: SizePolicy) {
    this.#policy = policy;
  }

  get policy(): SizePolicy {
    return this.#policy;
  }

  /** Another policy. Gives the size to take on, if one follows from it. */
  setPolicy(policy: SizePolicy): TerminalSize | undefined {
    this.#policy = policy;
    return this.#wanted();
  }

  /** A viewer came, or its window changed. It counts as acting only if it is new or says so. */
  view(viewer: Viewer, size: TerminalSize, acted: boolean): TerminalSize | undefined {
    const before = this.#views.get(viewer);
    const { rows, cols } = size;
    this.#views.set(viewer, {
      rows,
      cols,
      acted: acted || before === undefined ? ++this.#clock : before.acted,
    });
    return this.#wanted();
  }

  /** A viewer typed, or its window was focused. */
  acted(viewer: Viewer): TerminalSize | undefined {
    const view = this.#views.get(viewer);
    // Who acted last already is by far the most frequent case: each key comes here.
    if (view === undefined || view.acted === this.#clock) return undefined;
    this.#views.set(viewer, { ...view, acted: ++this.#clock });
    return this.#policy === 'latest' ? this.#wanted() : undefined;
  }

  left(viewer: Viewer): TerminalSize | undefined {
    if (!this.#views.delete(viewer)) return undefined;
    return this.#policy === 'smallest' ? this.#wanted() : undefined;
  }

  #wanted(): TerminalSize | undefined {
    const views = [...this.#views.values()];
    if (views.length === 0 || this.#policy === 'pinned') return undefined;
    if (this.#policy === 'smallest') {
      return {
        rows: Math.min(...views.map(({ rows }) => rows)),
        cols: Math.min(...views.map(({ cols }) => cols)),
      };
    }
    return views.reduce((latest, view) => (view.acted > latest.acted ? view : latest));
  }
}
