/** Of `.ci/interop`: these tests need what the normal suite does not. */
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { importFromDist } from '../../support/import-from-dist.js';

/** Where the results go as JSON. */
const report = process.env['BOTSTER_TEST_REPORT'];
const root = resolve(import.meta.dirname, '../../..');

// biome-ignore lint/style/noDefaultExport: vitest wants one
export default defineConfig({
  plugins: [importFromDist(root)],
  test: {
    root,
    include: ['test/interop/rails/*.interop.ts'],
    pool: 'forks',
    maxWorkers: 1,
    // Rails takes two seconds to start, and a test starts it twice.
    testTimeout: 60_000,
    hookTimeout: 20_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
