import { expect, it } from 'vitest';
import { ReplayWindow, WINDOW } from '../../pairing/replay-window.js';
import fc from '../support/fast-check.js';

it('takes each counter once, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(WINDOW - 1), { maxLength: 300 }), fc.nat(1_000_000), (counters, start) => {
      const window = new ReplayWindow();
      const taken = new Set<number>();
      for (const counter of counters) {
        expect(window.isFresh(start + counter)).toBe(!taken.has(counter));
        window.add(start + counter);
        taken.add(counter);
      }
    }),
  );
});

it('takes none that is far behind, however many came since', () => {
  const window = new ReplayWindow();
  for (let counter = 0; counter < 10 * WINDOW; counter++) {
    expect(window.isFresh(counter)).toBe(true);
    window.add(counter);
  }
  for (const old of [0, 5 * WINDOW, 9 * WINDOW - 1]) expect(window.isFresh(old)).toBe(false);
});
