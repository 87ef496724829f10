import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { http } from '../../../primitives/http/http.js';
import { RequestLine } from '../../../primitives/http/request-line.js';
import { FakeCallback, FakeHub } from '../../support/fake-hub.js';
import { bodyOf, serveHttp } from '../../support/http-server.js';

type Answer = Parameters<ReturnType<FakeHub<typeof http.def>['engine']>['functions']['_request']>[1] extends {
  call(...args: infer A): void;
}
  ? A
  : never;

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

/** A callback to wait for. */
function answer() {
  let arrived: (args: Answer) => void = () => undefined;
  const outcome = new Promise<Answer>((resolve) => {
    arrived = resolve;
  });
  const callback = new FakeCallback<Answer>((...args) => arrived(args));
  return { callback, outcome };
}

/** A server whose requests wait until the test answers them. */
async function holdingServer() {
  const held: { incoming: IncomingMessage; outgoing: ServerResponse }[] = [];
  const server = await serveHttp((incoming, outgoing) => void held.push({ incoming, outgoing }));
  return { ...server, held };
}

test('a request on the worker comes back with everything', async () => {
  const { url } = await serveHttp(async (incoming, outgoing) => {
    outgoing.setHeader('X-Bytes', Buffer.from([0xc3, 0xa4]).toString('latin1'));
    outgoing.setHeader('Set-Cookie', ['a=1', 'b=2']);
    // Bytes: with text, node would encode the headers like the text.
    outgoing.end(
      Buffer.from(`${incoming.method} ${incoming.headers['user-agent']} ${await bodyOf(incoming)}`),
    );
  });
  const { functions } = new FakeHub(http).engine();
  const { callback, outcome } = answer();
  const id = functions._request({ url, method: 'post', json: { a: 1 } }, callback);
  expect(id).toBe(1);
  expect(callback.calls).toHaveLength(0);
  const [response, err] = await outcome;
  expect(err).toBeUndefined();
  expect(response).toMatchObject({ status: 200, url: `${url}/` });
  expect(text(response?.body)).toBe('POST botster/1.2.3 {"a":1}');
  expect(text(response?.headers['x-bytes'])).toBe('\u00e4');
  expect(text(response?.headers['set-cookie'])).toBe('a=1\nb=2');
  expect(response?.set_cookies.map(text)).toEqual(['a=1', 'b=2']);
  expect(callback.calls).toHaveLength(1);
  expect(callback.state).toBe('released');
});

test('the positional forms, with headers or with options', async () => {
  const { url } = await serveHttp(async (incoming, outgoing) => {
    const { 'x-a': header = '-', 'content-type': type = '-' } = incoming.headers;
    outgoing.end([incoming.method, header, type, await bodyOf(incoming)].join(' '));
  });
  const { functions } = new FakeHub(http).engine();
  const got = async (outcome: ReturnType<typeof functions.get>): Promise<string> => {
    const response = await outcome;
    if (response instanceof HubError) throw response;
    return text(response.body);
  };
  const bytes = Buffer.from('b');
  expect(await got(functions.get(url, undefined))).toBe('GET - - ');
  expect(await got(functions.get(url, { 'X-A': 'h' }))).toBe('GET h - ');
  expect(await got(functions.get(url, { headers: { 'X-A': 'h' }, timeout_ms: 5_000 }))).toBe('GET h - ');
  expect(await got(functions.post(url, bytes, { 'X-A': 'h' }))).toBe('POST h - b');
  expect(await got(functions.post(url, undefined, undefined))).toBe('POST - - ');
  expect(await got(functions.post(url, { json: [1], headers: { 'X-A': 'h' } }, undefined))).toBe(
    'POST h application/json [1]',
  );
  expect(await got(functions.put(url, bytes, undefined))).toBe('PUT - - b');
  expect(await got(functions.delete(url, { 'X-A': 'h' }))).toBe('DELETE h - ');
});

test('every failure arrives in the callback, once and later', async () => {
  const { functions } = new FakeHub(http).engine();
  for (const [request, code] of [
    [{ url: 'nonsense' }, 'http.bad_url'],
    [{ url: 'http://127.0.0.1:9/', headers: { 'bad name': 'x' } }, 'http.bad_request'],
    [{ url: 'http://127.0.0.1:9/', method: 'GET', body: Buffer.from('x') }, 'http.bad_request'],
  ] as const) {
    const { callback, outcome } = answer();
    functions._request(request as never, callback);
    expect(callback.calls).toHaveLength(0);
    const [response, err] = await outcome;
    expect(response).toBeUndefined();
    expect(err?.code).toBe(code);
    expect(callback.calls).toHaveLength(1);
  }
});

test('16 at a time in the whole hub, the others in the order they came', async () => {
  const { url, held } = await holdingServer();
  const hub = new FakeHub(http);
  const engines = [hub.engine('a').functions, hub.engine('b').functions];
  const finished: number[] = [];
  const outcomes = Array.from({ length: 20 }, (_, i) => {
    const { callback, outcome } = answer();
    engines[i % 2]?._request({ url: `${url}/${i}` }, callback);
    return outcome.then(() => finished.push(i));
  });
  await expect.poll(() => held.length).toBe(16);
  for (let next = 16; next < 20; next++) {
    held.shift()?.outgoing.end();
    await expect.poll(() => held.some(({ incoming }) => incoming.url === `/${next}`)).toBe(true);
    expect(held).toHaveLength(16);
  }
  for (const { outgoing } of held) outgoing.end();
  await Promise.all(outcomes);
  expect(finished).toHaveLength(20);
});

test('beyond 1,024 waiting ones a request is refused', async () => {
  const { url } = await holdingServer();
  const { functions, scope } = new FakeHub(http).engine();
  for (let i = 0; i < 16 + 1_024; i++) functions._request({ url }, new FakeCallback());
  const { callback, outcome } = answer();
  functions._request({ url }, callback);
  expect((await outcome)[1]?.code).toBe('http.busy');
  scope.dispose();
});

describe('giving up', () => {
  test('cancel ends a request that runs and one that waits, each answered once', async () => {
    const { url, held } = await holdingServer();
    const hub = new FakeHub(http);
    const { functions } = hub.engine();
    const all = Array.from({ length: 17 }, () => {
      const one = answer();
      return { ...one, id: functions._request({ url }, one.callback) };
    });
    await expect.poll(() => held.length).toBe(16);
    for (const { id } of [all[0], all[16]] as typeof all) {
      expect(hub.engine('other').functions.cancel(id)).toBe(false);
      expect(functions.cancel(id)).toBe(true);
      expect(functions.cancel(id)).toBe(false);
    }
    for (const { outcome, callback } of [all[0], all[16]] as typeof all) {
      expect((await outcome)[1]?.code).toBe('http.cancelled');
      expect(callback.calls).toHaveLength(1);
    }
    expect(functions.cancel(12_345)).toBe(false);
    // The server sees the connection of the running one close, and never the waiting one.
    await expect.poll(() => held.filter(({ incoming }) => incoming.socket.destroyed).length).toBe(1);
    expect(held).toHaveLength(16);
  });

  test("an engine's requests end with it, and others get their turn", async () => {
    const { url, held } = await holdingServer();
    const hub = new FakeHub(http);
    const wild = hub.engine('wild');
    for (let i = 0; i < 100; i++) wild.functions._request({ url: `${url}/wild` }, new FakeCallback());
    await expect.poll(() => held.length).toBe(16);
    const { callback, outcome } = answer();
    hub.engine('other').functions._request({ url: `${url}/other` }, callback);
    wild.scope.dispose();
    await expect.poll(() => held.find(({ incoming }) => incoming.url === '/other')).toBeDefined();
    held.find(({ incoming }) => incoming.url === '/other')?.outgoing.end('yes');
    expect(text((await outcome)[0]?.body)).toBe('yes');
    expect(held).toHaveLength(17);
  });
});

test('requests of a worker that dies are answered too', async () => {
  const { url, held } = await holdingServer();
  const hub = new FakeHub(http);
  const { callback, outcome } = answer();
  hub.engine().functions._request({ url }, callback);
  await expect.poll(() => held.length).toBe(1);
  await hub.crashWorkers();
  const [response, err] = await outcome;
  expect(response).toBeUndefined();
  expect(err?.code).toBe('http.failed');
  expect(callback.calls).toHaveLength(1);
});

test('a job that leaves the line never starts, and one that fails makes room', async () => {
  const line = new RequestLine({ maxRunning: 1, maxWaiting: 10 });
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const job = (name: string) => () => {
    started.push(name);
    return new Promise<string>((_resolve, reject) => ends.push(() => reject(new Error(name))));
  };
  const leaving = new AbortController();
  const never = new AbortController().signal;
  const first = line.run(job('first'), never);
  const second = line.run(job('second'), leaving.signal);
  const third = line.run(job('third'), never);
  leaving.abort();
  expect(await second).toBeUndefined();
  await expect.poll(() => started).toEqual(['first']);
  ends[0]?.();
  await expect(first).rejects.toThrow('first');
  await expect.poll(() => started).toEqual(['first', 'third']);
  ends[1]?.();
  await expect(third).rejects.toThrow('third');
});
