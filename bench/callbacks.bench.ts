/** A million callbacks registered and removed: what stays behind, in either heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { t } from '../base/schema.js';
import type { Callback } from '../base/values.js';
import { addFunctions, openBenchHub } from './bench-hub.js';
import { type Bench, elapsedMs, figure } from './measure.js';

const BATCH = 100_000;

export const callbacks: Bench = {
  name: 'callbacks',
  async run() {
    const { engine, ...opened } = openBenchHub();
    const collect = garbageCollector();
    const live: Callback[] = [];
    addFunctions(engine, {
      add: { params: [t.fn()], call: (callback: Callback) => void live.push(callback) },
      del: { call: () => live.pop()?.release() },
    });
    const batch = (): Promise<unknown> =>
      engine.load(
        `local add, del = B.add, B.del
         for _ = 1, ${BATCH / 1000} do
           for i = 1, 1000 do add(function() return i end) end
           for _ = 1, 1000 do del() end
         end`,
        '=bench',
      );
    const heaps = async (): Promise<{ lua: number; js: number }> => {
      const [kib] = await engine.load(
        'collectgarbage() collectgarbage() return collectgarbage("count")',
        '=bench',
      );
      collect();
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      return { lua: Number(kib) * 1024, js: process.memoryUsage().heapUsed };
    };
    for (let i = 0; i < 3; i++) await batch();
    const before = await heaps();
    const ms = await elapsedMs(async () => {
      for (let i = 0; i < 10; i++) await batch();
    });
    const after = await heaps();
    const mapMs = await elapsedMs(() => {
      const held = new Map<number, () => number>();
      for (let i = 0; i < 10 * BATCH; i++) {
        held.set(i, () => i);
        if (i >= 1_000) held.delete(i - 1_000);
      }
    });
    await opened.close();
    return [
      figure(
        'register and remove a callback, mean of a million',
        (ms * 1000) / (10 * BATCH),
        'us',
        {},
        {
          name: 'add a closure to a JS Map and delete it',
          value: (mapMs * 1000) / (10 * BATCH),
        },
      ),
      figure(
        'Lua heap after a million more, growth',
        after.lua - before.lua,
        'bytes',
        { atMost: 16_384 },
        {
          name: 'Lua heap before',
          value: before.lua,
        },
      ),
      figure(
        'JS heap after a million more, growth',
        after.js - before.js,
        'bytes',
        { atMost: 524_288 },
        {
          name: 'JS heap before',
          value: before.js,
        },
      ),
    ];
  },
};

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
