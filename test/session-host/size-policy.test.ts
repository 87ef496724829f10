import { describe, expect, it } from 'vitest';
import type { SizePolicy } from '../../protocol/session.js';
import { SizeArbiter } from '../../session-host/size-policy.js';
import fc from '../support/fast-check.js';

const desk = { name: 'desk' };
const phone = { name: 'phone' };
const big = { rows: 50, cols: 200 };
const small = { rows: 20, cols: 40 };

describe('latest', () => {
  it('follows who attached, typed or focused last', () => {
    const arbiter = new SizeArbiter('latest');
    expect(arbiter.view(desk, big, true)).toMatchObject(big);
    expect(arbiter.view(phone, small, true)).toMatchObject(small);
    expect(arbiter.acted(desk)).toMatchObject(big);
    expect(arbiter.acted(desk), 'each key costs nothing').toBeUndefined();
    expect(arbiter.view(phone, small, true), 'focused').toMatchObject(small);
  });

  it('follows the window of who acted last, and of nobody else', () => {
    const arbiter = new SizeArbiter('latest');
    arbiter.view(phone, small, true);
    arbiter.view(desk, big, true);
    expect(arbiter.view(phone, { rows: 10, cols: 10 }, false)).toMatchObject(big);
    expect(arbiter.view(desk, { rows: 51, cols: 201 }, false)).toMatchObject({ rows: 51, cols: 201 });
  });

  it('keeps its size when that one leaves; then the others decide', () => {
    const arbiter = new SizeArbiter('latest');
    arbiter.view(phone, small, true);
    arbiter.view(desk, big, true);
    expect(arbiter.left(desk)).toBeUndefined();
    expect(arbiter.acted(phone)).toMatchObject(small);
  });
});

describe('smallest', () => {
  it('fits into every view, also when one leaves', () => {
    const arbiter = new SizeArbiter('smallest');
    arbiter.view(desk, { rows: 50, cols: 40 }, true);
    expect(arbiter.view(phone, { rows: 20, cols: 100 }, true)).toEqual({ rows: 20, cols: 40 });
    expect(arbiter.acted(desk)).toBeUndefined();
    expect(arbiter.left(phone)).toEqual({ rows: 50, cols: 40 });
    expect(arbiter.left(desk)).toBeUndefined();
  });
});

describe('pinned', () => {
  it('follows nobody until it is another policy', () => {
    const arbiter = new SizeArbiter('latest');
    arbiter.setPolicy('pinned');
    expect(arbiter.view(desk, big, true)).toBeUndefined();
    expect(arbiter.view(phone, small, true)).toBeUndefined();
    expect(arbiter.acted(desk)).toBeUndefined();
    expect(arbiter.left(phone)).toBeUndefined();
    expect(arbiter.setPolicy('latest')).toMatchObject(big);
  });
});

it('who has no size has no say', () => {
  for (const policy of ['latest', 'smallest', 'pinned'] as const) {
    const arbiter = new SizeArbiter(policy);
    expect(arbiter.acted(desk)).toBeUndefined();
    expect(arbiter.left(desk)).toBeUndefined();
    expect(arbiter.setPolicy('latest')).toBeUndefined();
  }
});

it('whatever happens, the size follows from the policy and the views', () => {
  const size = fc.record({ rows: fc.integer({ min: 1, max: 9 }), cols: fc.integer({ min: 1, max: 9 }) });
  const who = fc.integer({ min: 0, max: 3 });
  const step = fc.oneof(
    fc.record({ do: fc.constant('view' as const), who, size, acted: fc.boolean() }),
    fc.record({ do: fc.constant('acted' as const), who }),
    fc.record({ do: fc.constant('left' as const), who }),
    fc.record({
      do: fc.constant('policy' as const),
      policy: fc.constantFrom<SizePolicy>('latest', 'smallest'),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const arbiter = new SizeArbiter('latest');
      const viewers = [{}, {}, {}, {}];
      /** By who acted last, oldest first. */
      let views: { who: number; rows: number; cols: number }[] = [];
      let now = { rows: 24, cols: 80 };
      for (const step of steps) {
        const viewer = viewers['who' in step ? step.who : 0] as object;
        const before = 'who' in step ? views.find((view) => view.who === step.who) : undefined;
        let wanted: { rows: number; cols: number } | undefined;
        if (step.do === 'view') {
          wanted = arbiter.view(viewer, step.size, step.acted);
          const view = { who: step.who, ...step.size };
          if (before !== undefined && !step.acted) views = views.map((one) => (one === before ? view : one));
          else views = [...views.filter((one) => one !== before), view];
        } else if (step.do === 'acted') {
          wanted = arbiter.acted(viewer);
          if (before !== undefined) views = [...views.filter((one) => one !== before), before];
        } else if (step.do === 'left') {
          wanted = arbiter.left(viewer);
          views = views.filter((one) => one !== before);
        } else wanted = arbiter.setPolicy(step.policy);
        now = wanted ?? now;
        if (views.length === 0) continue;
        const fits = {
          rows: Math.min(...views.map(({ rows }) => rows)),
          cols: Math.min(...views.map(({ cols }) => cols)),
        };
        const last = views.at(-1);
        // Of `latest`, who left last may still count.
        if (arbiter.policy === 'smallest') expect(now).toMatchObject(fits);
        else if (step.do !== 'left' && wanted !== undefined)
          expect(now).toMatchObject({ rows: last?.rows, cols: last?.cols });
      }
    }),
  );
});
