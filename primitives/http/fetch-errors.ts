/**
 * What went wrong with a request, from what fetch throws: a TypeError whose cause, several levels deep, has the code of
 * the system, of OpenSSL, of the HTTP parser (HPE_) or of undici (UND_ERR_).
 */
import { fail, type HubError, messageOf } from '../../base/errors.js';

export type FetchCode =
  | 'http.bad_url'
  | 'http.bad_request'
  | 'http.dns'
  | 'http.connect'
  | 'http.tls'
  | 'http.timeout'
  | 'http.too_large'
  | 'http.redirects'
  | 'http.bad_response'
  | 'http.cancelled';

/** `host` is named in the message. What has no known reason counts as a failed connection. */
export function fetchFailure(thrown: unknown, host: string): HubError<FetchCode> {
  const cause = innermost(thrown);
  const reason = codeOf(cause) ?? messageOf(cause);
  const details = { host, reason };
  if (/^(ENOTFOUND|EAI_)/.test(reason))
    return fail('http.dns', `cannot find the host ${host} (${reason})`, details);
  if (reason === 'bad port')
    return fail('http.bad_url', `${host} has a port that fetch refuses, as browsers do`, details);
  if (/CERT|SIGNATURE|^ERR_TLS|^ERR_SSL|^EPROTO/.test(reason)) {
    return fail('http.tls', `no secure connection to ${host}: ${messageOf(cause)} (${reason})`, details);
  }
  if (/^HPE_|^Z_|^ERR_BROTLI|^UND_ERR_(RES|HEADERS_OVERFLOW)/.test(reason)) {
    return fail('http.bad_response', `${host} sent an answer that is not proper HTTP (${reason})`, details);
  }
  if (/^UND_ERR_(HEADERS|BODY)_TIMEOUT/.test(reason)) {
    return fail('http.timeout', `${host} stopped answering (${reason})`, details);
  }
  if (/^(ERR_INVALID|UND_ERR_(INVALID_ARG|REQ|NOT_SUPPORTED))/.test(reason)) {
    return fail('http.bad_request', `the request to ${host} cannot be sent: ${messageOf(cause)}`, details);
  }
  return fail('http.connect', `the connection to ${host} failed (${reason})`, details);
}

/** The error that all others are about. Of several tries (one per address of a host) the first. */
function innermost(thrown: unknown): unknown {
  let error = thrown;
  for (let depth = 0; depth < 10 && error instanceof Error; depth++) {
    const tries: unknown = (error as { errors?: unknown }).errors;
    const inner: unknown = Array.isArray(tries) && tries.length > 0 ? tries[0] : error.cause;
    if (!(inner instanceof Error)) break;
    error = inner;
  }
  return error;
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
