import { expect, test } from 'vitest';
import { Turns } from '../../worktrees/turns.js';

/** Jobs that end when told to. */
function jobs() {
  const started: string[] = [];
  const end = new Map<string, () => void>();
  const job = (name: string) => () => {
    started.push(name);
    return new Promise<string>((resolve) => end.set(name, () => resolve(name)));
  };
  return { started, job, finish: (name: string) => end.get(name)?.() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('jobs with a key in common run one after the other, others are not held up', async () => {
  const turns = new Turns({ maxRunning: 3, maxWaiting: 10 });
  const { started, job, finish } = jobs();
  const all = [
    turns.run(['a'], job('a1')),
    turns.run(['a'], job('a2')),
    turns.run(['b'], job('b')),
    turns.run([], job('c')),
    turns.run([], job('d')),
  ];
  await settled();
  expect(started).toEqual(['a1', 'b', 'c']);
  finish('b');
  await settled();
  expect(started).toEqual(['a1', 'b', 'c', 'd']);
  finish('a1');
  await settled();
  expect(started).toEqual(['a1', 'b', 'c', 'd', 'a2']);
  for (const name of ['a2', 'c', 'd']) finish(name);
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'b', 'c', 'd']);
});

test('the line is bounded, and one can leave it', async () => {
  const turns = new Turns({ maxRunning: 1, maxWaiting: 1 });
  const { started, job, finish } = jobs();
  const controller = new AbortController();
  const first = turns.run([], job('first'));
  const second = turns.run([], job('second'), controller.signal);
  expect(await turns.run([], job('third'))).toBe('busy');
  controller.abort();
  expect(await second).toBe('cancelled');
  expect(await turns.run([], job('late'), controller.signal)).toBe('cancelled');
  finish('first');
  await first;
  expect(started).toEqual(['first']);
});

test('a job that fails makes room', async () => {
  const turns = new Turns({ maxRunning: 1, maxWaiting: 1 });
  await expect(turns.run(['a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await turns.run(['a'], () => Promise.resolve(1))).toBe(1);
});
