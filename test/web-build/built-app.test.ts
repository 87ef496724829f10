/** The built app as a browser gets it from a relay. */
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { startRelay } from '../support/relay.js';

const webRoot = join(import.meta.dirname, '../../dist/web');
/** Of what a phone loads before it shows anything. */
const MAX_FIRST_LOAD_BYTES = 80_000;

interface Answer {
  readonly encoding: string | undefined;
  /** As it came. */
  readonly bytes: Buffer;
  readonly text: string;
}

/** As over plain http, where browsers take no brotli. fetch would unpack it. */
function get(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { 'accept-encoding': 'gzip, deflate' } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const bytes = Buffer.concat(parts);
        const encoding = response.headers['content-encoding'];
        resolve({ encoding, bytes, text: String(encoding === 'gzip' ? gunzipSync(bytes) : bytes) });
      });
    });
    asked.on('error', reject).end();
  });
}

it('loads little before it shows something: the terminal and the cryptography come after that, all of it packed', async () => {
  const { url } = await startRelay({ webRoot });
  const { text: page } = await get(url);
  const waiting = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => String(path));
  const loaded = new Map<string, number>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (loaded.has(path)) continue;
    const { encoding, bytes, text } = await get(`${url}/${path}`);
    loaded.set(path, bytes.length);
    // Only what is too small to gain comes as it is.
    if (bytes.length >= 1024) expect([path, encoding]).toEqual([path, 'gzip']);
    for (const [, imported] of text.matchAll(/(?:from|import)"\.\/([^"]+\.js)"/g))
      waiting.push(`assets/${imported}`);
  }
  expect([...loaded.keys()].filter((path) => /terminal-start|device-crypto/.test(path))).toEqual([]);
  expect(loaded.size).toBeGreaterThan(2);
  const total = [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeLessThan(MAX_FIRST_LOAD_BYTES);
});
