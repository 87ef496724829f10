import { describe, expect, it } from 'vitest';
import { laneTable } from '../../base/event-lanes.js';
import { EventOutlet, OUTLET_CONTROL_LIMIT } from '../../base/event-outlet.js';
import type { ToHub } from '../../base/rpc-wire.js';
import { settle } from '../support/virtual-clock.js';

type Event = { readonly type: 'w.fact' | 'w.noise'; readonly key?: number; readonly n: unknown };

const table = laneTable([
  { name: 'w', events: { fact: { lane: 'control' }, noise: { lane: 'bulk', key: 'key' } } },
]);

function open(limits?: { control: number; bulk: number }): { outlet: EventOutlet<Event>; sent: ToHub[] } {
  const sent: ToHub[] = [];
  const outlet = new EventOutlet<Event>((message) => sent.push(structuredClone(message)), table, limits);
  return { outlet, sent };
}

describe('EventOutlet', () => {
  it('sends at once with credit and queues without', () => {
    const { outlet, sent } = open();
    outlet.grant({ control: 1, bulk: 0 });
    expect(outlet.emit({ type: 'w.fact', n: 1 })).toBe(true);
    expect(outlet.emit({ type: 'w.fact', n: 2 })).toBe(true);
    expect(outlet.emit({ type: 'w.fact', n: 3 })).toBe(true);
    expect(sent).toEqual([{ kind: 'events', lane: 'control', events: [{ type: 'w.fact', n: 1 }] }]);
    outlet.grant({ control: 5, bulk: 0 });
    expect(sent[1]).toEqual({
      kind: 'events',
      lane: 'control',
      events: [
        { type: 'w.fact', n: 2 },
        { type: 'w.fact', n: 3 },
      ],
    });
  });

  it('refuses a control event above its limit and says when there is room', async () => {
    const { outlet, sent } = open({ control: 4, bulk: 4 });
    for (let n = 0; n < 4; n++) expect(outlet.emit({ type: 'w.fact', n })).toBe(true);
    expect(outlet.emit({ type: 'w.fact', n: 4 })).toBe(false);
    let drained = false;
    void outlet.drained.then(() => {
      drained = true;
    });
    outlet.grant({ control: 1, bulk: 0 });
    await settle();
    expect(drained).toBe(false);
    outlet.grant({ control: 1, bulk: 0 });
    await settle();
    expect(drained).toBe(true);
    expect(sent).toHaveLength(2);
    await outlet.drained;
  });

  it('holds no more than its named limit', () => {
    const { outlet } = open();
    let taken = 0;
    while (outlet.emit({ type: 'w.fact', n: taken })) taken++;
    expect(taken).toBe(OUTLET_CONTROL_LIMIT);
  });

  it('coalesces bulk events, drops above the limit, and reports drops with the next credit', () => {
    const { outlet, sent } = open({ control: 4, bulk: 2 });
    for (const [key, n] of [
      [1, 'a'],
      [2, 'b'],
      [1, 'c'],
      [3, 'd'],
      [4, 'e'],
    ] as const) {
      expect(outlet.emit({ type: 'w.noise', key, n })).toBe(true);
    }
    expect(sent).toEqual([]);
    outlet.grant({ control: 0, bulk: 10 });
    expect(sent).toEqual([
      {
        kind: 'events',
        lane: 'bulk',
        events: [
          { type: 'w.noise', key: 1, n: 'c' },
          { type: 'w.noise', key: 2, n: 'b' },
        ],
      },
      { kind: 'dropped', counts: { 'w.noise': 2 } },
    ]);
    outlet.grant({ control: 0, bulk: 1 });
    expect(sent).toHaveLength(2);
  });

  it('does not let a flood of bulk events use the credit of control events', () => {
    const { outlet, sent } = open();
    outlet.grant({ control: 1, bulk: 1 });
    for (let key = 0; key < 100; key++) outlet.emit({ type: 'w.noise', key, n: key });
    outlet.emit({ type: 'w.fact', n: 'through' });
    expect(sent.at(-1)).toEqual({
      kind: 'events',
      lane: 'control',
      events: [{ type: 'w.fact', n: 'through' }],
    });
  });

  it('drops only the event that cannot be cloned, and counts it', () => {
    const { outlet, sent } = open();
    outlet.emit({ type: 'w.fact', n: 1 });
    outlet.emit({ type: 'w.fact', n: () => undefined });
    outlet.emit({ type: 'w.fact', n: 3 });
    outlet.grant({ control: 3, bulk: 0 });
    expect(sent.filter(({ kind }) => kind === 'events')).toHaveLength(2);
    expect(sent.at(-1)).toEqual({ kind: 'dropped', counts: { 'w.fact': 1 } });
    expect(() => outlet.emit({ type: 'w.fact', n: () => undefined })).toThrow('could not be cloned');
  });

  it('reports what still waits as dropped when it closes, and takes nothing afterwards', async () => {
    const { outlet, sent } = open({ control: 1, bulk: 4 });
    outlet.emit({ type: 'w.fact', n: 1 });
    outlet.emit({ type: 'w.noise', key: 1, n: 2 });
    const drained = outlet.drained;
    outlet.close();
    outlet.close();
    await drained;
    expect(sent).toEqual([{ kind: 'dropped', counts: { 'w.fact': 1, 'w.noise': 1 } }]);
    expect(outlet.emit({ type: 'w.fact', n: 3 })).toBe(false);
    outlet.grant({ control: 9, bulk: 9 });
    expect(sent).toHaveLength(1);
  });

  it('refuses an undeclared type', () => {
    const { outlet } = open();
    expect(() => outlet.emit({ type: 'w.other' } as unknown as Event)).toThrow(
      'event w.other is not declared',
    );
  });
});
