import { expect, test } from 'vitest';
import { checkoutProgress, type Progress, ProgressMeter } from '../../worktrees/progress.js';
import fc from '../support/fast-check.js';
import { until } from '../support/until.js';

test('the first state is told at once, then the newest ten times a second, and the last', async () => {
  const seen: Progress[] = [];
  const meter = new ProgressMeter((progress) => seen.push(progress));
  for (let i = 0; i <= 50; i++) meter.report('checkout', i, 100);
  expect(seen).toEqual([{ stage: 'checkout', done: 0, total: 100, percent: 0 }]);
  await until(() => seen.length === 2);
  expect(seen[1]).toMatchObject({ done: 50 });
  meter.report('checkout', 60, 100);
  meter.finish();
  expect(seen.slice(2)).toEqual([{ stage: 'checkout', done: 100, total: 100, percent: 100 }]);
  meter.finish();
  expect(seen).toHaveLength(3);
});

test('nothing is told once it is stopped, nor of nothing', () => {
  const seen: Progress[] = [];
  const meter = new ProgressMeter((progress) => seen.push(progress));
  meter.finish();
  meter.report('copy', 0, 0);
  meter.report('copy', 1, 2);
  meter.stop();
  expect(seen).toEqual([{ stage: 'copy', done: 0, total: 0, percent: 100 }]);
});

test('what git says is read, wherever its pieces are cut', () => {
  const said =
    "Preparing worktree (new branch 'x')\nUpdating files:   0% (1/250)\rUpdating files: 100% (250/250)\rUpdating files: 100% (250/250), done.\nHEAD is now at\n";
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }), (lengths) => {
      const seen: [number, number][] = [];
      const read = checkoutProgress((done, total) => seen.push([done, total]));
      let at = 0;
      for (const length of lengths) {
        read(said.slice(at, at + length));
        at += length;
      }
      read(said.slice(at));
      expect(seen).toEqual([
        [1, 250],
        [250, 250],
        [250, 250],
      ]);
    }),
  );
});
