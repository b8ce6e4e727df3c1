/** The history's filters, on what a device has sold: each shows what it says, and no more. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage } from './stage';
import { Till, type Sold } from './till';

let stage: Stage;
let browser: Browser;
let till: Till;
let milkTea: Sold;
let coldBrew: Sold;

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
  till = await Till.paired(browser, stage, 'Counter 1');
  await till.logIn(stage.person('Sophea'));
  await till.openDrawer();
  milkTea = await till.sell('Milk tea');
  coldBrew = await till.sell('Cold brew');
  await till.go('history');
  for (const { ticket } of [milkTea, coldBrew]) await till.showsNumber(ticket);
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

/** Waits until exactly these are shown, newest first. */
async function shows(...sold: Sold[]): Promise<void> {
  const tickets = () =>
    till.at('history-row').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-ticket')));
  await expect.poll(tickets, { timeout: 20_000 }).toEqual(sold.map(({ ticket }) => ticket));
}

test('by what is read on the screen, in capitals', async () => {
  await shows(coldBrew, milkTea);
  const row = till.at('history-row', { ticket: milkTea.ticket });
  const read = await row.locator('[data-testid="history-open"]').innerText();
  await till.at('history-search').fill(read.trim());
  await shows(milkTea);
  await till.at('history-search').fill('');
  await shows(coldBrew, milkTea);
});

test('by how far they are', async () => {
  await till.choose('history-status-pending');
  await shows();
  await till.choose('history-status-synced');
  await shows(coldBrew, milkTea);
  await till.choose('history-status-all');
});

test('by day, and by who sold', async () => {
  await till.at('history-mine').check();
  await shows(coldBrew, milkTea);
  await till.at('history-day').fill('2020-01-01');
  await shows();
  await till.at('history-day').fill('');
  await shows(coldBrew, milkTea);
  expect(till.errors).toEqual([]);
});
