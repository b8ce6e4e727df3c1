import { afterEach, describe, expect, it, vi } from 'vitest';
import { Device } from '../testing/device';
import { CODE, DARA, DEVICE, LATTE, OAT_MILK, PIN, SOKHA, WATER } from '../testing/edge';
import { closeShops, put, sellingShop, USD } from '../testing/shop';

afterEach(() => {
  vi.restoreAllMocks();
  closeShops();
});

describe('the cart', () => {
  it('puts the same with the same add-ons together', async () => {
    const { tab } = await sellingShop();
    put(tab);
    put(tab);
    tab.core.addToCart(LATTE);
    const lines = tab.core.cart.value.lines;
    expect(lines.map((line) => [line.name, line.addOns.map((one) => one.name), line.quantity])).toEqual([
      ['Latte', ['Oat milk'], 2],
      ['Water', [], 4],
      ['Latte', [], 1],
    ]);
    expect(tab.core.setQuantity(lines[1]?.lineId ?? '', 9_999)).toMatchObject({ ok: true });
    expect(tab.core.addToCart(WATER)).toMatchObject({ ok: false, problem: { code: 'invalid_quantity' } });
    expect(tab.core.setQuantity(lines[1]?.lineId ?? '', 1.5)).toMatchObject({ ok: false });
    expect(tab.core.removeLine(lines[0]?.lineId ?? '')).toMatchObject({ ok: true });
    expect(tab.core.cart.value.itemCount).toBe(10_000);
    expect(tab.core.clearCart()).toMatchObject({ ok: true });
    expect(tab.core.priced.value).toEqual({ state: 'empty' });
    expect(tab.core.addToCart(WATER, [OAT_MILK])).toMatchObject({ ok: false, problem: { code: 'unknown_item' } });
  });

  it('is not sold at other figures than those on the screen', async () => {
    const { simulation, edge, tab } = await sellingShop('discounted');
    simulation.now = Date.parse('2026-11-21T11:59:59.000Z');
    put(tab);
    const before = tab.core.priced.value;
    // A branch discount begins at noon.
    simulation.now = Date.parse('2026-11-21T12:00:01.000Z');
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: false, problem: { code: 'figures_changed' } });
    expect(edge.posts).toEqual([]);
    const after = tab.core.priced.value;
    expect(after).not.toEqual(before);
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
    const shown = JSON.parse(edge.posts[0]?.body ?? '').shown;
    expect(shown.totals).toEqual(after.state === 'priced' && after.totals);
    expect(shown.at).toBe('2026-11-21T12:00:01.000000Z');
  });

  it('offers amounts and says the change, both by the engine', async () => {
    const { tab } = await sellingShop();
    put(tab);
    expect(tab.core.quickCash('USD')[0]).toEqual({ amount: '6.71', currency: 'USD' });
    expect(tab.core.tryTender({ amount: '20', currency: 'USD' })).toMatchObject({ ok: true, value: { change: '13.29' } });
    expect(tab.core.tryTender({ amount: '100', currency: 'KHR' })).toMatchObject({ ok: false, problem: { code: 'not_enough_received' } });
  });

  it('is refused where nothing can be stored, and is there again', async () => {
    const { edge, tab } = await sellingShop();
    put(tab);
    vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: false, problem: { code: 'device_storage_full' } });
    vi.restoreAllMocks();
    expect(edge.posts).toEqual([]);
    expect(tab.core.cart.value.itemCount).toBe(3);
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
  });
});

describe('an unfinished cart', () => {
  it('is at the edge a moment later, and goes on after a reload without a question', async () => {
    const { simulation, edge, tab, device } = await sellingShop();
    put(tab);
    await simulation.when('the edge has it', () => edge.draft?.cart.lines.length === 2);
    tab.kill();
    const again = await device.open();
    await simulation.settle();
    expect(again.core.cart.value.itemCount).toBe(3);
    expect(again.core.drafts.value.unfinished).toBeNull();
  });

  it('is asked about at the next login, and is resumed or thrown away', async () => {
    const { simulation, edge, tab } = await sellingShop();
    for (const resumed of [true, false]) {
      if (!resumed) tab.core.clearCart();
      put(tab);
      await simulation.when('the edge has it', () => edge.draft?.draft_id === tab.core.cart.value.draftId);
      await tab.core.logOut();
      expect(tab.core.cart.value.lines).toEqual([]);
      await tab.core.logIn(SOKHA, PIN);
      await simulation.when('it is asked', () => tab.core.drafts.value.unfinished !== null);
      expect(tab.core.drafts.value.mine).toBe(true);
      await simulation.when('the session is there', () => tab.core.session.value !== null);
      if (resumed) expect(tab.core.resumeDraft()).toMatchObject({ ok: true });
      else expect(await tab.core.discardDraft()).toMatchObject({ ok: true });
      expect(tab.core.drafts.value.unfinished).toBeNull();
      expect(tab.core.cart.value.itemCount).toBe(resumed ? 3 : 0);
    }
    await simulation.when('the edge has none', () => edge.draft === null);
  });

  it('of another person is theirs: it is not shown, and can only be thrown away', async () => {
    const { simulation, edge, tab } = await sellingShop();
    put(tab);
    await simulation.when('the edge has it', () => edge.draft !== null);
    await tab.core.logOut();
    await tab.core.logIn(DARA, PIN);
    await tab.core.openSession('0', '0');
    await simulation.when('it is told', () => tab.core.drafts.value.unfinished !== null);
    expect(tab.core.drafts.value).toMatchObject({ mine: false, unfinished: { staff_id: SOKHA, item_count: 3 } });
    expect(tab.core.cart.value.lines).toEqual([]);
    expect(tab.core.addToCart(LATTE)).toMatchObject({ ok: false, problem: { code: 'draft_of_another_context' } });
    expect(tab.core.resumeDraft()).toMatchObject({ ok: false });
    expect(await tab.core.discardDraft()).toMatchObject({ ok: true });
    expect(edge.draft).toBeNull();
    expect(tab.core.addToCart(LATTE)).toMatchObject({ ok: true });
  });

  it('is found by a browser that knows nothing of it', async () => {
    const { simulation, edge, tab } = await sellingShop();
    put(tab);
    await simulation.when('the edge has it', () => edge.draft !== null);
    tab.kill();
    const fresh = new Device(simulation, edge);
    const other = await fresh.open();
    await other.core.pair(DEVICE, CODE);
    await simulation.when('the menu is there', () => other.core.catalogue.value !== null);
    await other.core.logIn(SOKHA, PIN);
    await simulation.when('it is asked', () => other.core.drafts.value.unfinished !== null);
    await simulation.when('the session is there', () => other.core.session.value !== null);
    expect(other.core.resumeDraft()).toMatchObject({ ok: true });
    expect(other.core.cart.value.itemCount).toBe(3);
    expect(await other.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
    expect(edge.draft).toBeNull();
    other.close();
  });

  it('that was emptied line by line is over at the edge too', async () => {
    const { simulation, edge, tab } = await sellingShop();
    put(tab);
    await simulation.when('the edge has it', () => edge.draft !== null);
    for (const line of tab.core.cart.value.lines) tab.core.removeLine(line.lineId);
    const closing = tab.core.closeSession({ counted_usd: '20.00', counted_khr: '0' });
    await simulation.when('it is closed', () => edge.closed.size === 1);
    expect(await closing).toMatchObject({ ok: true });
    expect(edge.draft).toBeNull();
  });

  it('of a session that is over is sold in the one that is open', async () => {
    const { simulation, edge, tab } = await sellingShop();
    put(tab);
    await simulation.when('the edge has it', () => edge.draft !== null);
    const former = tab.core.session.value?.cash_session_id ?? '';
    edge.closed.add(former);
    edge.draft = null;
    edge.tell({ event: 'session_closed', cash_session_id: former, rejected_voids: [] });
    await simulation.when('it is closed here', () => tab.core.session.value === null);
    await tab.core.openSession('0', '0');
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
    const sold = JSON.parse(edge.captured[0]?.body ?? '');
    expect(sold.cash_session_id).toBe(tab.core.session.value?.cash_session_id);
    expect(sold.cash_session_id).not.toBe(former);
  });

  it('is none that was sold, although the edge does not know yet', async () => {
    const { simulation, edge, tab, device } = await sellingShop();
    put(tab);
    await simulation.when('the edge has it', () => edge.draft !== null);
    const draft = edge.draft;
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    const sold = await tab.core.finalize(USD('10.00'));
    edge.cursed.set(sold.ok ? sold.value.ticketId : '', { status: 500, code: 'internal' });
    tab.kill();
    edge.turn('on');
    edge.asked.length = 0;
    const again = await device.open();
    await simulation.when('it was looked for', () => edge.asked.includes('GET /v1/draft'));
    await simulation.settle();
    expect(again.core.drafts.value.unfinished).toBeNull();
    expect(edge.draft).toEqual(draft);
    edge.cursed.clear();
    again.core.sendQueueNow();
    await simulation.when('the edge has the sale', () => edge.captured.length === 1);
    expect(edge.draft).toBeNull();
  });
});
