import { afterEach, describe, expect, it } from 'vitest';
import { WATER } from './testing/edge';
import { closeShops, put, sellingShop, USD } from './testing/shop';

afterEach(closeShops);

describe('KHQR', () => {
  async function paid(shop: Awaited<ReturnType<typeof sellingShop>>): Promise<void> {
    const { edge, tab } = shop;
    put(tab);
    expect(await tab.core.makeKhqr('USD')).toMatchObject({ ok: true, value: { current: true, checked: null } });
    expect(await tab.core.checkKhqr()).toMatchObject({ ok: true, value: { state: 'not_paid_yet' } });
    edge.paid.add(tab.core.khqr.value?.code.md5 ?? '');
    expect(await tab.core.checkKhqr()).toMatchObject({ ok: true, value: { state: 'paid' } });
  }

  it('is sold at the code\'s figures under its ticket, after a reload too', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab, device } = shop;
    await paid(shop);
    await simulation.settle();
    tab.kill();
    const again = await device.open();
    await simulation.when('the session is there', () => again.core.selling.value.can);
    expect(again.core.khqr.value).toMatchObject({ current: true, checked: { state: 'paid' } });
    const ticket = again.core.khqr.value?.code.ticket_id;
    expect(await again.core.finalize({ method: 'KHQR' })).toMatchObject({ ok: true, value: { ticketId: ticket, queued: false } });
    expect(edge.captured[0]).toMatchObject({ ticket, offlineAt: null });
    expect(JSON.parse(edge.captured[0]?.body ?? '').shown).toBeUndefined();
    expect(again.core.khqr.value).toBeNull();
  });

  it('is not sold when the cart is another one, and keeps its ticket for the next code', async () => {
    const shop = await sellingShop();
    const { tab } = shop;
    await paid(shop);
    const before = tab.core.khqr.value?.code.ticket_id;
    tab.core.addToCart(WATER);
    expect(tab.core.khqr.value?.current).toBe(false);
    expect(await tab.core.finalize({ method: 'KHQR' })).toMatchObject({ ok: false, problem: { code: 'khqr_cart_changed' } });
    expect(await tab.core.makeKhqr('USD')).toMatchObject({ ok: true, value: { current: true, checked: null } });
    expect(tab.core.khqr.value?.code.ticket_id).toBe(before);
  });

  it('needs the edge', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    await paid(shop);
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    expect(await tab.core.finalize({ method: 'KHQR' })).toMatchObject({ ok: false, problem: { code: 'khqr_needs_edge' } });
    expect(await tab.core.makeKhqr('USD')).toMatchObject({ ok: false, problem: { code: 'khqr_needs_edge' } });
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: true, value: { queued: true } });
  });

  it.each(['lose request', 'lose answer'] as const)('is asked for until the edge answers: %s', async (fate) => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    await paid(shop);
    edge.fates.push(fate, 'lose answer');
    expect(await tab.core.finalize({ method: 'KHQR' })).toMatchObject({ ok: false, problem: { code: 'khqr_answer_missing' } });
    expect(tab.core.selling.value.can).toBe(true);
    await simulation.when('the edge has answered', () => tab.core.queue.value.sales.length === 0);
    expect(edge.captured).toHaveLength(1);
    expect(edge.posts.every((one) => one.offlineAt === null)).toBe(true);
  });

  it('is kept for a person if the edge refuses what was paid', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    await paid(shop);
    edge.fates.push('lose request', { status: 409, code: 'khqr_not_confirmed' });
    await tab.core.finalize({ method: 'KHQR' });
    await simulation.when('it is set aside', () => tab.core.queue.value.setAside === 1);
    expect(edge.captured).toEqual([]);
  });
});
