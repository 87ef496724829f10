import { expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { LuaFloat, type LuaValue } from '../../../base/values.js';
import type { FetchRequest } from '../../../primitives/http/http.calls.js';
import { optionsOf, type RequestOptions, toFetchRequest } from '../../../primitives/http/request.js';

const make = (options: RequestOptions, method = 'POST') =>
  toFetchRequest(method, 'http://host/', options, '1.2.3');

function made(options: RequestOptions, method?: string): FetchRequest {
  const request = make(options, method);
  if (request instanceof HubError) throw request;
  return request;
}

test('defaults', () => {
  expect(made({}, 'get')).toEqual({
    method: 'GET',
    url: 'http://host/',
    headers: [['User-Agent', 'botster/1.2.3']],
    body: undefined,
    timeoutMs: 30_000,
    maxBodyBytes: 16 * 1024 * 1024,
    maxRedirects: 10,
  });
});

test('headers become bytes in Latin-1, numbers text; a given user agent stays', () => {
  const headers = {
    'X-A': '\u00e4',
    'X-B': Buffer.from([0xff]),
    'X-C': 5,
    'X-D': new LuaFloat(2),
    'user-agent': 'mine',
  };
  expect(made({ headers }).headers).toEqual([
    ['X-A', '\u00c3\u00a4'],
    ['X-B', '\u00ff'],
    ['X-C', '5'],
    ['X-D', '2'],
    ['user-agent', 'mine'],
  ]);
  expect(made({ headers: [] }).headers).toHaveLength(1);
});

test('json is encoded and named, unless the type is given; json.null is a value', () => {
  const request = made({ json: { a: [1, null] } });
  expect(Buffer.from(request.body ?? []).toString()).toBe('{"a":[1,null]}');
  expect(request.headers).toContainEqual(['Content-Type', 'application/json']);
  expect(made({ json: 1, headers: { 'content-type': 'x/y' } }).headers).not.toContainEqual([
    'Content-Type',
    'application/json',
  ]);
  expect(Buffer.from(made({ json: null }).body ?? []).toString()).toBe('null');
});

test('seconds and milliseconds, limits, redirects', () => {
  expect(made({ timeout: 1.5 }).timeoutMs).toBe(1_500);
  expect(made({ timeout: new LuaFloat(2) }).timeoutMs).toBe(2_000);
  expect(made({ timeout_ms: 250 }).timeoutMs).toBe(250);
  expect(made({ max_body: 10, redirects: 3 })).toMatchObject({ maxBodyBytes: 10, maxRedirects: 3 });
  expect(made({ follow: false, redirects: 3 }).maxRedirects).toBe(0);
});

test.each<[RequestOptions, string | undefined, string]>([
  [{ body: 'x', json: 1 }, undefined, 'not both'],
  [{ body: 'x' }, 'GET', 'GET request cannot have a body'],
  [{ body: 5 }, undefined, 'body: a string expected'],
  [{ json: { x: Number.NaN } }, undefined, 'json: cannot write x'],
  [{ headers: 'x' }, undefined, 'headers: a table'],
  [{ headers: { a: {} } }, undefined, 'for "a"'],
  [{ timeout: 0 }, undefined, 'timeout: a number from 0.001'],
  [{ timeout: 'x' }, undefined, 'timeout'],
  [{ timeout_ms: 1e9 }, undefined, 'timeout_ms'],
  [{ max_body: -1 }, undefined, 'max_body'],
  [{ redirects: 11 }, undefined, 'redirects'],
  [{}, 'BAD METHOD', 'is not a method'],
  [{}, '', 'is not a method'],
  [{}, 'CONNECT', 'not supported'],
])('%j is refused', (options, method, why) => {
  const outcome = make(options, method);
  expect(outcome).toBeInstanceOf(HubError);
  expect((outcome as HubError).code).toBe('http.bad_request');
  expect((outcome as HubError).message).toContain(why);
});

test('a table in the place of headers is headers, unless it names options', () => {
  const headers: Record<string, LuaValue> = { Accept: 'x', Timeout: '5' };
  expect(optionsOf(headers)).toEqual({ headers });
  expect(optionsOf({})).toEqual({ headers: {} });
  expect(optionsOf({ headers, timeout_ms: 5 })).toEqual({ headers, timeout_ms: 5 });
});
