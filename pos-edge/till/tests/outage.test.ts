/**
 * A store loses its line, sells on, and gets it back: five tests by name, one story.
 */
import type { Browser, Request } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage } from './stage';
import { Till, type Sold } from './till';

const FOLLOWS = 'Official invoice number will be assigned upon sync.';

let stage: Stage;
let browser: Browser;
let till: Till;
/** What the page posted, by ticket. */
const posted = new Map<string, Request>();
const offline: Sold[] = [];
/** The last number before the line went down. */
let last: number;
let elsewhere: number[] = [];

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
  till = await Till.paired(browser, stage, 'Counter 1');
  till.page.on('request', (request) => {
    const ticket = request.headers()['idempotency-key'];
    if (request.url().endsWith('/v1/sales') && ticket) posted.set(ticket, request);
  });
  await till.logIn(stage.person('Sophea'));
  await till.openDrawer();
  const { ticket } = await till.sell('Café latte');
  last = (await stage.numbered(ticket)).no;
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

test('offline capture', async () => {
  await stage.cutLine();
  // Nothing is waited for: the sale is the same with a line and without one.
  for (const items of [['Iced latte', 'Butter croissant'], ['Milk tea']]) {
    await till.go('sell');
    await till.add(...items);
    await till.toPay();
    await till.tap('finalize');
    const sold = await till.sold();
    expect(sold.queued, 'the edge has it: only the line is down').toBe(false);
    expect(await till.text('slip-ticket')).toContain(sold.ticket);
    expect(await till.text('number-follows')).toBe(FOLLOWS);
    expect(await till.at('slip-invoice').count()).toBe(0);
    // What the device's printer gets.
    await till.page.emulateMedia({ media: 'print' });
    const printed = await till.page.locator('body').innerText();
    await till.page.emulateMedia({ media: null });
    expect(printed).toContain(`Ticket ${sold.ticket}`);
    expect(printed).toContain(FOLLOWS);
    expect(printed).not.toContain('Invoice No.');
    await till.tap('new-sale');
    offline.push(sold);
  }
  expect(new Set(offline.map((sold) => sold.ticket)).size).toBe(2);
  // One quiet line, and nothing over the page.
  await till.at('status', { tone: 'calm' }).waitFor();
  expect(await till.page.locator('dialog[open], [role=alert], [role=alertdialog]').count()).toBe(0);
});

test('others order meanwhile', async () => {
  const tickets = await stage.sellElsewhere(3);
  elsewhere = [];
  for (const ticket of tickets) elsewhere.push((await stage.numbered(ticket)).no);
  expect(elsewhere).toEqual([last + 1, last + 2, last + 3]);
  const books = await stage.books();
  for (const { ticket } of offline) {
    expect(books.map((sale) => sale.ticket)).not.toContain(ticket);
  }
  const rows = await till.history();
  for (const { ticket } of offline) {
    const row = rows.find((one) => one.ticket === ticket);
    expect(row).toMatchObject({ status: 'pending', invoice: '' });
  }
});

test('reconnect', async () => {
  await till.go('history');
  await stage.mendLine();
  // Nobody taps anything: the page shows the numbers as they come.
  const shown: number[] = [];
  for (const { ticket } of offline) shown.push(Number(await till.showsNumber(ticket)));
  expect(shown).toEqual([last + 4, last + 5]);
  for (const [nth, { ticket }] of offline.entries()) {
    expect((await stage.numbered(ticket)).no).toBe(shown[nth]);
  }
  await till.at('status', { tone: 'good' }).waitFor();
});

test('idempotency', async () => {
  for (const { ticket } of offline) {
    const request = posted.get(ticket);
    const before = (await stage.books()).find((sale) => sale.ticket === ticket);
    expect(request?.postData()).toBeTruthy();
    const { authorization, 'content-type': type } = request?.headers() ?? {};
    const first = await (await request?.response())?.text();
    const again = await fetch(`${stage.told.edge}/v1/sales`, {
      method: 'POST',
      headers: { authorization: authorization ?? '', 'content-type': type ?? '', 'idempotency-key': ticket },
      body: request?.postData() ?? '',
    });
    expect(again.ok).toBe(true);
    expect(await again.text()).toBe(first);
    const books = (await stage.books()).filter((sale) => sale.ticket === ticket);
    expect(books).toEqual([before]);
  }
  const verdict = await stage.verify();
  expect(verdict.failed).toEqual([]);
  expect(verdict.checks).toBeGreaterThan(20);
  expect(await stage.books()).toHaveLength(3);
});

test('mapping visible', async () => {
  const rows = await till.history();
  for (const [nth, { ticket }] of offline.entries()) {
    const row = rows.find((one) => one.ticket === ticket);
    expect(row).toMatchObject({ status: 'synced', invoice: String(last + 4 + nth) });
    const { number } = await stage.numbered(ticket);
    await till.openReceipt(ticket);
    expect(await till.text('slip-invoice')).toContain(number);
    expect(await till.text('slip-ticket')).toContain(ticket);
    expect(await till.at('number-follows').count()).toBe(0);
    await till.page.emulateMedia({ media: 'print' });
    const printed = await till.page.locator('body').innerText();
    await till.page.emulateMedia({ media: null });
    expect(printed).toContain(number);
    expect(printed).toContain(ticket);
  }
  expect(till.errors).toEqual([]);
});
