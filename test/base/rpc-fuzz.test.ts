import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { serve } from '../../base/rpc.js';
import { connect, MAX_BAD_MESSAGE_LINES } from '../../base/rpc-connection.js';
import { readToHub, readToWorker } from '../../base/rpc-wire.js';
import fc from '../support/fast-check.js';
import { MemoryLog } from '../support/memory-log.js';
import { portPair } from '../support/port-pair.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

interface Calls {
  add(arg: { a: number; b: number }): number;
}

/** Messages that look right in parts: known and unknown kinds with fields of any type. */
const message = fc.oneof(
  fc.anything(),
  fc.record(
    {
      kind: fc.oneof(
        fc.constantFrom(
          'call',
          'cancel',
          'credit',
          'ready',
          'ok',
          'fail',
          'events',
          'dropped',
          'bad',
          'other',
        ),
        fc.anything(),
      ),
      id: fc.oneof(fc.integer(), fc.anything()),
      name: fc.oneof(fc.constantFrom('add', '__proto__', 'constructor'), fc.anything()),
      arg: fc.anything(),
      control: fc.oneof(fc.integer(), fc.anything()),
      bulk: fc.oneof(fc.integer(), fc.anything()),
      version: fc.anything(),
      code: fc.oneof(fc.string(), fc.anything()),
      message: fc.oneof(fc.string(), fc.anything()),
      details: fc.anything(),
      lane: fc.oneof(fc.constantFrom('control', 'bulk'), fc.anything()),
      events: fc.oneof(fc.array(fc.record({ type: fc.string() })), fc.anything()),
      counts: fc.oneof(fc.dictionary(fc.string(), fc.nat()), fc.anything()),
      what: fc.anything(),
    },
    { requiredKeys: [] },
  ),
);

describe('messages that no peer of ours sends', () => {
  it('are read as undefined or as what they say, and never throw', () => {
    fc.assert(
      fc.property(message, (value) => {
        for (const read of [readToHub, readToWorker]) {
          const result = read(value);
          if (result !== undefined) expect((value as { kind: unknown }).kind).toBe(result.kind);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('harm neither side: each is counted, and calls still work', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 20 }),
        fc.array(message, { maxLength: 20 }),
        async (toHub, toWorker) => {
          const { hub, worker } = portPair();
          const counters = new Counters();
          const log = new MemoryLog();
          const client = connect<Calls>(hub, { name: 'fuzz', clock: new VirtualClock(), log, counters });
          serve<Calls>(worker, { add: ({ a, b }) => a + b });
          const bad = toHub.filter((value) => readToHub(value) === undefined).length;
          const badThere = toWorker.filter((value) => readToWorker(value) === undefined).length;
          const reported = toHub.filter((value) => readToHub(value)?.kind === 'bad').length;
          for (const value of toHub) hub.deliver(value);
          for (const value of toWorker) worker.deliver(value);
          expect(counters.get('rpc.bad_message')).toBe(bad + badThere + reported);
          // A call among the noise may have the id of the call below: let its answer pass.
          await settle();
          expect(await client.call('add', { a: 1, b: 2 })).toBe(3);
          hub.close();
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are logged a few times per connection and always counted', () => {
    const { hub } = portPair();
    const counters = new Counters();
    const log = new MemoryLog();
    connect<Calls>(hub, { name: 'noisy', clock: new VirtualClock(), log, counters });
    for (let i = 0; i < 1_000; i++) hub.deliver({ kind: 'mystery', i });
    expect(counters.get('rpc.bad_message')).toBe(1_000);
    expect(log.lines).toHaveLength(MAX_BAD_MESSAGE_LINES);
    expect(log.lines[0]?.fields).toEqual({ what: 'kind "mystery"' });
  });
});
