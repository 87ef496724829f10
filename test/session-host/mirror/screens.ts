/** Screens without a thread around them. */
import type { MirrorFact } from '../../../session-host/mirror/mirror-types.js';
import { Screen } from '../../../session-host/mirror/screen.js';

export interface Said {
  readonly replies: string[];
  readonly facts: MirrorFact[];
  readonly counts: string[];
}

export interface TestScreenOptions {
  readonly rows?: number;
  readonly cols?: number;
  readonly scrollbackLines?: number;
  readonly said?: Said;
  readonly reply?: (text: string) => void;
  readonly nowMs?: () => number;
}

export function nothingSaid(): Said {
  return { replies: [], facts: [], counts: [] };
}

/** What an emulator's handler throws fails the test, unless `said` is there to be looked at. */
export function newScreen(options: TestScreenOptions = {}): Screen {
  const { rows = 24, cols = 80, scrollbackLines = 2_000, said, reply, nowMs = () => 0 } = options;
  return new Screen({
    rows,
    cols,
    scrollbackLines,
    nowMs,
    output: {
      reply: (text) => {
        said?.replies.push(text);
        reply?.(text);
      },
      fact: (fact) => void said?.facts.push(fact),
      count: (name, thrown) => {
        if (said === undefined && thrown !== undefined) throw thrown;
        said?.counts.push(name);
      },
    },
  });
}

export function snapshotOf(screen: Screen, scrollback = 0): Uint8Array {
  const steps = screen.snapshot(scrollback);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A screen of the same size that got the snapshot of this one. */
export function copyOf(screen: Screen, scrollback = 0): Screen {
  const copy = newScreen({ rows: screen.rows, cols: screen.cols });
  copy.write(snapshotOf(screen, scrollback));
  return copy;
}
