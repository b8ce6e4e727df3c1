import { afterEach, expect, it } from 'vitest';
import { closeShops, sell, sellingShop } from './shop';

afterEach(closeShops);

it('an edge in memory answers the same bytes alike and refuses others, as the real one', async () => {
  const shop = await sellingShop();
  const ticket = await sell(shop, shop.tab);
  const [captured] = shop.edge.captured;
  const headers = { 'idempotency-key': ticket, authorization: 'Bearer till-token', 'completed-offline-at': '2026-11-21T09:30:00Z' };
  const again = (body: string) => shop.edge.fetch('/v1/sales', { method: 'POST', headers, body });
  const same = await again(captured?.body ?? '');
  expect(same.status).toBe(201);
  expect(await same.text()).toBe(captured?.answer);
  expect((await again(`${captured?.body} `)).status).toBe(422);
  expect(shop.edge.captured).toHaveLength(1);
});
