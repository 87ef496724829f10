import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { fail, type HubError } from '../../base/errors.js';
import { type EventLike, type Lane, laneTable } from '../../base/event-lanes.js';
import { type RpcClient, type RpcImplementation, type RpcServer, serve } from '../../base/rpc.js';
import {
  connect,
  DEFAULT_CALL_TIMEOUT_MS,
  MAX_CALL_TIMEOUT_MS,
  MAX_PENDING_CALLS,
  type RpcConnection,
} from '../../base/rpc-connection.js';
import { RPC_VERSION } from '../../base/rpc-wire.js';
import { MemoryLog } from '../support/memory-log.js';
import { portPair } from '../support/port-pair.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

interface Calls {
  add(arg: { a: number; b: number }): number;
  read(arg: { path: string }): string;
  bytes(arg: { size: number }): ArrayBuffer;
  wait(arg: { forMs: number }): Promise<void>;
  bare(): string;
  /** Not a call: two arguments. */
  pair(a: number, b: number): number;
}

type Fact =
  | { readonly type: 'w.fact'; readonly n: number }
  | { readonly type: 'w.noise'; readonly n: number };
const lanes = laneTable([{ name: 'w', events: { fact: { lane: 'control' }, noise: { lane: 'bulk' } } }]);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function open(overrides: Partial<RpcImplementation<Calls>> = {}) {
  const { hub, worker } = portPair();
  closers.push(() => hub.close());
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const counters = new Counters();
  const events: { event: EventLike; lane: Lane }[] = [];
  const drops: [string, number][] = [];
  const versions: number[] = [];
  const signals: AbortSignal[] = [];
  const client: RpcConnection<Calls> = connect<Calls>(hub, {
    name: 'test',
    clock,
    log,
    counters,
    credit: { control: 4, bulk: 4 },
    onReady: (version) => versions.push(version),
    onEvent: (event, lane) => events.push({ event, lane }),
    onDropped: (type, count) => drops.push([type, count]),
  });
  const server: RpcServer<Fact> = serve<Calls, Fact>(
    worker,
    {
      add: ({ a, b }) => a + b,
      read: ({ path }) => fail('fs.not_found', `no file ${path}`, { path }),
      bytes: ({ size }, call) => {
        const buffer = new ArrayBuffer(size);
        call.transfer(buffer);
        return buffer;
      },
      wait: (_arg, call) => {
        signals.push(call.signal);
        return new Promise<never>(() => undefined);
      },
      bare: () => 'ok',
      ...overrides,
    },
    { lanes },
  );
  return { hub, worker, clock, log, counters, client, server, events, drops, versions, signals };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'resolved',
    (error: HubError) => error.code ?? error.name,
  );
}

describe('typed calls', () => {
  it('accepts methods of one argument only, and takes HubErrors out of results', () => {
    expectTypeOf<RpcClient<Calls>['call']>().toBeCallableWith('add', { a: 1, b: 2 });
    const typesOnly = (client: RpcClient<Calls>): void => {
      expectTypeOf(client.call('bytes', { size: 1 })).resolves.toEqualTypeOf<ArrayBuffer>();
      expectTypeOf(client.call('bare', undefined)).resolves.toEqualTypeOf<string>();
      // @ts-expect-error two arguments cannot be sent
      void client.call('pair', 1);
      // @ts-expect-error no such call
      void client.call('other', {});
      // @ts-expect-error wrong argument
      void client.call('add', { a: 1 });
    };
    expect(typesOnly).toBeTypeOf('function');
  });

  it('answers, and says ready with its version', async () => {
    const { client, versions } = open();
    expect(await client.call('add', { a: 1, b: 2 })).toBe(3);
    expect(await client.call('bare', undefined)).toBe('ok');
    expect(versions).toEqual([RPC_VERSION]);
    expect(client.pendingCalls).toBe(0);
  });

  it('keeps the code and details of a returned or thrown HubError', async () => {
    const { client } = open({
      add: () => {
        throw fail('math.overflow', 'too large', { limit: 3 });
      },
    });
    await expect(client.call('read', { path: '/x' })).rejects.toMatchObject({
      name: 'HubError',
      code: 'fs.not_found',
      message: 'no file /x',
      details: { path: '/x' },
    });
    await expect(client.call('add', { a: 1, b: 1 })).rejects.toMatchObject({
      code: 'math.overflow',
      details: { limit: 3 },
    });
  });

  it('makes any other exception worker.internal, with the stack in the hub log only', async () => {
    const { client, log } = open({
      add: () => {
        throw new TypeError('oops');
      },
    });
    await expect(client.call('add', { a: 1, b: 1 })).rejects.toMatchObject({
      code: 'worker.internal',
      message: 'oops',
      details: undefined,
    });
    expect(log.lines[0]).toMatchObject({ level: 'error', fields: { call: 'add', error: 'oops' } });
    expect(String(log.lines[0]?.fields['stack'])).toContain('TypeError: oops');
  });

  it('answers even when the result or the error details cannot be cloned', async () => {
    const { client } = open({
      bare: () => (() => undefined) as unknown as string,
      read: () => fail('fs.odd', 'odd', { callback: () => undefined }),
    });
    expect(await codeOf(client.call('bare', undefined))).toBe('worker.internal');
    expect(await codeOf(client.call('read', { path: '' }))).toBe('fs.odd');
  });

  it('knows only its own calls', async () => {
    const { client } = open();
    const untyped = client as unknown as RpcClient<Record<string, (arg: unknown) => unknown>>;
    expect(await codeOf(untyped.call('toString', {}))).toBe('worker.unknown_call');
    expect(await codeOf(untyped.call('__proto__', {}))).toBe('worker.unknown_call');
  });

  it('rejects an argument that cannot be cloned and leaves nothing behind', async () => {
    const { client, clock } = open();
    const call = client.call('add', { a: (() => 1) as unknown as number, b: 1 });
    await expect(call).rejects.toThrow("bad argument to call 'add'");
    expect([client.pendingCalls, clock.pendingTimers]).toEqual([0, 0]);
  });
});

describe('giving up', () => {
  it('times out after the default, and tells the implementation', async () => {
    const { client, clock, signals } = open();
    const code = codeOf(client.call('wait', { forMs: 1 }));
    clock.advance(DEFAULT_CALL_TIMEOUT_MS - 1);
    expect(client.pendingCalls).toBe(1);
    clock.advance(1);
    expect(await code).toBe('worker.timeout');
    expect(signals[0]?.aborted).toBe(true);
  });

  it('has no call without a timeout', async () => {
    const { client } = open();
    for (const timeoutMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, MAX_CALL_TIMEOUT_MS + 1]) {
      expect(await codeOf(client.call('bare', undefined, { timeoutMs }))).toBe('ArgumentError');
    }
  });

  it('cancels by signal, before and during the call', async () => {
    const { client, clock, hub, signals } = open();
    const controller = new AbortController();
    const code = codeOf(client.call('wait', { forMs: 1 }, { signal: controller.signal }));
    controller.abort();
    expect(await code).toBe('worker.cancelled');
    expect(signals[0]?.aborted).toBe(true);
    const before = hub.sent.length;
    expect(await codeOf(client.call('bare', undefined, { signal: controller.signal }))).toBe(
      'worker.cancelled',
    );
    expect(hub.sent.length).toBe(before);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts an answer that comes too late and drops it', async () => {
    const { client, clock, worker, counters } = open();
    worker.hold();
    const code = codeOf(client.call('bare', undefined, { timeoutMs: 5 }));
    clock.advance(5);
    expect(await code).toBe('worker.timeout');
    await settle();
    worker.release();
    expect(counters.get('rpc.late')).toBe(1);
  });

  it('fails what is pending, and what comes later, when the port closes', async () => {
    const { client, worker, clock, signals } = open();
    const pending = codeOf(client.call('wait', { forMs: 1 }));
    worker.close();
    expect(await pending).toBe('worker.gone');
    expect(await codeOf(client.call('bare', undefined))).toBe('worker.gone');
    expect(signals[0]?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('bounds the calls that wait', async () => {
    const { client, counters, hub } = open();
    const codes = Array.from({ length: MAX_PENDING_CALLS }, () => codeOf(client.call('wait', { forMs: 1 })));
    expect(await codeOf(client.call('wait', { forMs: 1 }))).toBe('worker.busy');
    expect(counters.get('rpc.busy')).toBe(1);
    hub.close();
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['worker.gone']));
  });
});

describe('events on credit', () => {
  it('stops the worker when its credit is used, and goes on as events are taken', () => {
    const { client, server, events } = open();
    for (let n = 0; n < 10; n++) server.emit({ type: 'w.fact', n });
    expect(events).toHaveLength(4);
    client.taken('control');
    expect(events).toHaveLength(5);
    for (let i = 0; i < 20; i++) if (events.length > i + 1) client.taken('control');
    expect(events.map(({ event }) => (event as Fact).n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(events.every(({ lane }) => lane === 'control')).toBe(true);
  });

  it('passes drop counts on, with a log line every ten seconds', () => {
    const { drops, worker, log, clock } = open();
    for (let i = 0; i < 3; i++) {
      worker.postMessage({ kind: 'dropped', counts: { 'w.noise': 7 + i } });
      worker.postMessage({ kind: 'dropped', counts: { 'w.noise': 1 } });
      clock.advance(5_000);
    }
    expect(drops.map(([, count]) => count)).toEqual([7, 1, 8, 1, 9, 1]);
    expect(log.at('warn')).toHaveLength(2);
  });

  it('drops and counts events beyond the credit', () => {
    const { worker, events, counters } = open();
    const five = Array.from({ length: 5 }, (_, n) => ({ type: 'w.fact', n }));
    worker.postMessage({ kind: 'events', lane: 'control', events: five });
    expect(events).toHaveLength(4);
    expect(counters.get('rpc.over_credit')).toBe(1);
  });
});

describe('stop', () => {
  it('lets the worker clean up, then closes the port', async () => {
    const { hub, worker } = portPair();
    const order: string[] = [];
    const client = connect<Calls>(hub, {
      name: 'test',
      clock: new VirtualClock(),
      log: new MemoryLog(),
      counters: new Counters(),
    });
    serve<Calls>(worker, {} as RpcImplementation<Calls>, {
      onStop: async () => {
        await settle();
        order.push('cleaned');
      },
    });
    hub.on('close', () => order.push('closed'));
    client.stop();
    await settle();
    await settle();
    expect(order).toEqual(['cleaned', 'closed']);
    expect(client.closed).toBe(true);
  });
});

describe('over a node MessageChannel', () => {
  it('calls, moves buffers instead of copying, and notices the close', async () => {
    const { port1, port2 } = new MessageChannel();
    serve<Pick<Calls, 'bytes' | 'bare'>>(port2, {
      bytes: ({ size }, call) => {
        const buffer = new ArrayBuffer(size);
        call.transfer(buffer);
        return buffer;
      },
      bare: () => new Promise<never>(() => undefined),
    });
    const client = connect<Pick<Calls, 'bytes' | 'bare'>>(port1, {
      name: 'test',
      clock: new VirtualClock(),
      log: new MemoryLog(),
      counters: new Counters(),
    });
    expect((await client.call('bytes', { size: 1_000 })).byteLength).toBe(1_000);
    const own = new ArrayBuffer(8);
    const call = codeOf(client.call('bare', undefined, { transfer: [own] }));
    expect(own.byteLength).toBe(0);
    port2.close();
    expect(await call).toBe('worker.gone');
  });
});
