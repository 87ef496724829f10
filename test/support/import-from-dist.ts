/**
 * The Vite plugin that makes tests load the build. A relative import that points into a source folder becomes the
 * same path under dist/ and is left to Node. Code under test/ is transformed by Vite as usual.
 *
 * A source folder is a top-level folder with a tsconfig.json, other than test/. Only import statements are mapped:
 * a test that needs a file's URL (a worker, a program to spawn) asks `distUrl`.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'vitest/config';

const ROOT = resolve(import.meta.dirname, '../..');

/** The URL of a built file: `distUrl('hub/cli/main.js')`. */
export function distUrl(path: string): URL {
  return pathToFileURL(resolve(ROOT, 'dist', path));
}

export function importFromDist(root: string): Plugin {
  return {
    name: 'import-from-dist',
    enforce: 'pre',
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith('.')) return null;
      const target = resolve(dirname(importer), source);
      if (!target.startsWith(root + sep)) return null;
      const path = target.slice(root.length + 1);
      const folder = path.split(sep, 1)[0] ?? '';
      if (folder === 'test' || !existsSync(resolve(root, folder, 'tsconfig.json'))) return null;
      // dist/web is what browsers load; the modules that tests look into are beside it.
      const built = resolve(
        root,
        'dist',
        folder === 'web' ? `web-modules${path.slice(folder.length)}` : path,
      );
      if (!existsSync(built))
        throw new Error(`${path} is not built: run npm run build (imported by ${importer})`);
      return { id: pathToFileURL(built).href, external: true };
    },
  };
}
