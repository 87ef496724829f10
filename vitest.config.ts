/**
 * Tests run against what ships: an import of `../../hub/inbox.js` loads dist/hub/inbox.js, natively, so that worker
 * threads, `import.meta.url` and stack traces are the real ones. Build first (`npm test` does).
 */
import { defineConfig } from 'vitest/config';
import { importFromDist } from './test/support/import-from-dist.js';

/** Where `.ci/run` wants the results as JSON. */
const report = process.env['BOTSTER_TEST_REPORT'];

export default defineConfig({
  plugins: [importFromDist(import.meta.dirname)],
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // One process for many files: starting one for each takes as long as a tenth of the tests.
    isolate: false,
    // A test that hangs ends; one on a slow and busy machine gets there. A long fuzz run (test/support/fast-check.ts) takes its time.
    testTimeout: process.env['BOTSTER_FUZZ_RUNS'] === undefined ? 60_000 : 3_600_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
