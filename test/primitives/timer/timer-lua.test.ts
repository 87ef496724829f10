import { expect, test } from 'vitest';
import { addHostFunctions, openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';
import { VirtualClock } from '../../support/virtual-clock.js';

/** A host whose time the test moves. */
function open() {
  const clock = new VirtualClock();
  const host = openLuaHost({ clock });
  /** Moves time and waits until what came due has run. */
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await until(() => !host.hub.inbox.pending && !host.hub.scheduler.pending);
  };
  return { ...host, clock, pass };
}

test('after calls once, every again and again until it is cancelled', async () => {
  const { run, pass } = open();
  await run(`
    calls = {}
    timer.after(1, function(...) calls[#calls + 1] = "after" .. select("#", ...) end)
    local id
    id = timer.every(1, function(...)
      calls[#calls + 1] = "every" .. select("#", ...)
      if #calls >= 4 then timer.cancel(id) end
    end)`);
  for (let i = 0; i < 10; i++) await pass(1_000);
  expect(await run('return table.concat(calls, " ")')).toEqual(['after0 every0 every0 every0']);
});

test('after(0) runs in a later turn', async () => {
  const { run, pass } = open();
  expect(await run('timer.after(0, function() ran = true end) return ran')).toEqual([undefined]);
  await pass(0);
  expect(await run('return ran')).toEqual([true]);
});

test('what is cancelled does not run, not even when it was due in the same turn', async () => {
  const { run, pass } = open();
  await run(`
    local ids = {}
    calls = ""
    for _, name in ipairs { "a", "b" } do
      ids[name] = timer.after(1, function()
        calls = calls .. name
        cancelled = { timer.cancel(ids.a), timer.cancel(ids.b) }
      end)
    end`);
  await pass(1_000);
  // The one that runs is not cancelled any more; the other still is, though its call was queued.
  expect(await run('return calls, cancelled')).toEqual(['a', [false, true]]);
});

test('a callback that still waits is not joined by another, and afterwards the grid is kept', async () => {
  const { run, pass, engine, clock } = open();
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  addHostFunctions(engine, { hold: { waits: true, call: () => held } });
  await run(`
    starts = 0
    timer.every(1, function()
      starts = starts + 1
      if starts == 1 then T.hold() end
    end)`);
  await pass(1_000);
  await pass(1_000);
  await pass(1_000);
  expect(await run('return starts')).toEqual([1]);
  letGo();
  await until(() => engine.tasks.waiting === 0);
  expect(clock.nowMs()).toBe(3_000);
  await pass(999);
  expect(await run('return starts')).toEqual([1]);
  await pass(1);
  expect(await run('return starts')).toEqual([2]);
});

test('a callback that fails is logged and the timer goes on', async () => {
  const { run, pass, log } = open();
  await run('count = 0 timer.every(1, function() count = count + 1 error("tick broke") end)');
  await pass(1_000);
  await pass(1_000);
  expect(await run('return count')).toEqual([2]);
  expect(log.at('error').filter((line) => line.includes('tick broke'))).toHaveLength(2);
});

test('the limit, and the timers of an engine that ends', async () => {
  const { run, clock, engine } = open();
  const before = clock.pendingTimers;
  expect(
    await run(`
      for i = 1, 1000 do assert(timer.after(i, print)) end
      local id, err = timer.after(1, print)
      return id, err.code, tostring(err)`),
  ).toEqual([undefined, 'timer.limit', 'a plugin can have 1000 timers at a time: cancel some first']);
  engine.dispose();
  expect(clock.pendingTimers).toBe(before);
});

test.each([
  ['timer.after("1", print)', "#1 to 'timer.after' (seconds: number expected, got string)"],
  ['timer.after(-1, print)', "#1 to 'timer.after' (seconds: number >= 0 and <= 315360000 expected, got -1)"],
  ['timer.after(0/0, print)', "#1 to 'timer.after' (seconds: number expected, got NaN)"],
  [
    'timer.after(math.huge, print)',
    "#1 to 'timer.after' (seconds: number >= 0 and <= 315360000 expected, got Infinity)",
  ],
  [
    'timer.every(1e300, print)',
    "#1 to 'timer.every' (seconds: number >= 0 and <= 315360000 expected, got 1e+300)",
  ],
  ['timer.every(1, "x")', "#2 to 'timer.every' (callback: function expected, got string)"],
  ['timer.cancel({})', "#1 to 'timer.cancel' (id: timer id expected, got table)"],
])('%s raises', async (code, message) => {
  expect((await openLuaHost().failure(code)).message).toContain(`bad argument ${message}`);
});

test('sleep waits that long, lets others run, and tells when there are too many timers', async () => {
  const { run, pass, engine } = open();
  const slept = run('woke = "no" assert(timer.sleep(2)) woke = "yes" return woke');
  await until(() => engine.tasks.waiting === 1);
  await pass(1_999);
  expect(await run('return woke')).toEqual(['no']);
  await pass(1);
  expect(await slept).toEqual(['yes']);
  expect(
    await run(`for _ = 1, 1000 do assert(timer.after(60, print)) end
      local done, err = timer.sleep(1)
      return done, err.code`),
  ).toEqual([undefined, 'timer.limit']);
});
