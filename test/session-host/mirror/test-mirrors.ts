/** Mirrors with a real thread, and sessions that keep what they wrote, as the session host's do. */
import { Counters } from '../../../base/counters.js';
import { RealClock } from '../../../base/real-clock.js';
import type { MirrorPort, MirrorThreadOptions } from '../../../session-host/mirror/mirror-thread.js';
import type { Mirror, MirrorFact } from '../../../session-host/mirror/mirror-types.js';
import { Mirrors } from '../../../session-host/mirror/mirrors.js';
import { MemoryLog } from '../../support/memory-log.js';
import { until } from '../../support/until.js';

export interface TestSession {
  readonly mirror: Mirror;
  readonly facts: MirrorFact[];
  /** All answers, one after the other. */
  readonly replies: () => string;
  readonly write: (text: string | Uint8Array) => void;
  /** Resolves when everything written has been parsed. */
  readonly parsed: () => Promise<unknown>;
  readonly text: () => Promise<string>;
}

export class TestMirrors {
  readonly counters = new Counters();
  readonly log = new MemoryLog();
  readonly mirrors: Mirrors;

  constructor(startThread?: (options: MirrorThreadOptions) => MirrorPort) {
    const clock = new RealClock();
    const { counters, log } = this;
    this.mirrors = new Mirrors({
      clock,
      counters,
      log,
      ...(startThread === undefined ? {} : { startThread }),
    });
  }

  session({ rows = 24, cols = 80, name = 'test' } = {}): TestSession {
    const written: Uint8Array[] = [];
    const facts: MirrorFact[] = [];
    let replies = '';
    const mirror = this.mirrors.open(
      { rows, cols, name },
      {
        onParsed: () => undefined,
        onReply: (bytes) => {
          replies += Buffer.from(bytes).toString();
        },
        onFact: (fact) => facts.push(fact),
      },
      () => written,
    );
    return {
      mirror,
      facts,
      replies: () => replies,
      write: (text) => {
        const bytes = Buffer.from(text);
        written.push(bytes);
        mirror.write(bytes);
      },
      parsed: () => until(() => mirror.lag === 0),
      text: async () => (await mirror.screen({ scrollback: 0 })).text,
    };
  }

  close(): Promise<void> {
    return this.mirrors.close();
  }
}
