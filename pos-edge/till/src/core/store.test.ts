import { afterEach, describe, expect, it, vi } from 'vitest';
import { DARA, PIN } from './testing/edge';
import type { HistoryFilters } from './types';
import { closeShops, put, sell, sellingShop, USD } from './testing/shop';

afterEach(() => {
  vi.restoreAllMocks();
  closeShops();
});

describe('the menu of this device', () => {
  it('is there without the edge, and is replaced when the store has a newer one', async () => {
    const { simulation, edge, tab, device } = await sellingShop();
    put(tab);
    expect(tab.core.priced.value).toMatchObject({ state: 'priced', totals: { grand_total_usd: '6.71' }, catalogue: { version: 7 } });
    const items = edge.catalogue.items.map((item) => ({ ...item, price_usd: '5.00' }));
    edge.publish({ ...edge.catalogue, version: 8, items });
    await simulation.when('the newer one is priced with', () => tab.core.catalogue.value?.reference.version === 8);
    expect(tab.core.priced.value).toMatchObject({ state: 'priced', totals: { grand_total_usd: '17.16' }, catalogue: { version: 8 } });
    await simulation.settle();
    edge.turn('off');
    tab.kill();
    const again = await device.open();
    expect(again.core.catalogue.value?.reference.version).toBe(8);
    expect(again.core.priced.value).toMatchObject({ state: 'priced', totals: { grand_total_usd: '17.16' } });
  });

  it('is not replaced by one that the engine cannot read', async () => {
    const { simulation, edge, tab } = await sellingShop();
    const policies = { ...edge.catalogue.policies, saleFxRateKhrPerUsd: 'many' };
    edge.publish({ ...edge.catalogue, version: 8, policies });
    await simulation.settle();
    expect(tab.core.catalogue.value?.reference.version).toBe(7);
    edge.publish({ ...edge.catalogue, version: 9, policies: { ...policies, saleFxRateKhrPerUsd: '4000' } });
    await simulation.when('the mended one is there', () => tab.core.catalogue.value?.reference.version === 9);
    put(tab);
    expect(tab.core.priced.value).toMatchObject({ state: 'priced', totals: { fx_rate_khr_per_usd: '4000' } });
  });
});

describe('what happens in the store', () => {
  it('shows without asking for it again and again', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    const ticket = await sell(shop, tab);
    await simulation.settle();
    await tab.core.loadHistory();
    const before = edge.asked.length;
    await simulation.pass(30 * 60_000);
    expect(edge.asked.length).toBe(before);
    edge.number(ticket, 42);
    await simulation.when('the number shows', () => tab.core.history.value.rows[0]?.invoiceNo === 42);
    await simulation.when('on the receipt too', () => tab.core.receipt.value?.invoice?.no === 42);
  });

  it('is read on where the stream broke off', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    const ticket = await sell(shop, tab);
    await simulation.settle();
    await tab.core.loadHistory();
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    const since = tab.core.edgeLink.value.since;
    edge.number(ticket, 7);
    edge.turn('on');
    await simulation.when('the number shows', () => tab.core.history.value.rows[0]?.invoiceNo === 7);
    expect(tab.core.edgeLink.value.reachable).toBe(true);
    expect(tab.core.edgeLink.value.since > since).toBe(true);
  });

  it('tells that an edge without power is away, although nothing was closed', async () => {
    const { simulation, edge, tab } = await sellingShop();
    edge.turn('hangs');
    const began = simulation.now;
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    expect(simulation.now - began).toBeLessThanOrEqual(60_000);
  });

  it('is sold with the edge\'s time where the device\'s clock is wrong', async () => {
    const { simulation, edge, tab } = await sellingShop();
    const fetch = edge.fetch.bind(edge);
    vi.spyOn(edge, 'fetch').mockImplementation(async (path, init) => {
      const answer = await fetch(path, init);
      answer.headers.set('date', new Date(simulation.now + 3 * 3_600_000).toUTCString());
      return answer;
    });
    await tab.core.loadSessions();
    vi.restoreAllMocks();
    put(tab);
    await tab.core.finalize(USD('10.00'));
    const { at } = JSON.parse(edge.posts[0]?.body ?? '').shown;
    expect(Math.abs(Date.parse(at) - simulation.now - 3 * 3_600_000)).toBeLessThan(2_000);
  });
});

describe('held sales', () => {
  it('show to managers as soon as there is one, and to nobody else', async () => {
    const { simulation, edge, tab } = await sellingShop();
    edge.held.push('till-1', 'till-2');
    edge.announceHeld('till-2');
    await simulation.settle();
    expect(tab.core.heldSales.value).toEqual([]);
    await tab.core.logOut();
    await tab.core.logIn(DARA, PIN);
    await simulation.when('both show', () => tab.core.heldSales.value.length === 2);
    edge.held.push('till-3');
    edge.announceHeld('till-3');
    await simulation.when('the third shows', () => tab.core.heldSales.value.length === 3);
    expect(tab.core.heldSales.value.map((row) => row.ticket_id)).toEqual(['till-1', 'till-2', 'till-3']);
    await tab.core.logOut();
    expect(tab.core.heldSales.value).toEqual([]);
  });
});

describe('history', () => {
  it('is filtered by text, number, time and till', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    const first = await sell(shop, tab);
    simulation.now += 60_000;
    const second = await sell(shop, tab);
    const [sale] = edge.captured;
    if (sale) edge.captured.push({ ...sale, ticket: 'till-1795253400000-0123456789abcdef01234567' });
    edge.numbers.set(second, 42);
    const shown = async (filters: HistoryFilters) => {
      expect(await tab.core.loadHistory(filters)).toMatchObject({ ok: true });
      expect(tab.core.history.value.more).toBe(false);
      return tab.core.history.value.rows.map((row) => row.ticketId).sort();
    };
    expect(await shown({})).toHaveLength(3);
    expect(await shown({ text: first.slice(-8) })).toEqual([first]);
    expect(await shown({ text: '#42' })).toEqual([second]);
    expect(await shown({ mine: true })).toEqual([first, second].sort());
    await shown({ text: second });
    const at = tab.core.history.value.rows[0]?.createdAt ?? '';
    expect(await shown({ from: at })).toEqual([second]);
    expect(await shown({ until: at, mine: true })).toEqual([first]);
  });

  it('has the sales of this device on top until the edge has them', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    const first = await sell(shop, tab);
    await simulation.settle();
    await tab.core.loadHistory();
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    simulation.now += 1_000;
    const second = await sell(shop, tab);
    expect(tab.core.history.value.rows.map((row) => [row.ticketId, row.status])).toEqual([[second, 'on_device'], [first, 'pending']]);
    expect(await tab.core.loadHistory()).toMatchObject({ ok: false });
    expect(tab.core.history.value.rows).toHaveLength(2);
    edge.turn('on');
    await simulation.when('the edge has it', () => tab.core.history.value.rows[0]?.status === 'pending');
    expect(tab.core.history.value.rows.map((row) => row.ticketId)).toEqual([second, first]);
  });
});

describe('the drawer', () => {
  it('is closed after the sales of this device were sent', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab } = shop;
    edge.fates.push('lose request', 'lose request');
    const ticket = await sell(shop, tab);
    put(tab);
    tab.core.clearCart();
    const closing = tab.core.closeSession({ counted_usd: '20.00', counted_khr: '0' });
    await simulation.when('it is closed', () => edge.closed.size === 1);
    expect(await closing).toMatchObject({ ok: true });
    expect(edge.captured.map((one) => one.ticket)).toEqual([ticket]);
    expect(tab.core.session.value).toBeNull();
    expect(tab.core.selling.value).toEqual({ can: false, why: 'session_needed' });
  });

  it('is closed elsewhere: the till knows', async () => {
    const { simulation, edge, tab } = await sellingShop();
    const id = tab.core.session.value?.cash_session_id ?? '';
    edge.closed.add(id);
    edge.tell({ event: 'session_closed', cash_session_id: id, rejected_voids: [] });
    await simulation.when('it is closed here', () => tab.core.session.value === null);
  });
});
