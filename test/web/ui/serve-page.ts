/** The built page over fake hubs, served with the relay's own headers, on a port of its own. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { securityHeaders } from '../../../relay/page-headers.js';

const web = join(import.meta.dirname, '../../../web');
/** Nothing is written: the build's names are below it. */
const ROOT = '/page';
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

export interface ServedPage {
  readonly url: string;
  close(): Promise<void>;
}

/** The files of the page by their names. */
async function bundle(): Promise<ReadonlyMap<string, Uint8Array>> {
  const common = {
    bundle: true,
    write: false,
    minify: true,
    logLevel: 'error',
    target: 'es2022',
    absWorkingDir: web,
  } as const;
  const scripts = await build({
    ...common,
    entryPoints: { page: join(import.meta.dirname, 'page/page.ts') },
    outdir: ROOT,
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  const styles = await build({ ...common, entryPoints: { 'styles/main': 'styles/main.css' }, outdir: ROOT });
  const files = new Map<string, Uint8Array>();
  for (const { path, contents } of [...scripts.outputFiles, ...styles.outputFiles])
    files.set(relative(ROOT, path), contents);
  const page = await readFile(join(web, 'index.html'), 'utf8');
  files.set('index.html', Buffer.from(page.replace('./main.tsx', './page.js')));
  for (const name of ['manifest.webmanifest', 'icons/botster.svg', 'icons/botster-192.png'])
    files.set(name, await readFile(join(web, name)));
  return files;
}

export async function servePage(): Promise<ServedPage> {
  const files = await bundle();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const bytes = files.get(name);
    for (const [header, value] of Object.entries(securityHeaders)) response.setHeader(header, value);
    if (bytes === undefined) response.writeHead(404).end();
    else response.setHeader('content-type', types[extname(name)] ?? '').end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
