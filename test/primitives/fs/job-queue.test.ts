import { expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { JobQueue } from '../../../primitives/fs/job-queue.js';

/** Jobs that end when the test says so. */
function jobs() {
  const started: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const job = (name: string) => () => {
    started.push(name);
    return new Promise<string>((resolve, reject) => {
      ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
    });
  };
  return { started, job, end: (name: string, error?: Error) => ends.get(name)?.(error) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('jobs of one path run one after the other, others beside them', async () => {
  const run = new JobQueue({ maxRunning: 8, maxWaiting: 100 }).owner();
  const { started, job, end } = jobs();
  const results = [run(['a'], job('a1')), run(['a'], job('a2')), run(['b'], job('b1'))];
  await settled();
  expect(started).toEqual(['a1', 'b1']);
  end('a1');
  await settled();
  expect(started).toEqual(['a1', 'b1', 'a2']);
  end('a2');
  end('b1');
  expect(await Promise.all(results)).toEqual(['a1', 'a2', 'b1']);
});

test('a job that fails lets the next one of its path run', async () => {
  const run = new JobQueue({ maxRunning: 8, maxWaiting: 100 }).owner();
  const { started, job, end } = jobs();
  const first = run(['a'], job('a1'));
  const second = run(['a'], job('a2'));
  await settled();
  end('a1', new Error('no'));
  await expect(first).rejects.toThrow('no');
  await settled();
  expect(started).toEqual(['a1', 'a2']);
  end('a2');
  await second;
});

test('jobs with two paths wait for both, and never for each other', async () => {
  const run = new JobQueue({ maxRunning: 8, maxWaiting: 100 }).owner();
  const { started, job, end } = jobs();
  const all = [run(['a', 'b'], job('1')), run(['b', 'a'], job('2')), run(['a'], job('3'))];
  for (const name of ['1', '2', '3']) {
    await settled();
    expect(started.at(-1)).toBe(name);
    end(name);
  }
  await Promise.all(all);
});

test('a path named twice does not wait for itself', async () => {
  const run = new JobQueue({ maxRunning: 8, maxWaiting: 100 }).owner();
  expect(await run(['a', 'a'], () => Promise.resolve(1))).toBe(1);
});

test('so many run at a time, in the order they came; beyond the waiting ones a job is refused', async () => {
  const run = new JobQueue({ maxRunning: 2, maxWaiting: 2 }).owner();
  const { started, job, end } = jobs();
  const all = ['1', '2', '3', '4'].map((name) => run([name], job(name)));
  const refused = await run(['5'], job('5')).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(HubError);
  expect((refused as HubError).code).toBe('fs.busy');
  await settled();
  expect(started).toEqual(['1', '2']);
  end('2');
  await settled();
  expect(started).toEqual(['1', '2', '3']);
  end('1');
  await settled();
  end('3');
  end('4');
  await Promise.all(all);
  expect(await run(['6'], () => Promise.resolve('again'))).toBe('again');
});

test("owners take turns, and the limit is each one's own", async () => {
  const queue = new JobQueue({ maxRunning: 1, maxWaiting: 5 });
  const [wild, calm] = [queue.owner(), queue.owner()];
  const { started, job, end } = jobs();
  const all = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'].map((name) => wild([name], job(name)));
  await expect(wild(['w7'], job('w7'))).rejects.toMatchObject({ code: 'fs.busy' });
  all.push(calm(['c1'], job('c1')), calm(['c2'], job('c2')));
  for (let i = 0; i < 8; i++) {
    await settled();
    end(started.at(-1) ?? '');
  }
  await Promise.all(all);
  expect(started).toEqual(['w1', 'w2', 'c1', 'w3', 'c2', 'w4', 'w5', 'w6']);
});
