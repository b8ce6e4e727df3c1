// The service worker: the page loads without its edge.
//
// Guarantees: all files of one version of the page, the engine among them, are stored
// together or not at all; a page is always served from one version. A newer version is
// stored beside it and waits until the page asks to use it, so that no sale is
// interrupted. What the API answers is never stored. Tabs that still run the former
// version find its files until the version after.
export {};
declare const self: ServiceWorkerGlobalScope;

const PAGE = __PRECACHE__;
const PREFIX = 'till-';
const CURRENT = `${PREFIX}${PAGE.version}`;
const FILES = new Set(PAGE.files);
/** When a version was put to use: the file that says so in its cache. */
const USED_SINCE = '/till-used-since';

self.addEventListener('install', (event) => {
  event.waitUntil(store());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(use());
});

self.addEventListener('message', (event) => {
  if (event.data === 'use') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const file = fileOf(event.request);
  if (file !== null) event.respondWith(serve(file, event.request));
});

async function store(): Promise<void> {
  const cache = await caches.open(CURRENT);
  // Named by their content, assets may come from the browser's cache; the rest is fresh.
  const requests = PAGE.files.map(
    (file) => new Request(file, { cache: file.startsWith('/assets/') ? 'default' : 'reload', credentials: 'omit' }),
  );
  try {
    await cache.addAll(requests);
  } catch (error) {
    await caches.delete(CURRENT);
    throw error;
  }
}

async function use(): Promise<void> {
  const cache = await caches.open(CURRENT);
  await cache.put(USED_SINCE, new Response(String(Date.now())));
  const versions: { name: string; since: number }[] = [];
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === CURRENT) continue;
    const since = await (await caches.open(name)).match(USED_SINCE);
    versions.push({ name, since: since ? Number(await since.text()) : 0 });
  }
  versions.sort((a, b) => b.since - a.since);
  await Promise.all(versions.slice(1).map(({ name }) => caches.delete(name)));
  await self.clients.claim();
}

/** The file of the page that a request is for; `null`: it is none of ours. */
function fileOf(request: Request): string | null {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return null;
  if (FILES.has(url.pathname)) return url.pathname;
  if (url.pathname.startsWith('/assets/')) return url.pathname;
  // The page's own address, whatever stands behind its `#` or `?`.
  return request.mode === 'navigate' && url.pathname === '/index.html' ? '/' : null;
}

async function serve(file: string, request: Request): Promise<Response> {
  const mine = await (await caches.open(CURRENT)).match(file);
  // A tab of the former version asks for its own files.
  return mine ?? (await caches.match(file)) ?? fetch(request);
}
