/**
 * Frames of several flows, whose turn it is: each flow in its own order, none kept waiting by another that has much.
 *
 * Deficit round robin with a list of fresh flows that go first, as fq_codel has it (RFC 8290): what somebody types in
 * one session is echoed between two frames of the sessions that flood. A flow that was fresh waits its turn once before
 * it is fresh again, so that many small ones cannot starve a large one.
 */
export interface Queued {
  readonly frame: Uint8Array;
  /** Its last byte has been taken. */
  readonly onTaken: (() => void) | undefined;
}

interface Flow {
  readonly id: number;
  readonly frames: Queued[];
  /** Bytes that it may take before another's turn. */
  deficit: number;
}

export const QUANTUM_BYTES = 4 * 1024;

export class FairFlows {
  readonly #flows = new Map<number, Flow>();
  readonly #fresh: Flow[] = [];
  readonly #old: Flow[] = [];

  push(id: number, queued: Queued): void {
    const known = this.#flows.get(id);
    if (known !== undefined) {
      known.frames.push(queued);
      return;
    }
    const flow: Flow = { id, frames: [queued], deficit: QUANTUM_BYTES };
    this.#flows.set(id, flow);
    this.#fresh.push(flow);
  }

  /** The next frame; undefined if there is none. */
  shift(): Queued | undefined {
    for (;;) {
      const list = this.#fresh.length > 0 ? this.#fresh : this.#old;
      const flow = list[0];
      if (flow === undefined) return undefined;
      if (flow.deficit <= 0) {
        flow.deficit += QUANTUM_BYTES;
        list.shift();
        this.#old.push(flow);
        continue;
      }
      const next = flow.frames.shift();
      if (next !== undefined) {
        flow.deficit -= next.frame.length;
        return next;
      }
      list.shift();
      if (list === this.#fresh && this.#old.length > 0) this.#old.push(flow);
      else this.#flows.delete(flow.id);
    }
  }
}
