/** What the hub asks of the worker that makes requests. Both sides import the types only. */

export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  /** Names as given; values in Latin-1, which is bytes as HTTP has them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
  /** For everything, redirects and body included. */
  readonly timeoutMs: number;
  /** The largest body to accept, after unpacking. */
  readonly maxBodyBytes: number;
  /** How many to follow; with 0 a redirect is an answer. */
  readonly maxRedirects: number;
}

export interface FetchResponse {
  readonly status: number;
  /** The address that answered, without password. */
  readonly url: string;
  /** Names in lower case, a name several times where the server sent it so. Values in Latin-1. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export interface HttpCalls {
  /** Fails with one of FetchCode (fetch-errors.ts). The body is moved, not copied. */
  fetch(request: FetchRequest): FetchResponse;
}
