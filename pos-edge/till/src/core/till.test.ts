import { afterEach, describe, expect, it, vi } from 'vitest';
import { Device } from './testing/device';
import { CODE, DARA, DEVICE, FakeEdge, LATTE, OAT_MILK, PIN, SOKHA, WATER } from './testing/edge';
import { closeShops, pairedShop, put, sell, sellingShop, USD } from './testing/shop';

afterEach(() => {
  vi.restoreAllMocks();
  closeShops();
});

describe('pairing and logging in', () => {
  it('tells a wrong code and a wrong PIN', async () => {
    const { tab } = await pairedShop();
    expect(await tab.core.pair(DEVICE, 'wrong')).toMatchObject({ ok: false, problem: { code: 'wrong_pairing_code' } });
    expect(tab.core.till.value).toMatchObject({ deviceId: DEVICE, name: 'Counter 1' });
    expect(await tab.core.logIn(SOKHA, '0000')).toMatchObject({ ok: false, problem: { code: 'wrong_pin' } });
    expect(tab.core.phase.value).toBe('locked');
    expect(await tab.core.logIn(SOKHA, PIN)).toMatchObject({ ok: true });
    expect(tab.core.phase.value).toBe('ready');
  });

  it('lets anybody browse the menu, and says why nothing can be put into the cart', async () => {
    const { simulation, tab } = await pairedShop();
    expect(tab.core.catalogue.value?.document.items.length).toBeGreaterThan(0);
    expect(tab.core.selling.value).toEqual({ can: false, why: 'not_logged_in' });
    await tab.core.logIn(SOKHA, PIN);
    await simulation.settle();
    expect(tab.core.selling.value).toEqual({ can: false, why: 'session_needed' });
    expect(tab.core.addToCart(LATTE)).toMatchObject({ ok: false, problem: { code: 'session_needed' } });
    expect(tab.core.cart.value.lines).toEqual([]);
  });

  it('needs the edge to log in, and none to stay or to leave', async () => {
    const { simulation, edge, tab, device } = await sellingShop();
    edge.turn('off');
    await simulation.pass(3 * 3_600_000);
    expect(tab.core.phase.value).toBe('ready');
    tab.kill();
    const again = await device.open();
    expect(again.core.phase.value).toBe('ready');
    expect(again.core.session.value).not.toBeNull();
    expect(await again.core.logOut()).toMatchObject({ ok: true });
    expect(await again.core.logIn(SOKHA, PIN)).toMatchObject({ ok: false, problem: { code: 'edge_unreachable' } });
    expect(again.core.phase.value).toBe('locked');
  });

  it('is told to another tab', async () => {
    const { simulation, tab, device } = await sellingShop();
    const other = await device.open();
    expect(other.core.me.value?.name).toBe('Sokha');
    await tab.core.logOut();
    await simulation.when('the other tab is locked', () => other.core.phase.value === 'locked');
    expect(other.core.session.value).toBeNull();
  });

  it('ends when the edge says so', async () => {
    const { simulation, edge, tab } = await sellingShop();
    edge.endLogins();
    expect(await tab.core.xReport()).toMatchObject({ ok: false, problem: { code: 'not_logged_in' } });
    await simulation.when('it is locked', () => tab.core.phase.value === 'locked');
    edge.revoked = true;
    expect(await tab.core.logIn(SOKHA, PIN)).toMatchObject({ ok: false, problem: { code: 'device_revoked' } });
    await simulation.when('it is unpaired', () => tab.core.phase.value === 'unpaired');
  });

  it('opens a session once although the answer was lost', async () => {
    const { edge, tab } = await pairedShop();
    await tab.core.logIn(SOKHA, PIN);
    const fetch = edge.fetch.bind(edge);
    vi.spyOn(edge, 'fetch').mockImplementation(async (path, init) => {
      const answer = await fetch(path, init);
      if (path === '/v1/cash-sessions' && init.method === 'POST') throw new TypeError('network error');
      return answer;
    });
    expect(await tab.core.openSession('20.00', '0')).toMatchObject({ ok: false, problem: { code: 'edge_unreachable' } });
    vi.restoreAllMocks();
    expect(await tab.core.openSession('20.00', '0')).toMatchObject({ ok: true });
    expect(edge.sessions).toHaveLength(1);
  });
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

describe('history', () => {
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

describe('what is kept on this device', () => {
  it('is encrypted with a key that cannot be read', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab, device } = shop;
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    await sell(shop, tab);
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(device.database);
      opening.onsuccess = () => resolve(opening.result);
    });
    const all = await Promise.all(
      ['keys', 'vault', 'queue'].map(
        (store) =>
          new Promise<unknown[]>((resolve) => {
            const reading = database.transaction(store).objectStore(store).getAll();
            reading.onsuccess = () => resolve(reading.result as unknown[]);
          }),
      ),
    );
    const [keys, vault, queue] = all;
    const key = keys?.[0] as CryptoKey;
    expect(key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    const bytes = [...(vault ?? []), ...(queue ?? []).map((one) => (one as { sealed: unknown }).sealed)].map(
      (one) => Buffer.from((one as { data: ArrayBuffer }).data).toString('latin1'),
    );
    expect(bytes).toHaveLength(2);
    for (const text of bytes) for (const secret of ['till-token', 'login-', 'Latte', '6.71']) expect(text).not.toContain(secret);
    expect(JSON.stringify(queue)).not.toContain('6.71');
    database.close();
  });

  it('is told when it cannot be decrypted, and stays', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab, device } = shop;
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    await sell(shop, tab);
    tab.kill();
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(device.database);
      opening.onsuccess = () => resolve(opening.result);
    });
    const lost = database.transaction('keys', 'readwrite');
    lost.objectStore('keys').clear();
    await new Promise((resolve) => (lost.oncomplete = resolve));
    database.close();
    const again = await device.open();
    expect(again.core.phase.value).toBe('unpaired');
    expect(again.core.queue.value).toMatchObject({ sales: [], unreadable: 1 });
  });

  it('refuses to sell where no sale fits any more', async () => {
    const { simulation, tab, device } = await sellingShop();
    device.room = { usage: 800_000_000, quota: 1_000_000_000 };
    tab.wakeUp();
    await simulation.when('it is full', () => !tab.core.selling.value.can);
    expect(tab.core.selling.value).toEqual({ can: false, why: 'device_storage_full' });
    expect(tab.core.room.value.device).toMatchObject({ salesLeft: 0, persisted: true });
  });
});

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
