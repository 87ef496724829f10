import { expect, test } from 'vitest';
import { EarlyCandidates } from '../../../primitives/webrtc/early-candidates.js';

const candidate = (n: number) => ({ candidate: `candidate:${n}` });

test('a candidate that came before its offer is there when the offer comes, once', () => {
  const early = new EarlyCandidates();
  early.hold('a:1', candidate(1));
  early.hold('a:1', undefined);
  early.hold('b:1', candidate(2));
  expect(early.take('a:1')).toEqual([candidate(1), undefined]);
  expect(early.take('a:1')).toEqual([]);
  expect(early.take('b:1')).toEqual([candidate(2)]);
});

test('what is held is bounded, for one and for all', () => {
  const early = new EarlyCandidates();
  for (let n = 0; n < 1_000; n++) early.hold('a:1', candidate(n));
  expect(early.take('a:1')).toHaveLength(32);
  for (let n = 0; n < 1_000; n++) early.hold(`a:${n}`, candidate(n));
  expect(early.take('a:0')).toEqual([]);
  expect(early.take('a:999')).toHaveLength(1);
});
