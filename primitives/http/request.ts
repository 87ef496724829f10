/**
 * The ways Lua writes a request, made one.
 */
import { fail, type HubError, messageOf } from '../../base/errors.js';
import { LuaFloat, type LuaValue } from '../../base/values.js';
import { printJson } from '../json/print.js';
import type { FetchRequest } from './http.calls.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 600_000;
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_REDIRECTS = 10;

/** A request as far as Lua said it. Values of the positional forms have not been checked. */
export interface RequestOptions {
  readonly headers?: LuaValue;
  readonly body?: LuaValue;
  readonly json?: LuaValue;
  /** Seconds. */
  readonly timeout?: LuaValue;
  readonly timeout_ms?: LuaValue;
  readonly max_body?: LuaValue;
  readonly redirects?: LuaValue;
  readonly follow?: LuaValue;
}

const optionNames = ['headers', 'body', 'json', 'timeout', 'timeout_ms', 'max_body', 'redirects', 'follow'];

/** A table in the place of headers: the headers themselves, or, if it has a key of that name, options. */
export function optionsOf(table: Readonly<Record<string, LuaValue>>): RequestOptions {
  return optionNames.some((name) => Object.hasOwn(table, name)) ? table : { headers: table };
}

/** Refuses, with http.bad_request, what cannot be sent. */
export function toFetchRequest(
  method: string,
  url: string,
  options: RequestOptions,
  version: string,
): FetchRequest | HubError<'http.bad_request'> {
  try {
    const body = bodyOf(options);
    const headers = headersOf(options.headers);
    const hasHeader = (name: string): boolean => headers.some(([other]) => other.toLowerCase() === name);
    if (!hasHeader('user-agent')) headers.push(['User-Agent', `botster/${version}`]);
    if (options.json !== undefined && !hasHeader('content-type'))
      headers.push(['Content-Type', 'application/json']);
    const verb = methodOf(method);
    if (body !== undefined && (verb === 'GET' || verb === 'HEAD'))
      throw new Refused(`a ${verb} request cannot have a body`);
    return {
      method: verb,
      url,
      headers,
      body,
      timeoutMs: timeoutOf(options),
      maxBodyBytes: numberOf('max_body', options.max_body, 0, MAX_BODY_BYTES) ?? MAX_BODY_BYTES,
      maxRedirects:
        options.follow === false
          ? 0
          : (numberOf('redirects', options.redirects, 0, MAX_REDIRECTS) ?? MAX_REDIRECTS),
    };
  } catch (thrown) {
    if (thrown instanceof Refused) return fail('http.bad_request', thrown.message);
    throw thrown;
  }
}

/** Why a request cannot be sent. Does not leave this file. */
class Refused extends Error {}

function methodOf(method: string): string {
  const verb = method.toUpperCase();
  if (!/^[A-Z0-9!#$%&'*+.^_`|~-]{1,32}$/.test(verb))
    throw new Refused(`${JSON.stringify(method)} is not a method`);
  if (['CONNECT', 'TRACE', 'TRACK'].includes(verb)) throw new Refused(`the method ${verb} is not supported`);
  return verb;
}

function bodyOf({ body, json }: RequestOptions): Uint8Array | undefined {
  if (json === undefined) {
    if (body === undefined || body instanceof Uint8Array) return body;
    if (typeof body === 'string') return Buffer.from(body);
    throw new Refused('body: a string expected; use json for other values');
  }
  if (body !== undefined) throw new Refused('give body or json, not both');
  try {
    return Buffer.from(printJson(json));
  } catch (thrown) {
    throw new Refused(`json: ${messageOf(thrown)}`);
  }
}

function headersOf(headers: LuaValue): [name: string, value: string][] {
  if (headers === undefined) return [];
  // An empty table may have been marked as a list.
  if (Array.isArray(headers) && headers.length === 0) return [];
  if (!isRecord(headers)) throw new Refused('headers: a table of names and values expected');
  return Object.entries(headers).map(([name, value]) => [name, headerValue(name, value)]);
}

/** In Latin-1, so that each character is one byte on the wire. */
function headerValue(name: string, value: LuaValue): string {
  if (value instanceof LuaFloat) return String(value.value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return Buffer.from(value).toString('latin1');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  throw new Refused(`headers: a string or number expected for ${JSON.stringify(name)}`);
}

function timeoutOf({ timeout, timeout_ms }: RequestOptions): number {
  const seconds = numberOf('timeout', timeout, 0.001, MAX_TIMEOUT_MS / 1000);
  const milliseconds = numberOf('timeout_ms', timeout_ms, 1, MAX_TIMEOUT_MS);
  return Math.ceil(seconds === undefined ? (milliseconds ?? DEFAULT_TIMEOUT_MS) : seconds * 1000);
}

function numberOf(name: string, value: LuaValue, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = value instanceof LuaFloat ? value.value : value;
  if (typeof number === 'number' && number >= min && number <= max) return number;
  throw new Refused(`${name}: a number from ${min} to ${max} expected`);
}

function isRecord(value: LuaValue): value is Readonly<Record<string, LuaValue>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
