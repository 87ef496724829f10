import { describe, expect, it } from 'vitest';
import { BackOff } from '../../../web/link/back-off.js';
import { Cell } from '../../../web/link/observable.js';
import { relayOf } from '../../../web/link/relay-urls.js';
import { MAX_QUEUED_BYTES, SendQueue } from '../../../web/link/send-queue.js';
import fc from '../../support/fast-check.js';

describe('the send queue', () => {
  it('sends every byte in order, urgent frames between others, in messages of at most 16 KB', () => {
    const frames = fc.array(fc.record({ size: fc.integer({ min: 1, max: 50_000 }), urgent: fc.boolean() }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 0, max: 100_000 })), (all, drains) => {
        let buffered = 0;
        const sent: number[] = [];
        const outlet = {
          get bufferedBytes() {
            return buffered;
          },
          send: (message: Uint8Array) => {
            expect(message.length).toBeLessThanOrEqual(16 * 1024);
            expect(buffered).toBeLessThan(64 * 1024);
            buffered += message.length;
            sent.push(...message);
          },
        };
        const queue = new SendQueue(outlet);
        for (const [index, { size, urgent }] of all.entries()) {
          queue.push(new Uint8Array(size).fill(index), { urgent });
          const drained = drains[index] ?? 0;
          buffered = Math.max(0, buffered - drained);
          queue.pump();
        }
        while (queue.queuedBytes > 0) {
          buffered = 0;
          queue.pump();
        }
        // Frames are whole, and those of a kind in their order.
        const runs = sent.filter((byte, at) => byte !== sent[at - 1]);
        expect(new Set(runs).size).toBe(runs.length);
        for (const urgent of [true, false]) {
          const order = runs.filter((index) => all[index]?.urgent === urgent);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
        expect(sent).toHaveLength(all.reduce((sum, { size }) => sum + size, 0));
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('says when it is full', () => {
    const queue = new SendQueue({ bufferedBytes: Number.POSITIVE_INFINITY, send: () => undefined });
    queue.push(new Uint8Array(MAX_QUEUED_BYTES));
    expect(queue.full).toBe(false);
    queue.push(new Uint8Array(1));
    expect(queue.full).toBe(true);
  });
});

describe('back-off', () => {
  it('stays between 0.18 s and 15 s, and under a second for the first half minute', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (random) => {
        let at = 0;
        const backOff = new BackOff(() => random[at++ % random.length] ?? 0);
        let lostMs = 0;
        for (let round = 0; round < 200; round++) {
          const delay = backOff.nextMs(lostMs);
          expect(delay).toBeGreaterThanOrEqual(180);
          expect(delay).toBeLessThanOrEqual(lostMs < 30_000 ? 1_000 : 15_000);
          lostMs += delay;
        }
      }),
      { seed: 5 },
    );
  });
});

describe('a cell', () => {
  it('tells its listeners until they leave', () => {
    const cell = new Cell(1);
    const heard: number[] = [];
    const leave = cell.subscribe((value) => heard.push(value));
    cell.set(2);
    leave();
    cell.set(3);
    expect(heard).toEqual([2]);
    expect(cell.value).toBe(3);
  });
});

describe('the relay of a code', () => {
  it.each([
    ['http://127.0.0.1:4000/#abc', 'https://other/', 'http://127.0.0.1:4000/', 'ws://127.0.0.1:4000/cable'],
    ['https://relay.example/b/#abc', 'https://x/', 'https://relay.example/b/', 'wss://relay.example/b/cable'],
    ['abc', 'https://here.example/', 'https://here.example/', 'wss://here.example/cable'],
    ['#abc', 'http://[::1]:8/index.html', 'http://[::1]:8/', 'ws://[::1]:8/cable'],
    ['javascript:alert(1)#abc', 'https://here.example/', 'https://here.example/', 'wss://here.example/cable'],
  ])('%s', (code, page, page_url, cable_url) => {
    expect(relayOf(code, page)).toEqual({ page_url, cable_url });
  });
});
