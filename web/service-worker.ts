/**
 * Keeps the app's files, so that the installed app opens without a network and shows what it knew. Nothing of a hub passes
 * here: the page speaks to hubs over a WebSocket and WebRTC.
 *
 * Keeps true: a build is kept whole or not at all. A new one takes the old one's place once no page of the old one is open,
 * so that none misses a chunk; until then its files come from the server.
 */
/** What of the worker's global scope is used here; the page's types do not have it. */
interface LifeEvent extends Event {
  waitUntil(until: Promise<unknown>): void;
}
interface RequestEvent extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface WorkerScope {
  addEventListener(name: 'install' | 'activate', listener: (event: LifeEvent) => void): void;
  addEventListener(name: 'fetch', listener: (event: RequestEvent) => void): void;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
}
const worker = self as unknown as WorkerScope;

const PREFIX = 'botster-app-';
const CACHE = PREFIX + BUILD_ID;
const PAGE = 'index.html';
/** A server that does not answer by then is as good as none. */
const PAGE_WAIT_MS = 3_000;

const urls = new Set(BUILD_FILES.map((path) => new URL(path, worker.registration.scope).href));
const page = new URL(PAGE, worker.registration.scope).href;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      // Past the browser's own cache: it may have an older page.
      await cache.addAll([...urls].map((url) => new Request(url, { cache: 'no-cache' })));
    })(),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      await Promise.all(
        names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
      );
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate') event.respondWith(newestPage(request));
  else if (urls.has(request.url)) event.respondWith(kept(request));
});

/** The server's page if it answers soon, else the kept one. */
async function newestPage(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PAGE_WAIT_MS) });
    if (answer.ok) return answer;
  } catch {
    // No network, or no server.
  }
  return (await cache.match(page)) ?? Response.error();
}

/** Names have a hash in them: what is kept is what is there. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? (await fetch(request));
}
