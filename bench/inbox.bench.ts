/** Events through inbox and loop to a Lua observer, and control events while bulk floods. */
import { EventEmitter } from 'node:events';
import { Counters } from '../base/counters.js';
import { laneTable } from '../base/event-lanes.js';
import type { Logger } from '../base/log.js';
import { RealClock } from '../base/real-clock.js';
import { t } from '../base/schema.js';
import { Inbox } from '../hub/inbox.js';
import { Loop } from '../hub/loop.js';
import { type EventsOf, event } from '../primitives/define.js';
import { openBenchHub } from './bench-hub.js';
import { type Bench, figure, percentile } from './measure.js';

const definition = {
  name: 'bench',
  events: {
    fact: event('bulk', 'Something that Lua observes.', { n: t.int(), text: t.str }),
    pong: event('control', 'Something that must not wait.', { sentMs: t.num() }),
  },
} as const;
type BenchEvent = EventsOf<typeof definition>;

const silent: Logger = { log: () => undefined, child: () => silent };
const FLOOD_MS = 2_000;

export const inbox: Bench = {
  name: 'inbox',
  async run() {
    const { hub, engine, ...opened } = openBenchHub();
    await engine.load('seen = 0 events.on("bench.fact", function(e) seen = seen + 1 end)', '=bench');
    const latencies: number[] = [];
    const counters = new Counters();
    const box = new Inbox<BenchEvent>({ lanes: laneTable([definition]), counters, log: silent });
    const loop = new Loop<BenchEvent>({
      inbox: box,
      clock: new RealClock(),
      log: silent,
      counters,
      handlers: {
        'bench.fact': ({ n, text }) => hub.notify('bench.fact', { n, text }),
        'bench.pong': ({ sentMs }) => void latencies.push(performance.now() - sentMs),
      },
    });
    hub.loop.stop();
    loop.addBackground(hub.scheduler);
    loop.start();

    for (let i = 0; i < 200; i++) {
      box.post({ type: 'bench.pong', sentMs: performance.now() });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const calm = latencies.splice(0);

    const startMs = performance.now();
    let posted = 0;
    let nextPongMs = startMs;
    while (performance.now() - startMs < FLOOD_MS) {
      for (let i = 0; i < 500 && box.length('bulk') < 20_000 && engine.tasks.ready < 20_000; i++) {
        box.post({ type: 'bench.fact', n: posted++, text: 'some text' });
      }
      if (performance.now() >= nextPongMs) {
        box.post({ type: 'bench.pong', sentMs: performance.now() });
        nextPongMs += 5;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (box.pending || hub.scheduler.pending) await new Promise((resolve) => setImmediate(resolve));
    const seconds = (performance.now() - startMs) / 1000;
    loop.stop();
    hub.loop.addBackground(hub.scheduler);
    hub.loop.start();
    const [seen] = await engine.load('return seen', '=bench');
    if (seen !== posted) throw new Error(`${posted} events were posted, Lua saw ${String(seen)}`);
    await opened.close();
    return [
      figure(
        'events through the inbox to a Lua observer',
        posted / seconds,
        '1/s',
        { atLeast: 100_000 },
        {
          name: 'EventEmitter.emit in JS',
          value: emitterRate(),
        },
      ),
      figure(
        'control event p99 while bulk floods',
        percentile(latencies, 0.99),
        'ms',
        { atMost: 10 },
        {
          name: 'control event p99, nothing else going on',
          value: percentile(calm, 0.99),
        },
      ),
      figure(
        'control event max while bulk floods',
        Math.max(...latencies),
        'ms',
        {},
        {
          name: 'control event max, nothing else going on',
          value: Math.max(...calm),
        },
      ),
    ];
  },
};

function emitterRate(): number {
  const emitter = new EventEmitter();
  let seen = 0;
  emitter.on('fact', (fact: { n: number }) => {
    seen += fact.n > -1 ? 1 : 0;
  });
  const startMs = performance.now();
  while (performance.now() - startMs < 200) {
    for (let i = 0; i < 1_000; i++) emitter.emit('fact', { type: 'bench.fact', n: i, text: 'some text' });
  }
  return seen / 0.2;
}
