/**
 * Writes what definitions say into files that are committed: LuaLS stubs (lua/meta/) and reference pages
 * (docs/reference/). With `--check` it writes nothing and fails, naming the files, if any is not as it would be written.
 *
 * Runs in the repository's root.
 */
import type { PrimitiveDef } from '../primitives/define.js';
import { primitives } from '../primitives/index.js';
import { generatedFiles, staleFiles, writeStale } from './generated-files.js';

const files = generatedFiles(primitives.map((primitive): PrimitiveDef => primitive.def));

if (process.argv.includes('--check')) {
  const stale = staleFiles('.', files);
  if (stale.length > 0) {
    console.error(`stale (run "npm run gen"):\n${stale.map((path) => `  ${path}`).join('\n')}`);
    process.exitCode = 1;
  }
} else {
  for (const path of writeStale('.', files)) console.log(`wrote ${path}`);
}
