import { afterEach, describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import type { HubError } from '../../base/errors.js';
import { laneTable } from '../../base/event-lanes.js';
import { Heartbeat } from '../../base/heartbeat.js';
import { RealClock } from '../../base/real-clock.js';
import type { WorkerSpec } from '../../base/rpc.js';
import { MAX_PENDING_CALLS } from '../../base/rpc-connection.js';
import { type WorkerEvent, workerEvents } from '../../hub/hub-events.js';
import { Inbox } from '../../hub/inbox.js';
import { Loop } from '../../hub/loop.js';
import { READY_MS, STOP_MS } from '../../hub/supervised-worker.js';
import { Supervisor } from '../../hub/supervisor.js';
import { MemoryLog } from '../support/memory-log.js';
import { type TestEvent, testEvents } from '../support/test-events.js';
import { until } from '../support/until.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

interface Calls {
  echo(arg: { text: string }): { text: string };
  boot(): { name: string; data: unknown };
  refuse(): never;
  exit(arg: { code: number }): never;
  crash(): never;
  spin(): never;
  never(): never;
  fill(): never;
  print(arg: { out: string; err: string }): void;
  emit(arg: { count: number; type: TestEvent['type'] }): number;
  watchLoop(arg: { forMs: number }): { ageMs: number; running: string | undefined };
}

const worker = (name: string): URL => new URL(`../fixtures/workers/${name}.mjs`, import.meta.url);

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Threads are real, restarts and deadlines run on a virtual clock. */
function open({ controlLimit = 8_192 }: { controlLimit?: number } = {}) {
  const clock = new VirtualClock();
  const counters = new Counters();
  const log = new MemoryLog();
  const heartbeat = new Heartbeat(new RealClock().nowMs());
  const lanes = laneTable([testEvents, workerEvents]);
  const inbox = new Inbox<TestEvent | WorkerEvent>({ lanes, counters, log, controlLimit });
  const events: (TestEvent | WorkerEvent)[] = [];
  const note = (event: TestEvent | WorkerEvent): void => void events.push(event);
  const loop = new Loop({
    inbox,
    clock,
    log,
    counters,
    handlers: {
      'test.fact': note,
      'test.noise': note,
      'test.file': note,
      'worker.failed': note,
      'worker.restarted': note,
    },
  });
  loop.start();
  const supervisor = new Supervisor<TestEvent>({
    inbox,
    heartbeat,
    clock,
    log,
    counters,
    random: () => 0.999_999,
  });
  cleanups.push(async () => {
    let stopped = false;
    void supervisor.stop().then(() => {
      stopped = true;
    });
    await until(() => {
      clock.advance(1_000);
      return stopped;
    });
  });
  const spec = (overrides: Partial<WorkerSpec> = {}): WorkerSpec => ({
    name: 'tester',
    url: worker('calls'),
    restart: 'always',
    ...overrides,
  });
  const start = (overrides: Partial<WorkerSpec> = {}) => supervisor.start<Calls>(spec(overrides));
  const state = (name = 'tester') => supervisor.metrics()[name]?.state;
  /** Moves time until the worker is in `wanted`. */
  const reach = (wanted: string, name = 'tester', stepMs = 50) =>
    until(() => {
      if (state(name) === wanted) return true;
      if (state(name) === 'waiting') clock.advance(stepMs);
      return false;
    });
  return { clock, counters, log, heartbeat, inbox, loop, events, supervisor, start, state, reach };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'resolved',
    (error: HubError) => error.code ?? error.name,
  );
}

describe('a supervised worker', () => {
  it('answers calls made before it is ready, in order, and is told who it is', async () => {
    const { start, state } = open();
    const client = start({ workerData: { answer: 42 } });
    expect(state()).toBe('starting');
    const answers = await Promise.all([
      client.call('echo', { text: 'a' }),
      client.call('boot', undefined),
      client.call('echo', { text: 'b' }),
    ]);
    expect(answers).toEqual([{ text: 'a' }, { name: 'tester', data: { answer: 42 } }, { text: 'b' }]);
    expect(state()).toBe('ready');
    await expect(client.call('refuse', undefined)).rejects.toMatchObject({
      code: 'test.refused',
      details: { reason: 'because' },
    });
  });

  it('is restarted after a crash: pending calls fail, later ones wait for it, and the hub is told', async () => {
    const { start, state, clock, events, counters, log } = open();
    const client = start();
    await client.call('echo', { text: 'a' });
    expect(await codeOf(client.call('crash', undefined))).toBe('worker.gone');
    await until(() => state() === 'waiting');
    const waiting = client.call('echo', { text: 'during the restart' });
    clock.advance(99);
    expect(state()).toBe('waiting');
    clock.advance(1);
    expect(await waiting).toEqual({ text: 'during the restart' });
    await until(() => events.length > 0);
    expect(events).toEqual([
      { type: 'worker.restarted', worker: 'tester', reason: 'crashed on purpose', restarts: 1 },
    ]);
    expect(counters.get('worker.died.tester')).toBe(1);
    expect(log.lines.find(({ message }) => message === 'the worker failed')).toMatchObject({
      level: 'error',
      fields: { worker: 'tester' },
    });
  });

  it('counts an exit as a death, whatever its code', async () => {
    const { start, reach, events } = open();
    const client = start();
    expect(await codeOf(client.call('exit', { code: 0 }))).toBe('worker.gone');
    await reach('ready');
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ type: 'worker.restarted', reason: 'exit code 0' });
  });

  it('fails for good above its restart intensity, and says so', async () => {
    const { start, reach, events, state } = open();
    const client = start({ url: worker('broken'), intensity: { max: 3, perMs: 60_000 } });
    const code = codeOf(client.call('echo', { text: 'a' }));
    await reach('failed');
    expect(await code).toBe('worker.gone');
    expect(await codeOf(client.call('echo', { text: 'b' }))).toBe('worker.gone');
    await until(() => events.length > 0);
    expect(events).toEqual([
      { type: 'worker.failed', worker: 'tester', reason: 'broken at load', restarts: 3 },
    ]);
    await client.stop();
    expect(state()).toBe('failed');
  });

  it('is not restarted when its spec says never', async () => {
    const { start, reach, events } = open();
    const client = start({ restart: 'never' });
    expect(await codeOf(client.call('exit', { code: 3 }))).toBe('worker.gone');
    await reach('failed');
    await until(() => events.length > 0);
    expect(events).toEqual([{ type: 'worker.failed', worker: 'tester', reason: 'exit code 3', restarts: 0 }]);
  });

  it('that cannot be started again counts as dead again', async () => {
    const { start, reach, events } = open();
    let starts = 0;
    // Cloned at each start.
    const workerData = {
      get data() {
        if (++starts > 1) throw new Error('no more threads');
        return 1;
      },
    };
    const client = start({ workerData, intensity: { max: 2, perMs: 60_000 } });
    expect(await codeOf(client.call('exit', { code: 1 }))).toBe('worker.gone');
    await reach('failed');
    await until(() => events.length > 0);
    expect(events).toEqual([
      { type: 'worker.failed', worker: 'tester', reason: 'no more threads', restarts: 2 },
    ]);
  });

  it('that exceeds its memory dies alone', async () => {
    const { start, reach, events } = open();
    const client = start({ restart: 'never', resourceLimits: { maxOldGenerationSizeMb: 16 } });
    expect(await codeOf(client.call('fill', undefined))).toBe('worker.gone');
    await reach('failed');
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({
      type: 'worker.failed',
      reason: expect.stringContaining('memory limit'),
    });
  });

  it('that never gets ready is a death after its time', async () => {
    const { start, reach, events, clock, state } = open();
    start({ url: worker('never-ready'), restart: 'never' });
    clock.advance(READY_MS - 1);
    await settle();
    expect(state()).toBe('starting');
    clock.advance(1);
    await reach('failed');
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ reason: `not ready within ${READY_MS} ms` });
  });

  it('of another version fails at once: restarting would not help', async () => {
    const { start, reach, events } = open();
    start({ url: worker('old-version') });
    await reach('failed');
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({
      type: 'worker.failed',
      reason: 'the worker speaks version 0, the hub 1',
    });
  });
});

describe('calls that wait for a restart', () => {
  it('keep their own timeout and signal, and are bounded', async () => {
    const { start, clock } = open();
    const client = start({ url: worker('never-ready') });
    const timed = codeOf(client.call('echo', { text: 'a' }, { timeoutMs: 500 }));
    expect(await codeOf(client.call('echo', { text: 'x' }, { timeoutMs: Number.NaN }))).toBe('ArgumentError');
    const controller = new AbortController();
    const cancelled = codeOf(client.call('echo', { text: 'b' }, { signal: controller.signal }));
    controller.abort();
    expect(await cancelled).toBe('worker.cancelled');
    expect(await codeOf(client.call('echo', { text: 'c' }, { signal: controller.signal }))).toBe(
      'worker.cancelled',
    );
    clock.advance(500);
    expect(await timed).toBe('worker.timeout');
    const many = Array.from({ length: MAX_PENDING_CALLS }, () => codeOf(client.call('echo', { text: 'd' })));
    expect(await codeOf(client.call('echo', { text: 'e' }))).toBe('worker.busy');
    void client.stop();
    expect(new Set(await Promise.all(many))).toEqual(new Set(['worker.gone']));
    clock.advance(STOP_MS);
  });
});

describe('stopping', () => {
  it('lets the worker clean up', async () => {
    const { start, state, log } = open();
    const client = start();
    await client.call('echo', { text: 'a' });
    const pending = codeOf(client.call('never', undefined));
    await client.stop();
    await client.stop();
    expect(state()).toBe('stopped');
    expect(await pending).toBe('worker.gone');
    expect(await codeOf(client.call('echo', { text: 'b' }))).toBe('worker.gone');
    await until(() => log.at('info').includes('cleaned up'));
  });

  it('terminates a worker that does not stop in its time, also one in an endless loop', async () => {
    const { start, state, clock, log } = open();
    const stubborn = start({ name: 'stubborn', workerData: { stubborn: true }, stopMs: 300 });
    const spinning = start({ name: 'spinning', stopMs: 300 });
    await Promise.all([stubborn.call('echo', { text: 'a' }), spinning.call('echo', { text: 'a' })]);
    const spin = codeOf(spinning.call('spin', undefined));
    const stops = Promise.all([stubborn.stop(), spinning.stop()]);
    clock.advance(299);
    await settle();
    expect([state('stubborn'), state('spinning')]).toEqual(['stopping', 'stopping']);
    clock.advance(1);
    await stops;
    expect(await spin).toBe('worker.gone');
    expect([state('stubborn'), state('spinning')]).toEqual(['stopped', 'stopped']);
    expect(log.at('warn').filter((message) => message.includes('terminated'))).toHaveLength(2);
  });

  it('ends a wait for a restart, and starts nothing afterwards', async () => {
    const { start, state, clock, supervisor } = open();
    const client = start();
    void codeOf(client.call('exit', { code: 1 }));
    await until(() => state() === 'waiting');
    const waiting = codeOf(client.call('echo', { text: 'a' }));
    await supervisor.stop();
    expect(await waiting).toBe('worker.gone');
    clock.advance(60_000);
    expect(state()).toBe('stopped');
    expect(clock.pendingTimers).toBe(0);
    expect(() => start({ name: 'other' })).toThrow('the hub is stopping');
  });
});

describe('the supervisor', () => {
  it('refuses a second worker of a name while the first lives', async () => {
    const { start } = open();
    const first = start();
    expect(() => start()).toThrow('worker tester is running already');
    await first.call('echo', { text: 'a' });
    first.dispose();
    await first.stop();
    await start().call('echo', { text: 'b' });
  });

  it('throws when a spec cannot be used at all', () => {
    const { start } = open();
    expect(() => start({ workerData: () => undefined })).toThrow('could not be cloned');
  });

  it('sends what workers print to the log, under their name', async () => {
    const { start, log } = open();
    await start().call('print', { out: 'to out\n', err: 'to err\n' });
    const lines = await until(() => {
      const printed = log.lines.filter(({ message }) => message.startsWith('to '));
      return printed.length === 2 && printed;
    });
    expect(lines).toEqual(
      expect.arrayContaining([
        { level: 'info', message: 'to out', fields: { worker: 'tester' } },
        { level: 'warn', message: 'to err', fields: { worker: 'tester' } },
      ]),
    );
  });
});

describe('events of a worker', () => {
  it('of a life that ended come before the next life begins', async () => {
    const { start, state, clock, loop, events, supervisor } = open({ controlLimit: 10 });
    const client = start();
    await client.call('echo', { text: 'ready' });
    loop.stop();
    await client.call('emit', { count: 100, type: 'test.fact' });
    await codeOf(client.call('exit', { code: 1 }));
    await until(() => state() === 'waiting');
    expect(supervisor.metrics()['tester']?.held_events).toBe(90);
    clock.advance(1_000);
    expect(state()).toBe('waiting');
    loop.start();
    await until(() => events.length === 100);
    clock.advance(1_000);
    await until(() => events.length === 101);
    expect(events[100]).toMatchObject({ type: 'worker.restarted' });
  });

  it('arrive in order and complete although lanes, credit and queues are small', async () => {
    const { start, events, counters } = open({ controlLimit: 50 });
    const client = start({ workerData: { outlet: { control: 20, bulk: 20 } } });
    const waits = await client.call('emit', { count: 5_000, type: 'test.fact' });
    await until(() => events.length === 5_000);
    expect(events.map((event) => 'n' in event && event.n)).toEqual(
      Array.from({ length: 5_000 }, (_, n) => n),
    );
    expect(waits).toBeGreaterThan(0);
    expect(counters.get('inbox.lost_control')).toBe(0);
    expect(counters.get('rpc.over_credit')).toBe(0);
  });

  it('of the bulk lane coalesce in the worker while the hub is busy, and end with the newest', async () => {
    const { start, events } = open();
    await start().call('emit', { count: 20_000, type: 'test.noise' });
    const last = await until(() => events.some((event) => 'n' in event && event.n === 19_999) && events);
    expect(last.length).toBeLessThan(20_000);
  });

  it('that are lost in a worker are counted in the hub', async () => {
    const { start, events, counters, loop } = open();
    const client = start({ workerData: { outlet: { control: 20, bulk: 20 } } });
    await client.call('echo', { text: 'ready' });
    loop.stop();
    await client.call('emit', { count: 2_000, type: 'test.file' });
    loop.start();
    await until(() => events.length + counters.get('worker.dropped.test.file') === 2_000);
    expect(counters.get('worker.dropped.test.file')).toBeGreaterThan(0);
  });
});

describe('the heartbeat', () => {
  it('lets a worker see that the main thread is held, and by what, while it is', async () => {
    const { start, heartbeat } = open();
    const client = start();
    await client.call('echo', { text: 'ready' });
    const watching = client.call('watchLoop', { forMs: 150 });
    const clock = new RealClock();
    heartbeat.beat(clock.nowMs());
    heartbeat.running('greedy-plugin');
    const untilMs = clock.nowMs() + 200;
    while (clock.nowMs() < untilMs);
    const worst = await watching;
    expect(worst.ageMs).toBeGreaterThan(80);
    expect(worst.running).toBe('greedy-plugin');
  });
});
