import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { EXIT_CUT_SHORT, SHUTDOWN_MS, Shutdown } from '../../hub/shutdown.js';
import { MemoryLog } from '../support/memory-log.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

function open() {
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const exits: number[] = [];
  const shutdown = new Shutdown({ clock, log, exit: (code) => exits.push(code) });
  const order: string[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const reports = (): unknown => log.lines.find(({ message }) => message === 'shut down')?.fields['steps'];
  return { clock, log, exits, shutdown, order, sleep, reports };
}

const never = (): Promise<void> => new Promise(() => undefined);

describe('Shutdown', () => {
  it('runs the steps in order, each after the last, and exits once with the code', async () => {
    const { clock, exits, shutdown, order, sleep, reports } = open();
    shutdown.add({
      name: 'clients',
      maxMs: 100,
      run: async () => {
        order.push('clients begin');
        await sleep(50);
        order.push('clients end');
      },
    });
    shutdown.add({ name: 'workers', maxMs: 100, run: () => void order.push('workers') });
    const first = shutdown.begin('quit', 3);
    expect(shutdown.begin('again', 4)).toBe(first);
    await clock.advanceAsync(60);
    await first;
    expect(order).toEqual(['clients begin', 'clients end', 'workers']);
    expect(exits).toEqual([3]);
    expect(clock.pendingTimers).toBe(0);
    expect(reports()).toEqual([
      { name: 'clients', outcome: 'done', ms: 50 },
      { name: 'workers', outcome: 'done', ms: 0 },
    ]);
  });

  it('reports a step that hangs, aborts it and goes on', async () => {
    const { clock, exits, shutdown, order, log } = open();
    let signal: AbortSignal | undefined;
    shutdown.add({
      name: 'stuck',
      maxMs: 200,
      run: (given) => {
        signal = given;
        return never();
      },
    });
    shutdown.add({ name: 'next', maxMs: 200, run: () => void order.push('next') });
    const done = shutdown.begin('quit');
    await clock.advanceAsync(199);
    expect(signal?.aborted).toBe(false);
    await clock.advanceAsync(1);
    await done;
    expect(signal?.aborted).toBe(true);
    expect(order).toEqual(['next']);
    expect(exits).toEqual([EXIT_CUT_SHORT]);
    expect(log.lines.find(({ level }) => level === 'error')).toMatchObject({
      fields: { step: 'stuck', ms: 200 },
    });
  });

  it('goes on after a step that fails', async () => {
    const { exits, shutdown, order, reports } = open();
    shutdown.add({
      name: 'throws',
      maxMs: 10,
      run: () => {
        throw new Error('broken step');
      },
    });
    shutdown.add({ name: 'rejects', maxMs: 10, run: () => Promise.reject(new Error('broken later')) });
    shutdown.add({ name: 'next', maxMs: 10, run: () => void order.push('next') });
    await shutdown.begin('quit');
    expect(order).toEqual(['next']);
    expect(exits).toEqual([0]);
    expect(reports()).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }, { outcome: 'done' }]);
  });

  it('ends at the total deadline: late steps get what is left, then nothing', async () => {
    const { clock, exits, shutdown, order, reports } = open();
    for (const name of ['a', 'b']) shutdown.add({ name, maxMs: SHUTDOWN_MS * 0.6, run: never });
    shutdown.add({ name: 'c', maxMs: 100, run: () => void order.push('c') });
    const done = shutdown.begin('quit');
    await clock.advanceAsync(SHUTDOWN_MS);
    await done;
    expect(clock.nowMs()).toBe(SHUTDOWN_MS);
    expect(order).toEqual([]);
    expect(exits).toEqual([EXIT_CUT_SHORT]);
    expect(reports()).toEqual([
      { name: 'a', outcome: 'hung', ms: SHUTDOWN_MS * 0.6 },
      { name: 'b', outcome: 'hung', ms: SHUTDOWN_MS * 0.4 },
      { name: 'c', outcome: 'skipped', ms: 0 },
    ]);
  });

  it('begins at the first signal and exits at once at the second', async () => {
    const { exits, shutdown, order, clock } = open();
    const signals = new EventEmitter();
    shutdown.add({ name: 'stuck', maxMs: 100, run: never });
    shutdown.add({ name: 'next', maxMs: 100, run: () => void order.push('next') });
    const listening = shutdown.listen(signals);
    signals.emit('SIGTERM');
    expect(shutdown.begun).toBe(true);
    await settle();
    expect(exits).toEqual([]);
    signals.emit('SIGINT');
    expect(exits).toEqual([130]);
    await clock.advanceAsync(1_000);
    expect(exits).toEqual([130]);
    expect(order).toEqual([]);
    listening.dispose();
    expect(signals.eventNames()).toEqual([]);
  });
});
