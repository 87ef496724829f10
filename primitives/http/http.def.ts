/**
 * The Lua global `http`. Requests are made on the net worker (fetch.ts); how many at a time, and for whom, is decided
 * in http.ts; the ways to write a request are brought together in request.ts and lua/lib/http.lua.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

const response = t.object(
  {
    status: t.int({ min: 100, max: 999 }),
    body: t.bytes,
    headers: t.map(t.bytes),
    set_cookies: t.list(t.bytes),
    url: t.str,
  },
  'HttpResponse',
);

const responseDoc = `\`status\` of any kind, 404 included; \`body\` in bytes, unpacked; \`headers\` by name in lower case, several of one
name joined by ", "; \`set_cookies\` the Set-Cookie lines one by one (in \`headers\` they are joined by newlines); \`url\` the
address that answered, after redirects.`;

const request = t.object(
  {
    url: t.str,
    method: t.opt(t.str),
    headers: t.opt(t.map(t.union(t.bytes, t.num()))),
    body: t.opt(t.bytes),
    json: t.opt(t.any),
    timeout: t.opt(t.num({ min: 0.001, max: 600 })),
    timeout_ms: t.opt(t.num({ min: 1, max: 600_000 })),
    max_body: t.opt(t.int({ min: 0, max: MAX_BODY_BYTES })),
    redirects: t.opt(t.int({ min: 0, max: 10 })),
    follow: t.opt(t.bool),
  },
  'HttpRequest',
);

const errors = {
  'http.bad_url': 'The address, or one it redirects to, is no http or https URL.',
  'http.bad_request': 'The method, a header, the body or an option cannot be sent. The message says which.',
  'http.dns': 'The name of the host cannot be resolved.',
  'http.connect': 'No connection, or it broke before the answer was complete.',
  'http.tls': 'The server could not prove who it is, or does not speak TLS.',
  'http.timeout': 'The answer was not complete in time.',
  'http.too_large': 'The body is larger than `max_body`.',
  'http.redirects': 'More redirects than allowed.',
  'http.bad_response': 'The server does not speak proper HTTP.',
  'http.busy': '1,024 requests are waiting already.',
  'http.cancelled': '`http.cancel` was called.',
  'http.failed': 'The worker that makes requests died. The request may or may not have had its effect.',
} as const;

const err = t.opt(t.object({ code: t.str, message: t.str }, 'HubError'));
const url = named('url', t.str, 'http or https. A name and password in it become basic authorization.');
const headers = named(
  'headers',
  t.opt(t.map(t.any)),
  'Name to string or number. Or the options of `http.request`.',
);
const body = named(
  'body',
  t.opt(t.union(t.bytes, t.map(t.any))),
  'What to send. Or the options of `http.request`: `{ json = ..., headers = ..., timeout = ... }`.',
);
const result = [named('response', response, responseDoc)] as const;
const loadOnly = 'http.request({...}, callback)';
const examplePrefix = `-- While a plugin loads; elsewhere use http.request.
`;

export const httpDef = definePrimitive({
  name: 'http',
  doc: `Makes HTTP requests, on a thread of their own.

\`http.request({...}, callback)\` is the form for callbacks, hooks and all code that runs later. \`http.get\` and its
siblings wait for the answer and are allowed only while a plugin loads (the hub goes on meanwhile).

At most 16 requests of the hub are under way at a time; others wait in line, and their time starts when they do. Redirects are
followed, 10 at most; where one leads to another host, port or scheme, headers that carry credentials are left out.
Compressed answers are unpacked. No cookies are kept, no proxy is used. An answer with status 404 or 500 is an answer, no error.`,
  companion: 'lib/http.lua',
  functions: {
    get: fn({
      waits: true,
      loadOnly,
      doc: 'Gets an address, while a plugin loads.',
      params: [url, headers],
      returns: result,
      errors,
      example: `${examplePrefix}local response, err = http.get("http://127.0.0.1:2/", { Accept = "text/plain" })
assert(response == nil and err.code == "http.connect")`,
    }),
    post: fn({
      waits: true,
      loadOnly,
      doc: 'Posts a body to an address, while a plugin loads.',
      params: [url, body, headers],
      returns: result,
      errors,
      example: `${examplePrefix}local response, err = http.post("http://127.0.0.1:2/", '{"a":1}', { ["Content-Type"] = "application/json" })
assert(response == nil and err.code == "http.connect")
response, err = http.post("http://127.0.0.1:2/", { json = { a = 1 }, timeout = 5 })
assert(response == nil and err.code == "http.connect")`,
    }),
    put: fn({
      waits: true,
      loadOnly,
      doc: 'Puts a body at an address, while a plugin loads.',
      params: [url, body, headers],
      returns: result,
      errors,
      example: `${examplePrefix}local response, err = http.put("http://127.0.0.1:2/", "text")
assert(response == nil and err.code == "http.connect")`,
    }),
    delete: fn({
      waits: true,
      loadOnly,
      doc: 'Deletes what is at an address, while a plugin loads.',
      params: [url, headers],
      returns: result,
      errors,
      example: `${examplePrefix}local response, err = http.delete("http://127.0.0.1:2/")
assert(response == nil and err.code == "http.connect")`,
    }),
    request: fn({
      by: 'companion',
      doc: `Makes a request and calls back with the answer, exactly once. Works everywhere.

Every failure, a bad address included, arrives in the callback. Without a callback the call waits, wherever it is, and
returns \`response\` or \`nil, err\`. Also as \`http.request(method, url, [options], callback)\`.`,
      params: [
        named(
          'request',
          request,
          `\`method\` GET by default; \`headers\` name to string or number; \`body\` bytes, or \`json\` any value to send as JSON;
\`timeout\` seconds for everything, redirects and body included, 30 by default (or \`timeout_ms\`); \`max_body\` the largest
body to accept, 16 MiB by default; \`redirects\` how many to follow, 10 by default, and with 0 (or \`follow = false\`) the
redirect itself is the answer.`,
        ),
        named(
          'callback',
          t.opt(
            t.fn(
              named('response', t.opt(response), responseDoc),
              named('err', err, 'Why there is no response.'),
            ),
          ),
          'Called once, never before `http.request` returned. Not called if the plugin ends first.',
        ),
      ],
      returns: [named('id', t.id('request'), 'For `http.cancel`. Without a callback the response instead.')],
      errors,
      overloads: [
        'fun(request: HttpRequest): HttpResponse?, HubError?',
        'fun(method: string, url: string, options?: HttpRequest, callback: fun(response: HttpResponse?, err: HubError?)): integer',
        'fun(method: string, url: string, callback: fun(response: HttpResponse?, err: HubError?)): integer',
      ],
      example: `local id = http.request({ method = "POST", url = "http://127.0.0.1:2/", json = { a = 1 } }, function(response, err)
  if response then log.info(response.status) else log.warn(err) end
end)
http.cancel(id)`,
    }),
    cancel: fn({
      doc: 'Gives up a request. Its callback gets `http.cancelled`.',
      params: [named('id', t.id('request'), 'From `http.request`.')],
      returns: [named('cancelled', t.bool, 'False if it is over, or not of this plugin.')],
      errors: {},
      example: `local id = http.request({ url = "http://127.0.0.1:2/" }, function() end)
assert(http.cancel(id) == true and http.cancel(id) == false)`,
    }),
    _request: fn({
      by: 'hidden',
      shownAs: 'http.request',
      doc: 'Starts a request.',
      params: [
        named('request', request, 'As in `http.request`.'),
        named(
          'callback',
          t.fn(named('response', t.opt(response), 'The answer.'), named('err', err, 'Why there is none.')),
          'Called once.',
        ),
      ],
      returns: [named('id', t.id('request'), 'For `http.cancel`.')],
      errors: {},
      example: '',
    }),
    _wait: fn({
      by: 'hidden',
      shownAs: 'http.request',
      waits: true,
      doc: 'Makes a request and waits for the answer.',
      params: [named('request', request, 'As in `http.request`.')],
      returns: result,
      errors,
      example: '',
    }),
  },
});
