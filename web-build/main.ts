/**
 * Builds the web app: web/ becomes dist/web, which a relay serves as it is. `node dist/web-build/main.js [--verbose]`,
 * run by `npm run build` and by ./botster.
 *
 * web/index.html names what it loads by path: scripts and styles are bundled and get names with a hash in them, other
 * files are copied, with those that the manifest names. web/service-worker.ts becomes /sw.js, whose name never changes;
 * it sees `BUILD_ID` and `BUILD_FILES` (web/build-constants.d.ts). Keeps true: dist/web is the old one or the new one, never
 * something in between.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { messageOf } from '../base/errors.js';
import { bundleApp, bundleServiceWorker, type Output } from './bundle.js';
import { compressAll } from './compress.js';
import { referencesOf, rewritten } from './page.js';

const root = resolve(import.meta.dirname, '../..');
const web = join(root, 'web');
const target = join(root, 'dist/web');
const PAGE = 'index.html';
const SERVICE_WORKER = 'service-worker.ts';

/** Files that are taken over as they are: what the page names, and what its manifest names. */
async function copied(paths: readonly string[]): Promise<string[]> {
  const all = new Set(paths);
  for (const path of paths.filter((path) => path.endsWith('.webmanifest'))) {
    JSON.parse(await readFile(join(web, path), 'utf8'), (key, value: unknown) => {
      if (key === 'src' && typeof value === 'string')
        all.add(relative(web, resolve(web, dirname(path), `./${value}`)));
      return value;
    });
  }
  return [...all];
}

async function build(into: string): Promise<Output[]> {
  const page = await readFile(join(web, PAGE), 'utf8');
  const references = referencesOf(page, (path) => existsSync(join(web, path)));
  const bundled = references.filter((path) => /\.(tsx?|css)$/.test(path));
  const files = await copied(references.filter((path) => !bundled.includes(path)));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const app = await bundleApp({ web, into, entries: bundled, version });
  for (const path of files) {
    await mkdir(dirname(join(into, path)), { recursive: true });
    await cp(join(web, path), join(into, path));
  }
  await writeFile(join(into, PAGE), rewritten(page, app.entries));
  const outputs = [...app.outputs];
  if (existsSync(join(web, SERVICE_WORKER))) {
    const cached = [PAGE, ...files, ...app.outputs.map(({ path }) => path)];
    outputs.push(...(await bundleServiceWorker({ web, into, entry: SERVICE_WORKER, files: cached })));
  }
  await compressAll(into);
  return outputs;
}

function report(outputs: readonly Output[]): void {
  for (const { path, bytes, gzip_bytes } of [...outputs].sort((a, b) => b.bytes - a.bytes)) {
    const kb = (count: number): string => `${(count / 1024).toFixed(1)} KB`.padStart(10);
    process.stdout.write(`${kb(bytes)}${kb(gzip_bytes)} gzip  ${path}\n`);
  }
}

// Two builds at once (two first starts, two helpers) do not write into each other's folder.
const making = `${target}.${process.pid}`;
try {
  await mkdir(making, { recursive: true });
  const outputs = await build(making);
  const old = `${making}.old`;
  if (existsSync(target)) await rename(target, old);
  await rename(making, target);
  await rm(old, { recursive: true, force: true });
  if (process.argv.includes('--verbose')) report(outputs);
} catch (thrown) {
  await rm(making, { recursive: true, force: true });
  process.stderr.write(`web: ${messageOf(thrown)}\n`);
  process.exitCode = 1;
}
