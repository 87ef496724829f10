/** A plugin that loops for ever inside of pcall: what the loop feels meanwhile, and when it is ended. */
import { LuaError } from '../hub/lua/task.js';
import { openBenchHub } from './bench-hub.js';
import { type Bench, figure, percentile } from './measure.js';

const BUDGET_MS = 1_000;
const LOOP = 'while true do pcall(function() while true do end end) end';

export const runaway: Bench = {
  name: 'runaway plugin',
  async run() {
    const { engine, ...opened } = openBenchHub({ loadBudgetMs: BUDGET_MS });
    const idle = await turns(() => new Promise((resolve) => setTimeout(resolve, 300)));
    let endedMs = 0;
    const busy = await turns(async () => {
      const startMs = performance.now();
      const error = await engine.load(LOOP, '=runaway').catch((thrown: unknown) => thrown);
      endedMs = performance.now() - startMs;
      if (!(error instanceof LuaError) || error.kind !== 'budget')
        throw new Error('it was not ended by its budget');
    });
    await opened.close();
    return [
      figure(
        'loop turn p50 while it runs',
        percentile(busy, 0.5),
        'ms',
        {},
        {
          name: 'loop turn p50, idle',
          value: percentile(idle, 0.5),
        },
      ),
      figure(
        'loop turn p99 while it runs',
        percentile(busy, 0.99),
        'ms',
        { atMost: 10 },
        {
          name: 'loop turn p99, idle',
          value: percentile(idle, 0.99),
        },
      ),
      figure(
        'loop turn max while it runs',
        max(busy),
        'ms',
        {},
        { name: 'loop turn max, idle', value: max(idle) },
      ),
      figure(
        `ended after, with a budget of ${BUDGET_MS} ms`,
        endedMs,
        'ms',
        { atMost: BUDGET_MS + 50 },
        {
          name: 'budget',
          value: BUDGET_MS,
        },
      ),
    ];
  },
};

/** Of more values than a call takes arguments. */
function max(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** The time between two looks at the event loop, while `work` goes on. */
async function turns(work: () => Promise<unknown>): Promise<number[]> {
  const gaps: number[] = [];
  let lastMs = performance.now();
  let working = true;
  const look = (): void => {
    const nowMs = performance.now();
    gaps.push(nowMs - lastMs);
    lastMs = nowMs;
    if (working) setImmediate(look);
  };
  setImmediate(look);
  await work();
  working = false;
  return gaps;
}
