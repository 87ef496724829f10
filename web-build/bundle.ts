/**
 * esbuild: entries to chunks with a hash in their names. The only importer of esbuild.
 *
 * What is loaded by `import()` (pairing with libsodium, the terminal) becomes a chunk of its own. Source maps are made, and
 * are not part of what a service worker keeps.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Metafile } from 'esbuild';

export interface Output {
  /** Relative to the page. */
  readonly path: string;
  readonly bytes: number;
  readonly gzip_bytes: number;
}

export interface Entry {
  /** The output's path, relative to the page. */
  readonly path: string;
  /** Styles that a script imports. */
  readonly css: string | undefined;
}

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'silent',
  metafile: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.woff2': 'file', '.svg': 'file', '.png': 'file' },
} satisfies BuildOptions;

/** Bundles scripts and styles; gives what became of each entry. */
export async function bundleApp(options: {
  readonly web: string;
  readonly into: string;
  readonly entries: readonly string[];
  readonly version: string;
}): Promise<{ readonly entries: ReadonlyMap<string, Entry>; readonly outputs: readonly Output[] }> {
  const { web, into } = options;
  const { metafile } = await build({
    ...common,
    absWorkingDir: web,
    entryPoints: [...options.entries],
    outdir: into,
    define: { BUILD_VERSION: JSON.stringify(options.version) },
    splitting: true,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
  });
  const entries = new Map<string, Entry>();
  const local = (path: string): string => relative(into, resolve(web, path));
  for (const [path, { entryPoint, cssBundle }] of Object.entries(metafile.outputs)) {
    if (entryPoint !== undefined && options.entries.includes(entryPoint))
      entries.set(entryPoint, {
        path: local(path),
        css: cssBundle === undefined ? undefined : local(cssBundle),
      });
  }
  return { entries, outputs: await outputsOf(metafile, web, into) };
}

/** Bundles the service worker to sw.js, which knows `files` and an id that changes when one of them does. */
export async function bundleServiceWorker(options: {
  readonly web: string;
  readonly into: string;
  readonly entry: string;
  readonly files: readonly string[];
}): Promise<readonly Output[]> {
  const { web, into, files } = options;
  const hash = createHash('sha256');
  for (const path of [...files].sort()) hash.update(`${path}\0`).update(await readFile(join(into, path)));
  const { metafile } = await build({
    ...common,
    absWorkingDir: web,
    entryPoints: [options.entry],
    outfile: join(into, 'sw.js'),
    define: {
      BUILD_ID: JSON.stringify(hash.digest('hex').slice(0, 16)),
      BUILD_FILES: JSON.stringify(files),
    },
  });
  return await outputsOf(metafile, web, into);
}

async function outputsOf({ outputs }: Metafile, web: string, into: string): Promise<Output[]> {
  const paths = Object.keys(outputs).filter((path) => !path.endsWith('.map'));
  return await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(resolve(web, path));
      return {
        path: relative(into, resolve(web, path)),
        bytes: bytes.length,
        gzip_bytes: gzipSync(bytes).length,
      };
    }),
  );
}
