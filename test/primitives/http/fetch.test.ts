import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { performFetch } from '../../../primitives/http/fetch.js';
import { fetchFailure } from '../../../primitives/http/fetch-errors.js';
import type { FetchRequest, FetchResponse } from '../../../primitives/http/http.calls.js';
import { bodyOf, serveHttp } from '../../support/http-server.js';

const never = new AbortController().signal;

function request(url: string, more: Partial<FetchRequest> = {}): FetchRequest {
  const defaults = {
    method: 'GET',
    headers: [],
    body: undefined,
    timeoutMs: 10_000,
    maxBodyBytes: 1_000_000,
    maxRedirects: 10,
  };
  return { ...defaults, url, ...more };
}

async function failure(asked: FetchRequest, signal = never): Promise<HubError> {
  const outcome = await performFetch(asked, signal).catch((thrown: unknown) => thrown);
  expect(outcome).toBeInstanceOf(HubError);
  return outcome as HubError;
}

const text = (response: FetchResponse): string => Buffer.from(response.body).toString();

/** A server that speaks its own kind of HTTP. */
async function serveRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a request', () => {
  test('is sent with method, headers and body, and its answer comes back in bytes', async () => {
    const { url } = await serveHttp(async (incoming, outgoing) => {
      const body = await bodyOf(incoming);
      outgoing.writeHead(201, { 'X-Answer': 'yes', 'Set-Cookie': ['a=1; Expires=Wed, 1 Jan 2031', 'b=2'] });
      outgoing.end(
        Buffer.from(
          `${incoming.method} ${incoming.url} ${String(incoming.headers['x-ask'])} ${body}\xff`,
          'latin1',
        ),
      );
    });
    const asked = request(`${url}/path?q=1#there`, {
      method: 'POST',
      headers: [['X-Ask', 'v\xe4']],
      body: Buffer.from([0, 1, 0xfe]),
    });
    const response = await performFetch(asked, never);
    expect(response.status).toBe(201);
    expect(Buffer.from(response.body).toString('latin1')).toBe('POST /path?q=1 v\xe4 \0\x01\xfe\xff');
    expect(response.headers).toContainEqual(['x-answer', 'yes']);
    expect(response.headers.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1; Expires=Wed, 1 Jan 2031'],
      ['set-cookie', 'b=2'],
    ]);
    expect(response.url).toBe(`${url}/path?q=1#there`);
  });

  test('any status is an answer', async () => {
    const { url } = await serveHttp((incoming, outgoing) =>
      outgoing.writeHead(Number(incoming.url?.slice(1))).end('body'),
    );
    for (const status of [200, 204, 304, 400, 404, 500, 599]) {
      const response = await performFetch(request(`${url}/${status}`), never);
      expect(response.status).toBe(status);
      expect(text(response)).toBe(status === 204 || status === 304 ? '' : 'body');
    }
  });

  test('a name and password in the address become basic authorization', async () => {
    const { url, port } = await serveHttp((incoming, outgoing) =>
      outgoing.end(incoming.headers.authorization),
    );
    const response = await performFetch(request(`http://us%40er:p%3Aw@127.0.0.1:${port}/x`), never);
    expect(text(response)).toBe(`Basic ${Buffer.from('us@er:p:w').toString('base64')}`);
    expect(response.url).toBe(`${url}/x`);
  });

  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'example.com',
    '/path',
    '',
    'http://',
    'javascript:1',
    'http://127.0.0.1:9/',
  ])('the address %j is refused', async (url) => {
    expect((await failure(request(url))).code).toBe('http.bad_url');
  });

  test('a refused address does not give its password away', async () => {
    const { message } = await failure(request('ftp://user:secret@example.com/'));
    expect(message).not.toContain('secret');
  });

  test.each([
    ['bad name', 'v'],
    ['', 'v'],
    ['X-A', 'line\nbreak'],
    ['X-A', 'nul\0'],
    ['X-A', '\u20ac'],
  ])('the header %j: %j is refused', async (name, value) => {
    const { code, message } = await failure(request('http://127.0.0.1:9/', { headers: [[name, value]] }));
    expect(code).toBe('http.bad_request');
    expect(message).toContain(JSON.stringify(name));
  });

  test('a header that fetch keeps for itself is refused by name of the host', async () => {
    const { url } = await serveHttp((_incoming, outgoing) => outgoing.end());
    const { code } = await failure(
      request(url, { method: 'POST', body: Buffer.from('x'), headers: [['Content-Length', '5']] }),
    );
    expect(code).toBe('http.bad_request');
  });
});

describe('an answer', () => {
  test('that is compressed is unpacked, and measured unpacked', async () => {
    const { url } = await serveHttp((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(500_000, 'z')));
    });
    expect(text(await performFetch(request(url), never))).toBe('z'.repeat(500_000));
    const { code, message } = await failure(request(url, { maxBodyBytes: 499_999 }));
    expect(code).toBe('http.too_large');
    expect(message).toContain('127.0.0.1');
  });

  test('of exactly the limit is fine, an endless one is cut off', async () => {
    let closed = false;
    const { url } = await serveHttp((incoming, outgoing) => {
      if (incoming.url === '/fits') return void outgoing.end(Buffer.alloc(100_000));
      const more = (): void => {
        while (!closed && outgoing.write(Buffer.alloc(64_000)));
      };
      outgoing.on('drain', more).on('close', () => (closed = true));
      more();
    });
    expect(
      (await performFetch(request(`${url}/fits`, { maxBodyBytes: 100_000 }), never)).body.byteLength,
    ).toBe(100_000);
    expect((await failure(request(`${url}/endless`, { maxBodyBytes: 100_000 }))).code).toBe('http.too_large');
    await expect.poll(() => closed).toBe(true);
  });

  test.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH\r\n\r\n', 'http.bad_response'],
    [
      'a broken chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZZ\r\n',
      'http.bad_response',
    ],
    [
      'damaged compression',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip',
      'http.bad_response',
    ],
    ['an end in the middle', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', 'http.connect'],
    ['an end before anything', '', 'http.connect'],
    [
      'endless headers',
      `HTTP/1.1 200 OK\r\n${'X-Y: zzzzzzzzzzzzzzzzzzzz\r\n'.repeat(5_000)}`,
      'http.bad_response',
    ],
  ])('that is %s', async (_what, answer, code) => {
    const url = await serveRaw((socket) => socket.once('data', () => socket.end(answer)));
    const error = await failure(request(url));
    expect(error.code).toBe(code);
    expect(error.message).toContain(new URL(url).host);
  });
});

describe('time', () => {
  test('a server that never answers', async () => {
    const url = await serveRaw(() => undefined);
    const { code, message } = await failure(request(url, { timeoutMs: 50 }));
    expect(code).toBe('http.timeout');
    expect(message).toBe(`no complete answer from ${new URL(url).host} in 0.05 s`);
  });

  test('a body that never ends, and redirects that never end, count too', async () => {
    const { url } = await serveHttp((incoming, outgoing) => {
      if (incoming.url === '/slow') return void outgoing.write('start');
      setTimeout(() => outgoing.writeHead(302, { Location: '/again' }).end(), 20).unref();
    });
    expect((await failure(request(`${url}/slow`, { timeoutMs: 100 }))).code).toBe('http.timeout');
    expect((await failure(request(url, { timeoutMs: 100 }))).code).toBe('http.timeout');
  });

  test('a request that is given up closes its connection', async () => {
    let closed = false;
    const controller = new AbortController();
    const url = await serveRaw((socket) => {
      socket.on('close', () => (closed = true));
      socket.once('data', () => controller.abort());
    });
    expect((await failure(request(url), controller.signal)).code).toBe('http.cancelled');
    await expect.poll(() => closed).toBe(true);
  });
});

describe('redirects', () => {
  interface Seen {
    readonly method: string | undefined;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }

  /** Two servers; the first redirects `/STATUS` to where `target` says, and everything else is noted. */
  async function servers(target: (self: string, other: string) => string) {
    const seen: Seen[] = [];
    const note = async (incoming: import('node:http').IncomingMessage) => {
      seen.push({ method: incoming.method, headers: incoming.headers, body: await bodyOf(incoming) });
    };
    const other = await serveHttp(
      (incoming, outgoing) => void note(incoming).then(() => outgoing.end('other')),
    );
    const first = await serveHttp((incoming, outgoing) => {
      const status = Number(incoming.url?.slice(1));
      if (status >= 300)
        return void outgoing.writeHead(status, { Location: target(first.url, other.url) }).end('gone');
      void note(incoming).then(() => outgoing.end('same'));
    });
    return { seen, first, other };
  }

  const secrets: FetchRequest['headers'] = [
    ['Authorization', 'Bearer x'],
    ['Cookie', 'a=1'],
    ['X-Api-Key', 'k'],
    ['PRIVATE-TOKEN', 't'],
    ['X-Auth', 'u'],
    ['Accept', 'text/plain'],
    ['Content-Type', 'text/x'],
  ];

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', 'body'],
    [307, 'POST', 'POST', 'body'],
    [308, 'POST', 'POST', 'body'],
  ])('%i after %s asks with %s', async (status, method, next, body) => {
    const { seen, first } = await servers((self) => `${self}/200`);
    const asked = request(`${first.url}/${status}`, { method, headers: secrets, body: Buffer.from('body') });
    const response = await performFetch(asked, never);
    expect(response).toMatchObject({ status: 200, url: `${first.url}/200` });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: next,
      body,
      headers: { authorization: 'Bearer x', 'x-api-key': 'k' },
    });
    expect(seen[0]?.headers['content-type']).toBe(body === '' ? undefined : 'text/x');
  });

  test('to another origin no credentials go along', async () => {
    const { seen, first, other } = await servers((_self, target) => `${target}/x`);
    const response = await performFetch(request(`${first.url}/302`, { headers: secrets }), never);
    expect([text(response), response.url]).toEqual(['other', `${other.url}/x`]);
    const names = Object.keys(seen[0]?.headers ?? {});
    for (const name of ['authorization', 'cookie', 'x-api-key', 'private-token', 'x-auth'])
      expect(names).not.toContain(name);
    expect(seen[0]?.headers.accept).toBe('text/plain');
    expect(seen[0]?.headers.host).toBe(new URL(other.url).host);
  });

  test('a relative one is followed, one to another kind of address is not', async () => {
    const { url } = await serveHttp((incoming, outgoing) => {
      const locations: Record<string, string> = {
        '/a': 'b?c',
        '/file': 'file:///etc/passwd',
        '/bad': 'http://[',
      };
      const location = locations[incoming.url ?? ''];
      if (location === undefined) outgoing.end(incoming.url);
      else outgoing.writeHead(302, { Location: location }).end();
    });
    expect(text(await performFetch(request(`${url}/a`), never))).toBe('/b?c');
    expect((await failure(request(`${url}/file`))).code).toBe('http.bad_url');
    expect((await failure(request(`${url}/bad`))).code).toBe('http.bad_url');
  });

  test('more than allowed are an error, and with 0 the redirect is the answer', async () => {
    let asked = 0;
    const { url } = await serveHttp((_incoming, outgoing) => {
      asked++;
      outgoing.writeHead(302, { Location: '/again' }).end('go there');
    });
    expect((await failure(request(url, { maxRedirects: 3 }))).code).toBe('http.redirects');
    expect(asked).toBe(4);
    const response = await performFetch(request(url, { maxRedirects: 0 }), never);
    expect([response.status, text(response)]).toEqual([302, 'go there']);
  });

  test('without a Location it is an answer like any other', async () => {
    const { url } = await serveHttp((_incoming, outgoing) => outgoing.writeHead(302).end('nowhere'));
    expect(text(await performFetch(request(url), never))).toBe('nowhere');
  });
});

describe('no connection', () => {
  test('nobody listens', async () => {
    const { server, url } = await serveHttp(() => undefined);
    server.close();
    await once(server, 'close');
    const { code, message } = await failure(request(url));
    expect(code).toBe('http.connect');
    expect(message).toBe(`the connection to ${new URL(url).host} failed (ECONNREFUSED)`);
  });

  test('a name that does not exist', async () => {
    const { code, message } = await failure(request('http://no-such-host.invalid/'));
    expect(code).toBe('http.dns');
    expect(message).toContain('no-such-host.invalid');
  });

  test('a certificate that nobody vouches for', async () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../fixtures/tls/localhost.${name}`, import.meta.url));
    const { url } = await serveHttp((_incoming, outgoing) => outgoing.end(), {
      key: read('key'),
      cert: read('crt'),
    });
    const { code, message } = await failure(request(url));
    expect(code).toBe('http.tls');
    expect(message).toContain(new URL(url).host);
  });

  test('a server that speaks no TLS', async () => {
    const { port } = await serveHttp((_incoming, outgoing) => outgoing.end());
    expect((await failure(request(`https://127.0.0.1:${port}/`))).code).toBe('http.tls');
  });

  test.each([
    [{ code: 'UND_ERR_HEADERS_TIMEOUT' }, 'http.timeout'],
    [{ code: 'UND_ERR_CONNECT_TIMEOUT' }, 'http.connect'],
    [{ code: 'EAI_AGAIN' }, 'http.dns'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'http.tls'],
    [{ code: 'ECONNRESET' }, 'http.connect'],
    [{}, 'http.connect'],
  ])('%j is %s', (properties, code) => {
    const cause = Object.assign(new Error('inner'), properties);
    const several = Object.assign(new AggregateError([cause, new Error('second')]), { code: 'OUTER' });
    expect(fetchFailure(new TypeError('fetch failed', { cause }), 'host').code).toBe(code);
    expect(fetchFailure(new TypeError('fetch failed', { cause: several }), 'host').code).toBe(code);
  });
});
