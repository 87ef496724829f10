/** Headless Chromium from the system, with bench/web/page.ts loaded. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { root } from '../bench-hub.js';
import type { Place } from '../hub-process.js';
import type { BarePage, BenchPage } from './page.js';

declare global {
  var benchPage: BenchPage;
  var barePage: BarePage;
}

export class BenchBrowser {
  readonly #browsers: Browser[] = [];
  readonly #folder: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #url: string;

  private constructor(folder: string, server: ReturnType<typeof createServer>) {
    this.#folder = folder;
    this.#server = server;
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async start(): Promise<BenchBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'botster-bench-'));
    await build({
      entryPoints: [join(root, 'bench/web/page.ts')],
      outdir: folder,
      bundle: true,
      splitting: true,
      format: 'esm',
      target: 'es2022',
      define: { BUILD_VERSION: '"bench"' },
    });
    const server = createServer((request, response) => {
      const name = (request.url ?? '').slice(1).replaceAll('/', '');
      if (name === '')
        response.setHeader('content-type', 'text/html').end('<script type="module" src="/page.js"></script>');
      else
        readFile(join(folder, name)).then(
          (bytes) => response.setHeader('content-type', 'text/javascript').end(bytes),
          () => response.writeHead(404).end(),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BenchBrowser(folder, server);
  }

  /** A browser process of its own. */
  async page(): Promise<Page> {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    this.#browsers.push(browser);
    const page = await browser.newPage();
    await page.goto(this.#url);
    await page.waitForFunction(() => 'benchPage' in globalThis);
    return page;
  }

  async close(): Promise<void> {
    for (const browser of this.#browsers) await browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A connection code of the hub. */
export function newCode({ repo, env }: Place): string {
  const text = execFileSync(join(root, 'botster'), ['connect', '--json', '--repo', repo], { env }).toString();
  return (JSON.parse(text) as { url: string }).url;
}
