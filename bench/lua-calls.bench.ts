/** The boundary: what a call costs from Lua to the host and back, from the host to Lua, and what strings weigh. */
import { t } from '../base/schema.js';
import type { Callback } from '../base/values.js';
import { addFunctions, openBenchHub } from './bench-hub.js';
import { type Bench, elapsedMs, type Figure, figure, median } from './measure.js';

const ROUNDS = 7;
const TEXT = 'twenty characters...';

export const luaCalls: Bench = {
  name: 'lua calls',
  async run() {
    const { engine, hub, ...opened } = openBenchHub();
    let kept: Callback | undefined;
    addFunctions(engine, {
      nop: { call: () => undefined },
      text: { params: [t.str], returns: true, call: (text: string) => text },
      table: { params: [t.any], call: () => undefined },
      bytes: { params: [t.bytes], returns: true, call: (bytes: Uint8Array) => bytes },
      wait: { waits: true, call: () => Promise.resolve() },
      keep: {
        params: [t.fn()],
        call: (callback: Callback) => {
          kept = callback;
        },
      },
    });
    /** Microseconds per turn of `for i = 1, n do <body> end`. */
    const perCall = async (count: number, before: string, body: string): Promise<number> => {
      const code = `local n = ... ${before} for i = 1, n do ${body} end`;
      const ms = await median(ROUNDS, () => elapsedMs(() => engine.load(code, '=bench', [count])));
      return (ms * 1000) / count;
    };
    const figures: Figure[] = [];
    const luaCall = await perCall(300_000, 'local f = function() end', 'f()');
    const lua = { name: 'Lua to Lua call', value: luaCall };
    figures.push(
      figure(
        'host call, no arguments',
        await perCall(300_000, 'local f = B.nop', 'f()'),
        'us',
        { atMost: 1 },
        lua,
      ),
      figure(
        'host call, 20-character string both ways',
        await perCall(300_000, `local f, s = B.text, "${TEXT}"`, 'f(s)'),
        'us',
        { atMost: 2 },
        lua,
      ),
    );

    const record = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`key_${i}`, i % 2 ? `value ${i}` : i]),
    );
    const json = await median(ROUNDS, async () => {
      return (
        (await elapsedMs(() => {
          for (let i = 0; i < 20_000; i++) JSON.parse(JSON.stringify(record));
        })) / 20
      );
    });
    const table =
      'local f, t = B.table, {} for i = 0, 19 do t["key_" .. i] = i % 2 == 1 and "value " .. i or i end';
    figures.push(
      figure(
        'host call, 20-key table argument',
        await perCall(20_000, table, 'f(t)'),
        'us',
        { atMost: 15 },
        {
          name: 'JSON.stringify + JSON.parse of the same in JS',
          value: json,
        },
      ),
    );

    const yieldUs = await perCall(
      20_000,
      'local co = coroutine.wrap(function() while true do coroutine.yield() end end)',
      'co()',
    );
    figures.push(
      figure(
        'yield and resume of a waiting host call',
        await perCall(20_000, 'local f = B.wait', 'f()'),
        'us',
        { atMost: 10 },
        {
          name: 'coroutine.wrap resume and yield',
          value: yieldUs,
        },
      ),
    );

    await engine.load('B.keep(function() end)', '=bench');
    const calls = 50_000;
    const handlerMs = await median(ROUNDS, () =>
      elapsedMs(() => {
        for (let i = 0; i < calls; i++) kept?.call();
        while (hub.scheduler.pending) hub.scheduler.run(performance.now() + 1_000);
      }),
    );
    const plain = await plainCallUs(calls);
    figures.push(
      figure(
        'JS to Lua handler call, queued and run',
        (handlerMs * 1000) / calls,
        'us',
        { atMost: 2 },
        {
          name: 'array of JS closures, pushed and called',
          value: plain,
        },
      ),
    );

    const megabyte = 1_000_000;
    const copyMs = await median(ROUNDS, () => elapsedMs(() => copyMany(megabyte, 400)));
    const copy = { name: 'Uint8Array.slice of the same size', value: (400 * megabyte) / copyMs / 1e6 };
    for (const [name, fn, fill] of [
      ['1 MB of bytes, each way', 'bytes', '"\\xff"'],
      ['1 MB of ASCII text, each way', 'text', '"x"'],
    ] as const) {
      const code = `local f, s = B.${fn}, (${fill}):rep(${megabyte}) for i = 1, 200 do f(s) end`;
      const ms = await median(ROUNDS, () => elapsedMs(() => engine.load(code, '=bench')));
      figures.push(figure(name, (400 * megabyte) / ms / 1e6, 'GB/s', { atLeast: 1 }, copy));
    }
    await opened.close();
    return figures;
  },
};

async function plainCallUs(calls: number): Promise<number> {
  const seen: number[] = [];
  const ms = await median(ROUNDS, () =>
    elapsedMs(() => {
      const queue: (() => void)[] = [];
      seen.length = 0;
      for (let i = 0; i < calls; i++) queue.push(() => void seen.push(i));
      for (const call of queue) call();
    }),
  );
  return (ms * 1000) / calls;
}

function copyMany(bytes: number, times: number): number {
  const source = new Uint8Array(bytes).fill(120);
  let total = 0;
  for (let i = 0; i < times; i++) total += source.slice().length;
  return total;
}
