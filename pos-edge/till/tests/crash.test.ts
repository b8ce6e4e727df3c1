/**
 * The browser is killed (SIGKILL) at any moment of a sale, with the edge, without it,
 * and while it hangs. What is on the device's disk then decides: either the cart is
 * still there, or its sale is complete and gets to the books, once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from './browser';
import { Stage } from './stage';

/** Moments of the kill after the tap, in milliseconds. */
const MOMENTS = [0, 2, 5, 10, 20, 30, 45, 60, 90, 150];
/** How often a browser that was killed is started until it is there, and how long each start may take. */
const STARTS = 3;
const START_MS = 15_000;
const ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--remote-debugging-port=0', '--window-size=1280,800',
];

let stage: Stage;
let device: string;
let chromiumProcess: ChildProcess | null = null;

beforeAll(async () => {
  stage = await Stage.start();
  device = mkdtempSync(join(tmpdir(), 'till-device-'));
});

afterAll(async () => {
  await kill();
  await stage?.end();
  rmSync(device, { recursive: true, force: true });
});

/** Switches the device on: a browser on the storage that it had. One that hangs at its start is switched off and on. */
async function open(): Promise<Page> {
  for (let nth = 1; ; nth += 1) {
    try {
      return await switchOn();
    } catch (error) {
      if (nth === STARTS) throw error;
      await kill();
    }
  }
}

async function switchOn(): Promise<Page> {
  rmSync(join(device, 'SingletonLock'), { force: true });
  const started = spawn(findChromium(), [...ARGS, `--user-data-dir=${device}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  chromiumProcess = started;
  if (!started.stderr) throw new Error('the browser has no stderr');
  for await (const line of createInterface({ input: started.stderr })) {
    const address = /ws:\/\/\S+/.exec(line)?.[0];
    if (!address) continue;
    started.stderr.resume();
    const browser = await chromium.connectOverCDP(address, { timeout: START_MS });
    const context = browser.contexts()[0];
    if (!context) throw new Error('the browser has no context');
    return context.newPage();
  }
  throw new Error('the browser ended at its start');
}

/** All of the browser, at once, as without power. */
async function kill(): Promise<void> {
  const running = chromiumProcess;
  chromiumProcess = null;
  if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
  const ended = once(running, 'exit');
  process.kill(-running.pid, 'SIGKILL');
  await ended;
}

interface Kept {
  readonly lines: number;
  readonly selling: string | null;
  readonly sales: number;
}

/** What is on the device's disk, past the page's own reading of it. */
function kept(page: Page): Promise<Kept> {
  return page.evaluate(async () => {
    const answer = <T>(asked: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    const database = await answer(indexedDB.open('till'));
    const reading = database.transaction(['cart', 'queue']);
    const cart: { lines: unknown[]; selling: string | null } | undefined = await answer(
      reading.objectStore('cart').get('current'),
    );
    const sales = await answer(reading.objectStore('queue').count());
    database.close();
    return { lines: cart?.lines.length ?? 0, selling: cart?.selling ?? null, sales };
  });
}

/** Waits until a condition of what is kept holds. */
async function until(page: Page, holds: (kept: Kept) => boolean): Promise<Kept> {
  const end = Date.now() + 60_000;
  for (;;) {
    const now = await kept(page);
    if (holds(now)) return now;
    if (Date.now() > end) throw new Error(`never: ${JSON.stringify(now)}`);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

const tap = (page: Page, id: string) => page.getByTestId(id).first().click();

test('a browser that is killed amid sales loses and doubles nothing', async () => {
  let page = await open();
  const { device_id, code } = stage.device('Counter 1');
  const { staff_id, pin } = stage.person('Sophea');
  await page.goto(`${stage.told.edge}/#pair=${device_id}.${code}`);
  await tap(page, 'pair-go');
  await page.locator(`[data-testid="staff"][data-staff="${staff_id}"]`).click();
  await page.keyboard.type(pin);
  await page.keyboard.press('Enter');
  await page.evaluate(() => (location.hash = '#/drawer'));
  await page.getByTestId('float-usd').fill('50');
  await page.getByTestId('float-khr').fill('0');
  await tap(page, 'open-session');
  await page.getByTestId('item').first().waitFor();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));

  let sold = 0;
  for (const [nth, moment] of MOMENTS.entries()) {
    if (nth === 3) await stage.pauseEdge();
    if (nth === 6) {
      await stage.resumeEdge();
      await stage.killEdge();
    }
    if (nth === 8) await stage.startEdge();
    // A cart that outlived the last kill is sold now.
    if ((await kept(page)).lines === 0) await tap(page, 'item');
    await until(page, ({ lines }) => lines === 1);
    await tap(page, 'pay');
    await page.getByTestId('finalize').waitFor();
    await page.evaluate(() => document.querySelector<HTMLElement>('[data-testid="finalize"]')?.click());
    // Not a wait for something: the moment is what is tried.
    await new Promise((resolve) => setTimeout(resolve, moment));
    await kill();

    page = await open();
    await page.goto(stage.told.edge);
    await page.getByTestId('phase-ready').waitFor();
    const { lines } = await until(page, ({ selling }) => selling === null);
    if (lines === 0) sold += 1;
    await page.evaluate(() => (location.hash = '#/sell'));
    if (await page.getByTestId('new-sale').isVisible()) await tap(page, 'new-sale');
    await page.getByTestId('item').first().waitFor();
  }
  console.log(`${MOMENTS.length} kills: ${sold} sales were complete, the other carts were still there`);
  expect(sold).toBeGreaterThan(MOMENTS.length / 2);

  await until(page, ({ sales }) => sales === 0);
  const verdict = await stage.verify();
  expect(verdict.failed).toEqual([]);
  const books = await stage.books();
  expect(new Set(books.map((sale) => sale.ticket)).size).toBe(books.length);
  expect(books).toHaveLength(sold);
}, 400_000);
