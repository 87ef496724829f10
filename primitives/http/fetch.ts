/**
 * One HTTP request from start to the last byte of its answer, with fetch.
 *
 * Keeps true: it ends within its time, redirects and body included; never more than `maxBodyBytes` of body are held;
 * credentials go to the origin they were given for and to no other. Redirects are followed by hand for that: fetch
 * itself passes on headers such as `X-Api-Key`.
 */
import { fail, HubError } from '../../base/errors.js';
import { type FetchCode, fetchFailure } from './fetch-errors.js';
import type { FetchRequest, FetchResponse } from './http.calls.js';

/** Names of headers that may carry a secret. */
const credentialHeader =
  /^(authorization|proxy-authorization|cookie)$|token|secret|api-?key|auth|password|credential/i;

/** Resolves with the answer or rejects with HubError<FetchCode>. `signal` gives up. */
export async function performFetch(request: FetchRequest, signal: AbortSignal): Promise<FetchResponse> {
  const url = parseUrl(request.url);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), request.timeoutMs);
  try {
    return await follow(request, url, AbortSignal.any([signal, timeout.signal]));
  } catch (thrown) {
    if (thrown instanceof HubError) throw thrown;
    if (signal.aborted) throw fail('http.cancelled', 'the request was cancelled');
    if (timeout.signal.aborted) {
      const seconds = request.timeoutMs / 1000;
      throw fail('http.timeout', `no complete answer from ${url.host} in ${seconds} s`, { host: url.host });
    }
    throw fetchFailure(thrown, url.host);
  } finally {
    clearTimeout(timer);
  }
}

/** One request of a chain of redirects. */
interface Step {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

async function follow(request: FetchRequest, url: URL, signal: AbortSignal): Promise<FetchResponse> {
  let step: Step = { url, method: request.method, headers: headersOf(request, url), body: request.body };
  for (let redirects = 0; ; redirects++) {
    const response = await send(step, signal);
    const location = isRedirect(response.status) ? response.headers.get('location') : null;
    if (location === null || request.maxRedirects === 0)
      return await read(response, step.url, request.maxBodyBytes);
    await response.body?.cancel();
    if (redirects >= request.maxRedirects) {
      throw fail('http.redirects', `${url.host} redirects more than ${request.maxRedirects} times`, {
        host: url.host,
      });
    }
    step = redirected(step, parseUrl(location, step.url), response.status);
  }
}

async function send({ url, method, headers, body }: Step, signal: AbortSignal): Promise<Response> {
  const init = {
    method,
    headers,
    signal,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  } as const;
  try {
    return await fetch(url, init);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw fetchFailure(thrown, url.host);
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** What to ask next (Fetch standard, HTTP-redirect fetch): after 303, or a POST's 301 and 302, a GET without body. */
function redirected(step: Step, url: URL, status: number): Step {
  const headers = new Headers(step.headers);
  const becomesGet =
    (status === 303 && step.method !== 'GET' && step.method !== 'HEAD') ||
    ((status === 301 || status === 302) && step.method === 'POST');
  if (becomesGet) {
    for (const name of ['content-encoding', 'content-language', 'content-location', 'content-type'])
      headers.delete(name);
  }
  if (url.origin !== step.url.origin) {
    for (const name of [...headers.keys()]) if (credentialHeader.test(name)) headers.delete(name);
    headers.delete('host');
  }
  // A redirect may name a user of its own.
  takeCredentials(url, headers);
  return { url, method: becomesGet ? 'GET' : step.method, headers, body: becomesGet ? undefined : step.body };
}

async function read(response: Response, url: URL, maxBodyBytes: number): Promise<FetchResponse> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // Leaving the loop, by an error too, cancels the stream.
    for await (const chunk of response.body ?? []) {
      size += (chunk as Uint8Array).byteLength;
      if (size > maxBodyBytes) throw tooLarge(url, maxBodyBytes);
      chunks.push(chunk as Uint8Array);
    }
  } catch (thrown) {
    if (thrown instanceof HubError || isAbort(thrown)) throw thrown;
    throw fetchFailure(thrown, url.host);
  }
  // Not Buffer.concat: its memory may be shared, and this is moved to another thread.
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return { status: response.status, url: url.href, headers: [...response.headers], body };
}

function tooLarge(url: URL, maxBodyBytes: number): HubError<FetchCode> {
  return fail('http.too_large', `${url.host} sent more than ${maxBodyBytes} bytes`, { host: url.host });
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
}

function headersOf(request: FetchRequest, url: URL): Headers {
  const headers = new Headers();
  for (const [name, value] of request.headers) {
    try {
      headers.append(name, value);
    } catch {
      throw fail(
        'http.bad_request',
        `the header ${JSON.stringify(name)} has a name or value that HTTP does not allow`,
      );
    }
  }
  takeCredentials(url, headers);
  return headers;
}

/** Moves a user and password from the address, where fetch refuses them, to the header. */
function takeCredentials(url: URL, headers: Headers): void {
  if (url.username === '' && url.password === '') return;
  const plain = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  if (!headers.has('authorization'))
    headers.set('authorization', `Basic ${Buffer.from(plain).toString('base64')}`);
  url.username = '';
  url.password = '';
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  // Without what may be a password.
  const shown = text.replace(/\/\/[^/@]*@/, '//').slice(0, 200);
  throw fail('http.bad_url', `${JSON.stringify(shown)} is not an http or https address`);
}
