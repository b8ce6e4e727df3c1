/**
 * The device's own queue against the real edge: it hangs, it dies, pages die, tabs are
 * two, prices change meanwhile. Each sale is in the books once, at the figures shown.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage } from './stage';
import { Till } from './till';

let stage: Stage;
let browser: Browser;
let till: Till;
const sold: string[] = [];

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
  till = await Till.paired(browser, stage, 'Counter 1');
  await till.logIn(stage.person('Sophea'));
  await till.openDrawer();
  sold.push((await till.sell('Espresso')).ticket);
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

/** Whatever was sold so far is booked once, and nothing else is. */
async function bookedOnce(): Promise<void> {
  for (const ticket of sold) await stage.numbered(ticket);
  expect((await stage.books()).map((sale) => sale.ticket).sort()).toEqual([...sold].sort());
}

test('an edge that hangs: the sale is complete on the device, and made once', async () => {
  await stage.pauseEdge();
  const sale = await till.sell('Americano');
  expect(sale.queued).toBe(true);
  sold.push(sale.ticket);
  // The first request is still on its way: the edge takes it now, and the queue's too.
  await stage.resumeEdge();
  await till.keeps(0);
  await bookedOnce();
});

test('two tabs and a page that dies: all are sent, each once', async () => {
  await stage.killEdge();
  sold.push((await till.sell('Mocha')).ticket);
  const second = await till.reopened();
  await second.sees('phase-ready');
  sold.push((await second.sell('Milk tea')).ticket);
  await second.keeps(2);
  await till.page.close();
  sold.push((await second.sell('Cold brew')).ticket);
  await stage.startEdge();
  await second.keeps(0);
  await bookedOnce();
  till = second;
});

test('prices that change meanwhile: what was shown stands, and nobody is asked', async () => {
  await stage.killEdge();
  await till.go('sell');
  await till.add('Café latte');
  const shown = await till.text('total-usd');
  const sale = await till.payCash();
  expect(sale.queued).toBe(true);
  sold.push(sale.ticket);
  await stage.raisePrices();
  await stage.startEdge();
  await till.keeps(0);
  await bookedOnce();
  await till.openReceipt(sale.ticket);
  expect(`$${await till.text('slip-total')}`).toBe(shown);
  expect(await stage.exceptions()).toEqual([]);
  // The next one is sold at the new price, 0.10 more before discount and tax.
  await till.go('sell');
  const price = till.tile('Café latte').locator('.figure');
  await price.filter({ hasText: '$2.60' }).waitFor();
  sold.push((await till.sell('Café latte')).ticket);
  await bookedOnce();
  expect((await stage.verify()).failed).toEqual([]);
  expect(till.errors).toEqual([]);
});
