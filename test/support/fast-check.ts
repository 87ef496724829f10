/**
 * fast-check with the same inputs in each run of the suite, so that a run means the same everywhere. By hand, other inputs and
 * as many as wanted where the test does not say how many:
 *
 *   BOTSTER_FUZZ_SEED=7 BOTSTER_FUZZ_RUNS=100000 npx vitest run test/protocol
 *
 * Tests then have the time that they take (vitest.config.ts). Decoders take their number from `fuzz`.
 */
import fc from 'fast-check';

const SUITE_SEED = 4;
const runs = Number(process.env['BOTSTER_FUZZ_RUNS'] ?? 0);
const seed = Number(process.env['BOTSTER_FUZZ_SEED'] ?? SUITE_SEED);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed, ...(runs > 0 ? { numRuns: runs } : {}) });

// biome-ignore lint/performance/noBarrelFile: the tests' one way to it
export { default } from 'fast-check';

/** For `fc.assert` of a decoder: how many inputs the suite makes. */
export function fuzz(usual: number): { readonly numRuns: number } {
  return { numRuns: runs > 0 ? runs : usual };
}
