/** The built page over fake hubs, served with the relay's own headers, on a port of its own. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { securityHeaders } from '../../../relay/page-headers.js';
import { tempDir } from '../../support/temp-repo.js';

const web = join(import.meta.dirname, '../../../web');
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

async function bundle(into: string): Promise<void> {
  const common = { bundle: true, logLevel: 'error', target: 'es2022', absWorkingDir: web } as const;
  await build({
    ...common,
    entryPoints: { page: join(import.meta.dirname, 'page/page.ts') },
    outdir: into,
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  await build({ ...common, entryPoints: { main: 'styles/main.css' }, outdir: join(into, 'styles') });
  const page = await readFile(join(web, 'index.html'), 'utf8');
  await writeFile(join(into, 'index.html'), page.replace('./main.tsx', './page.js'));
  await mkdir(join(into, 'icons'), { recursive: true });
  await cp(join(web, 'icons'), join(into, 'icons'), { recursive: true });
  await cp(join(web, 'manifest.webmanifest'), join(into, 'manifest.webmanifest'));
}

export async function servePage(folder = tempDir()): Promise<ServedPage> {
  await bundle(folder);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    for (const [header, value] of Object.entries(securityHeaders)) response.setHeader(header, value);
    const type = types[extname(name)];
    if (type === undefined || name.includes('..')) return void response.writeHead(404).end();
    readFile(join(folder, name)).then(
      (bytes) => response.setHeader('content-type', type).end(bytes),
      () => response.writeHead(404).end(),
    );
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
