/**
 * What the page may cost: the first load, the time until it can be used, a tap that adds
 * to the cart, and a menu of a thousand items that scrolls.
 *
 * Times are of this machine. They are the best of a few, because others use it too.
 */
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage } from './stage';
import { PHONE, Till } from './till';

const FIRST_LOAD_BYTES = 150_000;
const INTERACTIVE_MS = 1_000;
const ADD_TO_CART_MS = 50;
/** A frame that takes longer than this is seen. */
const FRAME_MS = 50;

let stage: Stage;
let browser: Browser;
let till: Till;

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start('--items', '1000'), launch()]);
  till = await Till.paired(browser, stage, 'Counter 1', { size: PHONE });
  await till.logIn(stage.person('Sophea'));
  await till.openDrawer();
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

test('the first load is small', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  const loaded = new Map<string, Promise<number>>();
  page.on('response', (answer) => {
    const { pathname } = new URL(answer.url());
    if (pathname.startsWith('/v1/') || pathname.endsWith('.wasm')) return;
    loaded.set(pathname, answer.body().then((body) => gzipSync(body, { level: 9 }).length, () => 0));
  });
  await page.goto(stage.told.edge);
  await page.locator('[data-testid="pair"]').waitFor();
  await page.waitForLoadState('networkidle');
  let bytes = 0;
  for (const size of loaded.values()) bytes += await size;
  await context.close();
  console.log(`first load without the engine: ${bytes} bytes compressed, ${loaded.size} files`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
});

test('it can be used within a second', async () => {
  const times: number[] = [];
  for (let nth = 0; nth < 5; nth += 1) {
    await till.page.reload({ waitUntil: 'commit' });
    times.push(await till.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const look = () => {
            // A tile that can be tapped: person, session, catalogue and engine are there.
            const tile = document.querySelector('[data-testid="item"]:not([aria-disabled])');
            if (tile) resolve(performance.now());
            else requestAnimationFrame(look);
          };
          look();
        }),
    ));
  }
  console.log(`interactive after ${times.map(Math.round).join(', ')} ms`);
  expect(Math.min(...times)).toBeLessThanOrEqual(INTERACTIVE_MS);
});

test('a tap adds to the cart at once, in a menu of a thousand items', async () => {
  expect(await till.at('item').count()).toBe(1_026);
  const times = await till.page.evaluate(async () => {
    const frame = () => new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
    const times: number[] = [];
    const tiles = [...document.querySelectorAll<HTMLElement>('[data-testid="item"]')].slice(0, 10);
    for (const tile of tiles) {
      await frame();
      const before = total();
      const begin = performance.now();
      tile.click();
      // Shown: the total is another one and a frame was drawn.
      while (total() === before && performance.now() - begin < 2_000) await frame();
      times.push(performance.now() - begin);
    }
    return times;
    function total() {
      return document.querySelector('[data-testid="open-cart"]')?.textContent ?? '';
    }
  });
  console.log(`add to cart: ${times.map((time) => time.toFixed(1)).join(', ')} ms`);
  const middle = [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Infinity;
  expect(middle).toBeLessThanOrEqual(ADD_TO_CART_MS);
});

test('a menu of a thousand items scrolls smoothly', async () => {
  // What this machine can do just now: the same length of plain lines, in turn with ours.
  const plain = await till.context.newPage();
  await plain.setContent(`<div style="height:100vh;overflow:auto">${'<p>Item</p>'.repeat(3_000)}</div>`);
  const ours: Frames[] = [];
  const plainly: Frames[] = [];
  for (let nth = 0; nth < 3; nth += 1) {
    await till.page.bringToFront();
    ours.push(middleAndSlow(await till.page.evaluate(scroll)));
    await plain.bringToFront();
    plainly.push(middleAndSlow(await plain.evaluate(scroll)));
  }
  await plain.close();
  console.log(`frames while scrolling: ${ours.map(told).join('; ')}\nof plain lines: ${plainly.map(told).join('; ')}`);
  const best = (frames: Frames[], of: keyof Frames) => Math.min(...frames.map((one) => one[of]));
  expect(best(ours, 'middle')).toBeLessThanOrEqual(Math.max(FRAME_MS, best(plainly, 'middle') * 2));
  expect(best(ours, 'slow')).toBeLessThanOrEqual(Math.max(FRAME_MS * 2, best(plainly, 'slow') * 2));
});

interface Frames {
  middle: number;
  slow: number;
}

/** Scrolls what can be scrolled most; how long each frame took. */
async function scroll(): Promise<number[]> {
  const place = [...document.querySelectorAll<HTMLElement>('*')].reduce((most, one) =>
    one.scrollHeight - one.clientHeight > most.scrollHeight - most.clientHeight ? one : most,
  );
  place.scrollTo(0, 0);
  const begin = place.scrollTop;
  const frames: number[] = [];
  let last = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
  for (let nth = 0; nth < 120; nth += 1) {
    place.scrollBy(0, 120);
    const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
    frames.push(now - last);
    last = now;
  }
  return place.scrollTop > begin + 5_000 ? frames : [];
}

function middleAndSlow(frames: number[]): Frames {
  expect(frames).toHaveLength(120);
  const sorted = [...frames].sort((a, b) => a - b);
  return { middle: sorted[60] ?? Infinity, slow: sorted[114] ?? Infinity };
}

function told({ middle, slow }: Frames): string {
  return `median ${middle.toFixed(1)} ms, 95 % within ${slow.toFixed(1)} ms`;
}
