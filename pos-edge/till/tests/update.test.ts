/**
 * A newer page: it is stored beside the one that runs, is used when nobody is
 * interrupted, and loads without the edge, whole.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';

const DIST = join(import.meta.dirname, '../dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css',
  '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

let server: Server;
let browser: Browser;
/** Serves the page as it is, or as its next version would be. */
let newer = false;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://edge.test');
    const file = join(DIST, pathname === '/' ? 'index.html' : pathname);
    if (pathname.startsWith('/v1/') || !existsSync(file)) {
      response.writeHead(503).end();
      return;
    }
    let body: Buffer | string = readFileSync(file);
    if (newer && pathname === '/sw.js') body = body.toString().replace(/[0-9a-f]{16}/, 'f'.repeat(16));
    if (newer && pathname === '/') body = body.toString().replace('<title>', '<meta name="newer"><title>');
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

test('a newer page is used by itself, whole, and loads without the edge', async () => {
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await (await browser.newContext()).newPage();
  await page.goto(address);
  await page.getByTestId('pair').waitFor();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const isNewer = () => document.querySelector('meta[name=newer]') !== null;
  expect(await page.evaluate(isNewer)).toBe(false);

  // The page that runs is there as a whole, and nothing else.
  const stored = await page.evaluate(async () => {
    const [name = ''] = await caches.keys();
    const requests = await (await caches.open(name)).keys();
    return requests.map((request) => new URL(request.url).pathname);
  });
  expect(stored).toContain('/');
  expect(stored.some((path) => path.endsWith('.wasm'))).toBe(true);
  expect(stored.filter((path) => path.startsWith('/v1'))).toEqual([]);

  newer = true;
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.update();
  });
  await page.waitForFunction(isNewer);
  await page.getByTestId('pair').waitFor();

  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await page.reload();
  await page.getByTestId('pair').waitFor();
  expect(await page.evaluate(isNewer)).toBe(true);
});
