/**
 * `npm run check`, after the build: every check runs, two at a time, and reports once; one failure fails the whole.
 * People and CI run the same list.
 */
import { spawn } from 'node:child_process';

interface Step {
  readonly name: string;
  /** A script and its arguments, for node. */
  readonly run: readonly string[];
}

const color = process.stdout.isTTY;

const bin = (name: string): string => `node_modules/.bin/${name}`;

/** The slowest first, so that the two lanes end together. */
const steps: readonly Step[] = [
  { name: 'types in use (eslint)', run: [bin('eslint'), '--max-warnings', '0', '.'] },
  {
    name: 'imports (dependency-cruiser)',
    run: [bin('depcruise'), '--config', '.dependency-cruiser.js', '.'],
  },
  {
    name: 'what workers load (dependency-cruiser)',
    run: [bin('depcruise'), '--config', '.dependency-cruiser.workers.js', '**/*.worker.ts'],
  },
  { name: 'dead code (knip)', run: [bin('knip')] },
  { name: 'format and lint (biome)', run: [bin('biome'), 'ci', `--colors=${color ? 'force' : 'off'}`, '.'] },
  { name: 'generated files are fresh', run: ['dist/tools/gen.js', '--check'] },
  { name: 'file sizes and paths', run: ['dist/tools/check-tree.js'] },
];

/** Runs one step to its end and prints the outcome, with the step's own output only if it failed or warned. */
async function outcome(step: Step): Promise<boolean> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, step.run, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(color ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const passed = await new Promise<boolean>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${step.name}  ${seconds} s`);
  if (!passed || output.includes('warning:')) console.log(`\n${output.trim()}\n`);
  return passed;
}

const waiting = [...steps];
const failed: string[] = [];

async function lane(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    if (!(await outcome(step))) failed.push(step.name);
  }
}

await Promise.all([lane(), lane()]);
console.log(failed.length === 0 ? 'check: all good' : `check: ${failed.length} failed: ${failed.join('; ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
