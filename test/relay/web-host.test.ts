import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRelay } from '../support/relay.js';
import { tempDir } from '../support/temp-repo.js';

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

function builtApp(): string {
  const webRoot = join(tempDir(), 'web');
  mkdirSync(join(webRoot, 'assets'), { recursive: true });
  writeFileSync(join(webRoot, 'index.html'), '<p>the app</p>');
  writeFileSync(join(webRoot, 'sw.js'), 'self');
  writeFileSync(join(webRoot, '.secret'), 'secret');
  writeFileSync(join(webRoot, 'assets/main-ABCDEF.js'), 'code');
  writeFileSync(join(webRoot, 'assets/main-ABCDEF.js.br'), 'packed');
  writeFileSync(join(webRoot, 'assets/box-123.wasm'), 'wasm');
  writeFileSync(join(webRoot, '../outside.txt'), 'outside');
  return webRoot;
}

describe('the web app', () => {
  it('is served with types, and kept as long as it may be', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    const seen = [];
    for (const path of ['/', '/index.html', '/sw.js', '/assets/main-ABCDEF.js', '/assets/box-123.wasm']) {
      const answer = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } });
      seen.push([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]);
      await answer.text();
    }
    const kept = 'public, max-age=31536000, immutable';
    expect(seen).toEqual([
      [200, 'text/html; charset=utf-8', 'no-cache'],
      [200, 'text/html; charset=utf-8', 'no-cache'],
      [200, 'application/javascript; charset=utf-8', 'no-cache'],
      [200, 'application/javascript; charset=utf-8', kept],
      [200, 'application/wasm', kept],
    ]);
  });

  it('is not sent again to who has it', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    const first = await fetch(url);
    const etag = first.headers.get('etag') ?? '';
    await first.text();
    // As a browser asks for a page that it has; fetch alone would say no-cache.
    const headers = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
    expect((await fetch(url, { headers })).status).toBe(304);
  });

  it('is sent as the build packed it', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    const answer = await fetch(`${url}/assets/main-ABCDEF.js`, {
      method: 'HEAD',
      headers: { 'accept-encoding': 'br' },
    });
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(answer.headers.get('content-type')).toContain('javascript');
    expect(answer.headers.get('cache-control')).toContain('immutable');
  });

  it('is the answer to every page, and never to a file that is not there', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    expect(await (await fetch(`${url}/some/where`, { headers: browser })).text()).toBe('<p>the app</p>');
    for (const path of ['/assets/old-1.js', '/assets/missing', '/robots.txt']) {
      expect((await fetch(url + path)).status, path).toBe(404);
    }
  });

  it('lets nothing out that is not in it', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    const paths = [
      '/.secret',
      '/..%2foutside.txt',
      '/%2e%2e/outside.txt',
      '/assets/..%5c..%5coutside.txt',
      '/%00',
    ];
    for (const path of paths) {
      const answer = await fetch(url + path);
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(await answer.text()).not.toMatch(/secret|outside/);
    }
  });

  it('may do only what the page needs, whatever is asked for', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    for (const path of ['/', '/up', '/cable', '/nothing.js', '/%']) {
      const { headers } = await fetch(url + path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy, path).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
      expect(policy).toContain("connect-src 'self' ws: wss:");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it('that is not built is explained, and served once it is', async () => {
    const webRoot = builtApp();
    renameSync(webRoot, `${webRoot}.later`);
    const { url } = await startRelay({ webRoot });
    const answer = await fetch(url);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm run build');
    renameSync(`${webRoot}.later`, webRoot);
    expect(await (await fetch(url)).text()).toBe('<p>the app</p>');
  });
});

describe('everything else', () => {
  it('says that the relay is up, and no more', async () => {
    const { url } = await startRelay();
    const answer = await fetch(`${url}/up`);
    expect([answer.status, await answer.text(), answer.headers.get('server')]).toEqual([200, 'up\n', null]);
    expect((await fetch(`${url}/up`, { method: 'HEAD' })).status).toBe(200);
  });

  it('says that the cable is for WebSockets', async () => {
    const { url } = await startRelay();
    expect((await fetch(`${url}/cable`)).status).toBe(426);
  });

  it('has no effect: other methods, bodies, long paths', async () => {
    const { url } = await startRelay({ webRoot: builtApp() });
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const body = method === 'OPTIONS' ? null : 'x'.repeat(10_000);
      expect((await fetch(url, { method, body })).status, method).toBeGreaterThanOrEqual(400);
    }
    expect((await fetch(`${url}/${'x'.repeat(8_000)}`)).status).toBeGreaterThanOrEqual(400);
    expect((await fetch(`${url}/up`)).status).toBe(200);
  });
});
