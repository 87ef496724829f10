/**
 * How many inputs a property test of a decoder makes: few in the suite, the same ones each time. By hand as many as wanted:
 *
 *   BOTSTER_FUZZ_RUNS=1000000 npx vitest run test/primitives/webrtc/fuzz.test.ts
 *
 * with BOTSTER_FUZZ_SEED for others than the suite's. Tests then have the time that they take (vitest.config.ts).
 */
const runs = Number(process.env['BOTSTER_FUZZ_RUNS'] ?? 0);
const seed = process.env['BOTSTER_FUZZ_SEED'];

export interface FuzzParameters {
  readonly numRuns: number;
  readonly seed: number;
}

/** For `fc.assert`. `usual`: inputs in the suite. */
export function fuzz(usual: number): FuzzParameters {
  return { numRuns: runs > 0 ? runs : usual, seed: Number(seed ?? 4) };
}
