/**
 * The whole day of a café, by two devices at once and a manager's tablet: every step is
 * a part of one story, and in the end each sale is in the books once, with a number.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Response } from 'playwright-core';
import { launch } from './browser';
import { Stage } from './stage';
import { PHONE, TABLET, Till, type Sold } from './till';

let stage: Stage;
let browser: Browser;
let counter: Till;
let phone: Till;
let manager: Till;
const sold: Sold[] = [];
/** What was undone. */
const voided: string[] = [];

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

const keep = (sale: Sold): Sold => {
  sold.push(sale);
  return sale;
};

test('the store opens', async () => {
  [counter, phone, manager] = await Promise.all([
    Till.paired(browser, stage, 'Counter 1', { size: TABLET }),
    Till.paired(browser, stage, 'Counter 2', { size: PHONE, language: 'km' }),
    Till.paired(browser, stage, 'Terrace tablet', { size: TABLET }),
  ]);
  await counter.logIn(stage.person('Sophea'));
  await phone.logIn(stage.person('Dara'));
  await manager.logIn(stage.person('Chantrea'));
  // The menu is there to be read; nothing can be sold, and the reason is written.
  expect(await counter.at('item').count()).toBe(26);
  expect(await (await counter.sees('why-not')).getAttribute('data-why')).toBe('session_needed');
  await counter.tile('Espresso').click({ force: true });
  expect(await counter.at('cart-line').count()).toBe(0);
  await Promise.all([counter.openDrawer(), phone.openDrawer()]);
});

test('cash in dollars and riel, with discounts, add-ons and change', async () => {
  await counter.go('sell');
  await counter.add('Butter croissant', 'Butter croissant', 'Cheesecake');
  await counter.tap('item-options', { item: await itemId(counter, 'Café latte') });
  await counter.at('add-on').first().check();
  await counter.tap('add-ons-add');
  await counter.unseen('add-ons');
  expect(await counter.at('cart-line').count()).toBe(3);
  expect(await counter.at('line-discount').count()).toBe(2);
  // Discounts of items and of the branch, VAT and rounding are shown as they are:
  // (1.80 × 2 + 3.50) less 15 %, 2.50 + 0.60, less 5 %, and 10 % VAT.
  expect(await counter.text('subtotal')).toBe('$9.14');
  expect(await counter.text('item-discounts')).toBe('−$1.06');
  expect(await counter.text('branch-discount')).toBe('−$0.46');
  expect(await counter.text('vat')).toBe('$0.87');
  expect(await counter.text('total-usd')).toBe('$9.55');
  expect(figure(await counter.text('payable-khr'))).toBe('39200');
  await counter.at('cart-line').last().locator('[data-testid="less"]').click();
  expect(await counter.at('cart-line').count()).toBe(2);
  await counter.toPay();
  await counter.at('quick-amount').nth(2).click();
  const change = await counter.text('change');
  await counter.tap('finalize');
  keep(await counter.sold());
  expect(await counter.text('sold-change')).toBe(change);
  await counter.tap('new-sale');

  await phone.go('sell');
  await phone.add('Iced Khmer coffee', 'Milk tea');
  expect(keep(await phone.payCash('KHR', 1)).queued).toBe(false);
});

test('KHQR: a code, its state, and the sale once it is paid', async () => {
  await counter.go('sell');
  await counter.add('Mocha');
  await counter.toPay();
  await counter.choose('way-KHQR');
  const made = counter.page.waitForResponse((answer: Response) => /\/v1\/khqr$/.test(answer.url()));
  await counter.tap('khqr-make');
  const code = (await (await made).json()) as Record<'md5' | 'amount' | 'currency' | 'to_account_id', string>;
  await counter.sees('khqr-code');
  expect(await state()).toBe('waiting');
  await check();
  expect(await state()).not.toBe('paid');
  expect(await counter.at('finalize').count()).toBe(0);
  await stage.pay(code.md5, code.amount, code.currency, code.to_account_id);
  await check();
  await counter.at('khqr-state', { state: 'paid' }).waitFor();
  await counter.tap('finalize');
  keep(await counter.sold());
  await counter.tap('new-sale');

  async function check() {
    const answered = counter.page.waitForResponse((answer) => answer.url().endsWith('/check'));
    await counter.tap('khqr-check');
    expect((await answered).status()).toBe(200);
  }

  async function state() {
    return counter.at('khqr-state').getAttribute('data-state');
  }
});

/** Sells three times at the counter; what is seen elsewhere comes within a second. */
async function seenWithinASecond(seen: (ticket: string) => Promise<unknown>): Promise<void> {
  const lags: number[] = [];
  for (let nth = 0; nth < 3; nth += 1) {
    await counter.go('sell');
    await counter.add('Americano');
    await counter.toPay();
    await counter.tap('finalize');
    const sale = keep(await counter.sold());
    const begin = Date.now();
    await seen(sale.ticket);
    lags.push(Date.now() - begin);
  }
  expect(Math.min(...lags), `milliseconds: ${lags.join(', ')}`).toBeLessThan(1_000);
}

test('others see orders move within a second', async () => {
  // A cashier sees the orders of their own session, a manager those of the store.
  await manager.go('orders');
  await seenWithinASecond((ticket) => manager.at('order', { ticket }).waitFor({ state: 'attached' }));

  const [first] = sold;
  if (!first) throw new Error('nothing was sold');
  await counter.go('orders');
  for (const status of ['READY', 'DELIVERED'] as const) {
    const order = manager.at('order', { ticket: first.ticket });
    await order.locator('[data-testid="order-move"]').click();
    await counter.at('order', { ticket: first.ticket, status }).waitFor();
  }
  // A tap on an order opens its receipt.
  await counter.at('order', { ticket: first.ticket }).locator('[data-testid="order-open"]').click();
  await counter.sees('slip', { ticket: first.ticket });
});

test('others see numbers come within a second', async () => {
  await manager.go('history');
  await seenWithinASecond((ticket) => manager.showsNumber(ticket));
});

test('a void is asked for, seen by the manager, rejected, asked for again and approved', async () => {
  const sale = sold[1];
  if (!sale) throw new Error('nothing was sold');
  for (const decide of ['void-reject', 'void-approve']) {
    await phone.openReceipt(sale.ticket);
    await phone.tap('void-request');
    await phone.at('reason').fill('មិនត្រូវការទៀតទេ');
    await phone.tap('reason-go');
    await manager.sees('badge-voids');
    await manager.go('voids');
    const asked = manager.at('void', { ticket: sale.ticket });
    await asked.locator(`[data-testid="${decide}"]`).click();
    if (decide === 'void-reject') {
      await manager.at('reason').fill('It is made already');
      await manager.tap('reason-go');
    }
    await asked.waitFor({ state: 'detached' });
    await manager.unseen('badge-voids');
  }
  voided.push(sale.ticket);
  await phone.go('history');
});

test('an outage of the line is one quiet line of status', async () => {
  await stage.cutLine();
  keep(await counter.sell('Flat white'));
  keep(await phone.sell('Jasmine tea'));
  await counter.at('status', { tone: 'calm' }).waitFor();
  // KHQR says plainly that it needs the line, and offers cash.
  await counter.add('Mocha');
  await counter.toPay();
  await counter.choose('way-KHQR');
  await counter.sees('khqr-needs-line');
  await counter.choose('way-USD');
  await counter.tap('finalize');
  keep(await counter.sold());
  await counter.tap('new-sale');
  await stage.mendLine();
  await counter.at('status', { tone: 'good' }).waitFor();
});

test('an outage of the edge: both sell on for cash, and keep it', async () => {
  await stage.killEdge();
  for (const till of [counter, phone]) {
    const sale = keep(await till.sell('Cappuccino'));
    expect(sale.queued).toBe(true);
    await till.at('status', { tone: 'calm' }).waitFor();
  }
  // The receipt of a sale that only the device has.
  await counter.go('sell');
  await counter.add('Espresso');
  await counter.toPay();
  await counter.tap('finalize');
  const here = keep(await counter.sold());
  expect(await counter.at('slip').getAttribute('data-source')).toBe('device');
  expect(await counter.text('slip-ticket')).toContain(here.ticket);
  expect(await counter.text('number-follows')).toContain('assigned upon sync');
});

test('a reload without the edge: the page comes back, knows who sells, and sells', async () => {
  await counter.page.reload();
  await counter.sees('phase-ready');
  expect(keep(await counter.sell('Cold brew')).queued).toBe(true);
  await counter.keeps(3);
  // The phone's page crashes with its sale.
  await phone.page.close();
});

test('reconnect: what devices kept is sent by itself, in order, once', async () => {
  await stage.startEdge();
  await counter.keeps(0);
  phone = await phone.reopened();
  await phone.sees('phase-ready');
  await phone.keeps(0);
  await manager.sees('phase-ready');
  const kept = sold.filter((sale) => sale.queued).map((sale) => sale.ticket);
  expect(kept).toHaveLength(4);
  // A cashier sees the tickets of their own sessions, a manager those of the store.
  await manager.go('history');
  for (const ticket of kept) await manager.showsNumber(ticket);
  const own = (await stage.books()).map((sale) => sale.ticket).filter((ticket) => kept.includes(ticket));
  expect([...own].sort()).toEqual([...kept].sort());
});

test('a late tablet after the Z: its sale supplements the report', async () => {
  await phone.context.setOffline(true);
  const late = keep(await phone.sell('Mango smoothie'));
  expect(late.queued).toBe(true);
  const authorization = await manager.token();
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${stage.told.edge}${path}`, { ...init, headers: { ...init.headers, authorization } });
  const { staff_id } = stage.person('Dara');
  type Session = { cash_session_id: string; staff_id: string };
  const sessions = (await (await ask('/v1/cash-sessions')).json()) as Session[];
  const session = sessions.find((one) => one.staff_id === staff_id);
  const place = `/v1/cash-sessions/${session?.cash_session_id}`;
  const closed = await ask(`${place}/close`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'the-manager-closes' },
    body: JSON.stringify({ counted_usd: '50', counted_khr: '100000' }),
  });
  expect(closed.status, await closed.text()).toBe(200);
  await phone.context.setOffline(false);
  await phone.keeps(0);
  const z = (await (await ask(`${place}/z`)).json()) as { supplements: { ticket_id: string }[] };
  expect(z.supplements.map((one) => one.ticket_id)).toEqual([late.ticket]);
  expect((await stage.numbered(late.ticket)).no).toBeGreaterThan(0);
});

test('a reprint has the number', async () => {
  for (const { ticket } of sold) {
    const { number } = await stage.numbered(ticket);
    await manager.openReceipt(ticket);
    await manager.at('slip-invoice').waitFor();
    expect(await manager.text('slip-invoice')).toContain(number);
  }
});

test('close with Z: the drawer holds what it must', async () => {
  await counter.go('drawer');
  await counter.tap('x-report');
  const expected = async (currency: string) =>
    figure(await counter.at('x-shown').locator(`[data-testid="expected-${currency}"]`).innerText());
  await counter.closeDrawer(await expected('USD'), await expected('KHR'));
  for (const currency of ['USD', 'KHR']) {
    const difference = counter.at('z-shown').locator(`[data-testid="difference-${currency}"]`);
    expect(figure(await difference.innerText())).toMatch(/^0(\.00)?$/);
  }
});

test('in the end each sale is in the books once, and they are whole', async () => {
  const verdict = await stage.verify();
  expect(verdict.failed).toEqual([]);
  const books = await stage.books();
  expect(books.map((sale) => sale.ticket).sort()).toEqual(sold.map((sale) => sale.ticket).sort());
  expect(new Set(books.map((sale) => sale.no)).size).toBe(sold.length);
  expect(books.filter((sale) => sale.status === 'VOIDED').map((sale) => sale.ticket)).toEqual(voided);
  for (const till of [counter, phone, manager]) expect(till.errors).toEqual([]);
});

async function itemId(till: Till, name: string): Promise<string> {
  return (await till.tile(name).getAttribute('data-item')) ?? '';
}

/** A figure without its signs: `39,200 ៛` is 39200. */
function figure(text: string): string {
  return text.replace(/[^0-9.]/g, '');
}
