/**
 * A sale that a till completed by itself and that comes with a token the edge does not
 * know: it is held, a manager sees it at once and accepts it, and then it is a sale.
 */
import type { Browser, Request } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage } from './stage';
import { TABLET, Till, type Sold } from './till';

const SALES = '**/v1/sales';

let stage: Stage;
let browser: Browser;
let counter: Till;
let manager: Till;
const kept: { sold: Sold; request: Request }[] = [];

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
  counter = await Till.paired(browser, stage, 'Counter 1');
  await counter.logIn(stage.person('Sophea'));
  await counter.openDrawer();
  manager = await Till.paired(browser, stage, 'Terrace tablet', { size: TABLET });
  await manager.logIn(stage.person('Chantrea'));
  await manager.openDrawer();
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

/** A sale that the device keeps, and what it wants to send. */
async function keep(item: string): Promise<void> {
  const told = counter.page.waitForRequest(
    (request) => request.url().endsWith('/v1/sales') && 'completed-offline-at' in request.headers(),
  );
  const sold = await counter.sell(item);
  expect(sold.queued).toBe(true);
  kept.push({ sold, request: await told });
}

/** Sends it as a till would whose pairing has ended. */
async function bring({ sold, request }: { sold: Sold; request: Request }): Promise<number> {
  const headers = request.headers();
  const answer = await fetch(`${stage.told.edge}/v1/sales`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer of-a-pairing-that-has-ended',
      'content-type': 'application/json',
      'idempotency-key': sold.ticket,
      'completed-offline-at': headers['completed-offline-at'] ?? '',
    },
    body: request.postData() ?? '',
  });
  return answer.status;
}

test('it is held, and the manager sees it', async () => {
  await counter.page.route(SALES, (route) => route.abort());
  await keep('Milk tea');
  const [first] = kept;
  if (!first) throw new Error('nothing was kept');
  await manager.go('voids');
  expect(await bring(first)).toBe(202);
  await manager.sees('held-sale', { ticket: first.sold.ticket, why: 'TOKEN_UNKNOWN' });
  expect(await manager.text('held-count')).toBe('1');
});

test('accepted, it is a sale with a number', async () => {
  const [first] = kept;
  if (!first) throw new Error('nothing was kept');
  await manager.tap('held-accept');
  await manager.unseen('held-sale', { ticket: first.sold.ticket });
  const { no } = await stage.numbered(first.sold.ticket);
  expect(no).toBeGreaterThan(0);
  // The till that sold it hears that it is safe, and keeps it no longer.
  await counter.keeps(1);
  await counter.page.unroute(SALES);
  await counter.keeps(0);
  await counter.go('history');
  expect(await counter.showsNumber(first.sold.ticket)).toBe(String(no));
});

test('rejected, it is kept and is no sale', async () => {
  await counter.page.route(SALES, (route) => route.abort());
  await keep('Cold brew');
  const second = kept[1];
  if (!second) throw new Error('nothing was kept');
  expect(await bring(second)).toBe(202);
  await manager.sees('held-sale', { ticket: second.sold.ticket });
  await manager.tap('held-reject');
  await manager.at('reason').fill('sold twice by hand');
  await manager.tap('reason-go');
  await manager.unseen('held-sale', { ticket: second.sold.ticket });
  await counter.keeps(1);
  await counter.page.unroute(SALES);
  await counter.keeps(0);
  expect((await stage.books()).map(({ ticket }) => ticket)).toEqual([kept[0]?.sold.ticket]);
  expect((await stage.verify()).ok).toBe(true);
  expect([...counter.errors, ...manager.errors]).toEqual([]);
});
