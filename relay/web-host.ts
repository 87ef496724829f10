/**
 * Serves the web app over HTTP, and says whether the relay is up. The only importer of fastify and @fastify/static.
 *
 * Keeps true: nothing but files of the app's folder and two fixed answers ever leaves; no request has an effect; no
 * answer tells more of the server than that it is there.
 */
import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { cacheControl, securityHeaders } from './page-headers.js';

const PAGE = 'index.html';
/** No request has a body. */
const MAX_BODY_BYTES = 1024;
const MAX_PATH_SEGMENT = 256;

const NOT_BUILT = `This is a botster relay, and it works, but its web app is not built.

Build it where botster is installed:

    npm run build

(./botster does that by itself when it starts.) Then load this page again.
`;

/** The handler of an HTTP server's requests. `webRoot` is the built app; it may come, go and change while this runs. */
export async function webHost(webRoot: string): Promise<RequestListener> {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    // Before any route: a URL that is none.
    frameworkErrors: (_error, _request, reply) =>
      void text(reply.headers(securityHeaders), 400, 'Bad request.\n'),
    routerOptions: { maxParamLength: MAX_PATH_SEGMENT },
  });
  app.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders));
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    return text(reply, status, status < 500 ? 'Bad request.\n' : 'The relay failed.\n');
  });
  app.get('/up', (_request, reply) => text(reply, 200, 'up\n'));
  app.get('/cable', (_request, reply) => {
    void reply.header('upgrade', 'websocket');
    return text(reply, 426, 'This is for WebSockets (Action Cable, actioncable-v1-json).\n');
  });
  await app.register(fastifyStatic, {
    root: webRoot,
    index: PAGE,
    dotfiles: 'ignore',
    preCompressed: true,
    cacheControl: false,
    suppressWarning: true,
    setHeaders: (reply, path) => void reply.header('cache-control', cacheControl(path.slice(webRoot.length))),
  });
  app.setNotFoundHandler((request, reply) => {
    if (!asksPage(request)) return text(reply, 404, 'There is nothing here.\n');
    if (!existsSync(join(webRoot, PAGE))) return text(reply, 503, NOT_BUILT);
    return reply.sendFile(PAGE);
  });
  await app.ready();
  return (request, response) => app.routing(request, response);
}

/** A navigation: the app finds its way by itself. What has an extension is a file that is missing. */
function asksPage({ method, url, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const [path = ''] = url.split('?', 1);
  return path === '/' || (!/\.[^/]*$/.test(path) && (headers.accept ?? '').includes('text/html'));
}

function text(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(body);
}

function statusOf(error: unknown): number {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 600 ? statusCode : 500;
}
