/**
 * `npm run bench`: runs the benches one after the other and prints their figures, as a table or (`--json`) as JSON.
 * Arguments that are not options choose benches by a part of their name. Run it when nothing else runs.
 */
import { cpus } from 'node:os';
import { callbacks } from './callbacks.bench.js';
import { inbox } from './inbox.bench.js';
import { json } from './json.bench.js';
import { luaCalls } from './lua-calls.bench.js';
import type { Bench, Figure } from './measure.js';
import { processBench } from './process.bench.js';
import { runaway } from './runaway.bench.js';
import { echo } from './sessions/echo.bench.js';
import { flood } from './sessions/flood.bench.js';
import { lossless } from './sessions/lossless.bench.js';
import { rest } from './sessions/rest.bench.js';
import { webEcho } from './web/echo.bench.js';
import { webScreen } from './web/screen.bench.js';
import { worktreeBench } from './worktree.bench.js';

const benches: readonly Bench[] = [
  luaCalls,
  callbacks,
  runaway,
  inbox,
  json,
  processBench,
  echo,
  flood,
  rest,
  lossless,
  worktreeBench,
  webEcho,
  webScreen,
];

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const wanted = args.filter((arg) => !arg.startsWith('-'));
const chosen = benches.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);

const results: Record<string, Figure[]> = {};
for (const bench of chosen) {
  process.stderr.write(`${bench.name} …\n`);
  results[bench.name] = await bench.run();
  if (!asJson) for (const line of table(results[bench.name] ?? [])) process.stdout.write(`${line}\n`);
}
if (asJson) {
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model ?? 'unknown' };
  process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
}

function table(figures: readonly Figure[]): string[] {
  return figures.map(({ name, value, unit, goal, met, reference, ratio }) => {
    const against = reference === undefined ? '' : `  ${ratio}x of ${reference.value} (${reference.name})`;
    const wish = goal === undefined ? '' : `  ${met ? 'ok' : 'MISSED'} ${goal}`;
    return `  ${name.padEnd(52)} ${`${value} ${unit}`.padStart(16)}${wish.padEnd(20)}${against}`;
  });
}
