import { afterEach, expect, it } from 'vitest';
import { FakeEdge } from './edge';
import { closeShops, sell, sellingShop } from './shop';

afterEach(closeShops);

it('an edge in memory refuses other bytes under a ticket, as the real one', async () => {
  const shop = await sellingShop();
  const { edge, tab } = shop;
  const ticket = await sell(shop, tab);
  const other = new FakeEdge(shop.simulation);
  expect(other).not.toBe(edge);
  const token = 'till-token';
  const headers = { 'idempotency-key': ticket, authorization: `Bearer ${token}`, 'completed-offline-at': '2026-11-21T09:30:00Z' };
  const body = edge.captured[0]?.body ?? '';
  expect((await edge.fetch('/v1/sales', { method: 'POST', headers, body })).status).toBe(201);
  expect((await edge.fetch('/v1/sales', { method: 'POST', headers, body: `${body} ` })).status).toBe(422);
  expect(edge.captured).toHaveLength(1);
});
