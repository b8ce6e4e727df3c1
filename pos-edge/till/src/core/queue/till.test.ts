import { afterEach, describe, expect, it } from 'vitest';
import type { Step } from '../testing/device';
import { closeShops, put, sellingShop as selling, USD } from '../testing/shop';

afterEach(closeShops);

describe('a sale with the edge', () => {
  it('is complete when the edge has answered, and leaves nothing behind', async () => {
    const { simulation, edge, tab } = await selling();
    put(tab);
    const shown = tab.core.priced.value;
    expect(shown).toMatchObject({ state: 'priced', totals: { grand_total_usd: '6.71' } });
    const sold = await tab.core.finalize(USD('10.00'));
    expect(sold).toMatchObject({ ok: true, value: { queued: false } });
    expect(edge.captured).toHaveLength(1);
    expect(edge.captured[0]?.offlineAt).toBeNull();
    expect(tab.core.receipt.value).toMatchObject({
      source: 'edge',
      grand_total_usd: '6.71',
      payment: { received: '10.00', change: '3.29' },
      cashier_name: 'Sokha',
    });
    expect(tab.core.cart.value.lines).toEqual([]);
    await simulation.settle();
    expect(tab.core.queue.value.sales).toEqual([]);
  });

  it('is not complete when the edge refuses it: the cart is there again', async () => {
    const { edge, tab } = await selling();
    put(tab);
    edge.fates.push({ status: 409, code: 'figures_changed' });
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: false, problem: { code: 'figures_changed' } });
    expect(tab.core.queue.value.sales).toEqual([]);
    expect(tab.core.cart.value.itemCount).toBe(3);
    expect(tab.core.selling.value.can).toBe(true);
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
    expect(edge.captured).toHaveLength(1);
  });

  it('is refused at old figures, and the newer ones are fetched', async () => {
    const { simulation, edge, tab } = await selling();
    put(tab);
    edge.catalogue = { ...edge.catalogue, version: 8, items: edge.catalogue.items.map((item) => ({ ...item, price_usd: '5.00' })) };
    edge.fates.push({ status: 409, code: 'figures_changed' });
    expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: false, problem: { code: 'figures_changed' } });
    await simulation.when('the newer prices show', () => tab.core.catalogue.value?.reference.version === 8);
    expect(tab.core.priced.value).toMatchObject({ state: 'priced', totals: { grand_total_usd: '17.16' } });
  });

  it('is not tried if too little is handed over', async () => {
    const { edge, tab } = await selling();
    put(tab);
    expect(await tab.core.finalize(USD('6.70'))).toMatchObject({ ok: false, problem: { code: 'not_enough_received' } });
    expect(edge.posts).toEqual([]);
    expect(tab.core.cart.value.itemCount).toBe(3);
  });

  it('is made once by two taps', async () => {
    const { edge, tab } = await selling();
    put(tab);
    const [first, second] = await Promise.all([tab.core.finalize(USD('10.00')), tab.core.finalize(USD('10.00'))]);
    expect(first.ok).toBe(true);
    expect(second).toMatchObject({ ok: false, problem: { code: 'sale_in_progress' } });
    expect(edge.captured).toHaveLength(1);
  });
});

describe('a sale whose answer is missing', () => {
  const fates = ['lose request', 'lose answer', 'hang', 'another page', { status: 500, code: 'internal' }, { status: 507, code: 'storage_full' }] as const;

  it.each(fates)('is complete here and told once: %j', async (fate) => {
    const { simulation, edge, tab } = await selling();
    put(tab);
    edge.fates.push(fate);
    const finalizing = tab.core.finalize(USD('10.00'));
    await simulation.when('the receipt is there', () => tab.core.receipt.value !== null);
    const sold = await finalizing;
    expect(sold).toMatchObject({ ok: true, value: { queued: true } });
    expect(tab.core.receipt.value).toMatchObject({ source: 'device', invoice: null, grand_total_usd: '6.71' });
    expect(tab.core.cart.value.lines).toEqual([]);
    await simulation.when('the edge has it', () => tab.core.queue.value.sales.length === 0);
    expect(edge.captured).toHaveLength(1);
    expect(new Set(edge.posts.map((one) => one.body)).size).toBe(1);
    expect(edge.posts.at(-1)?.offlineAt).toBe(JSON.parse(edge.captured[0]?.body ?? '').shown.at);
  });

  it('is told once if the edge hears everything twice', async () => {
    const { simulation, edge, tab } = await selling();
    edge.fates.push('twice', 'lose answer', 'twice');
    for (let nth = 0; nth < 2; nth += 1) {
      put(tab);
      expect(await tab.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
    }
    await simulation.when('the edge has all', () => tab.core.queue.value.sales.length === 0);
    expect(edge.captured).toHaveLength(2);
  });
});

describe('an edge that is away', () => {
  it('changes nothing for who sells: the sales go to it in order when it is back', async () => {
    const { simulation, edge, tab } = await selling();
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    const tickets: string[] = [];
    for (let nth = 0; nth < 5; nth += 1) {
      put(tab);
      const sold = await tab.core.finalize(USD('10.00'));
      if (sold.ok) tickets.push(sold.value.ticketId);
      simulation.now += 1_000;
    }
    expect(tickets).toHaveLength(5);
    expect(tab.core.queue.value).toMatchObject({ waiting: 5, setAside: 0 });
    expect(tab.core.queue.value.oldestAt).not.toBeNull();
    await simulation.pass(10 * 60_000);
    expect(tab.core.queue.value.waiting).toBe(5);
    edge.turn('on');
    await simulation.when('the edge has all', () => tab.core.queue.value.waiting === 0);
    expect(edge.captured.map((one) => one.ticket)).toEqual(tickets);
    expect(edge.captured.every((one) => one.offlineAt !== null)).toBe(true);
  });

  it('is sold without by a page that is opened meanwhile', async () => {
    const { simulation, edge, tab, device } = await selling();
    edge.turn('off');
    tab.kill();
    const again = await device.open();
    expect(again.core.phase.value).toBe('ready');
    expect(again.core.me.value?.name).toBe('Sokha');
    put(again);
    const finalizing = again.core.finalize(USD('10.00'));
    await simulation.when('the receipt is there', () => again.core.receipt.value !== null);
    expect(await finalizing).toMatchObject({ ok: true, value: { queued: true } });
    edge.turn('on');
    await simulation.when('the edge has it', () => again.core.queue.value.waiting === 0);
    expect(edge.captured).toHaveLength(1);
  });

  it('gets the sales of somebody who has logged out', async () => {
    const { simulation, edge, tab } = await selling();
    edge.turn('off');
    put(tab);
    await tab.core.finalize(USD('10.00'));
    expect(await tab.core.logOut()).toMatchObject({ ok: true });
    expect(tab.core.phase.value).toBe('locked');
    expect(tab.core.queue.value.waiting).toBe(1);
    edge.turn('on');
    await simulation.when('the edge has it', () => tab.core.queue.value.waiting === 0);
    await simulation.when('the login ended at the edge', () => edge.asked.includes('POST /v1/logout'));
    expect(edge.captured).toHaveLength(1);
  });

  it('gets them also if the login ended meanwhile', async () => {
    const { simulation, edge, tab } = await selling();
    edge.turn('off');
    put(tab);
    await tab.core.finalize(USD('10.00'));
    edge.endLogins();
    edge.turn('on');
    await simulation.when('the edge has it', () => tab.core.queue.value.waiting === 0);
    expect(edge.captured).toHaveLength(1);
    expect(edge.held).toEqual([]);
    await simulation.when('the till knows', () => tab.core.phase.value === 'locked');
  });

  it('keeps them for a manager if the till was revoked meanwhile', async () => {
    const { simulation, edge, tab } = await selling();
    edge.turn('off');
    put(tab);
    await tab.core.finalize(USD('10.00'));
    edge.revoked = true;
    edge.turn('on');
    await simulation.when('the edge keeps it', () => tab.core.queue.value.sales.length === 0);
    expect(edge.held).toHaveLength(1);
    expect(edge.captured).toEqual([]);
  });
});

describe('a sale that the edge does not take', () => {
  it.each([{ status: 500, code: 'internal' }, { status: 422, code: 'invalid_request' }, 'hang', 'lose request'] as const)(
    'blocks no other: %j',
    async (fate) => {
      const { simulation, edge, tab } = await selling();
      edge.turn('off');
      await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
      const tickets: string[] = [];
      for (let nth = 0; nth < 4; nth += 1) {
        put(tab);
        const sold = await tab.core.finalize(USD('10.00'));
        if (sold.ok) tickets.push(sold.value.ticketId);
      }
      edge.cursed.set(tickets[0] ?? '', fate);
      edge.cursed.set(tickets[2] ?? '', fate);
      edge.turn('on');
      await simulation.when('the others are there', () => edge.captured.length === 2);
      expect(edge.captured.map((one) => one.ticket)).toEqual([tickets[1], tickets[3]]);
      await simulation.when('they left the queue', () => tab.core.queue.value.sales.length === 2);
      edge.cursed.clear();
      tab.core.sendQueueNow();
      await simulation.when('all are there', () => tab.core.queue.value.sales.length === 0);
      expect(edge.captured.map((one) => one.ticket)).toEqual([tickets[1], tickets[3], tickets[0], tickets[2]]);
    },
  );

  it('is set aside for a person when it was refused, over a reload, and never deleted', async () => {
    const { simulation, edge, tab, device } = await selling();
    edge.turn('off');
    put(tab);
    const sold = await tab.core.finalize(USD('10.00'));
    const ticket = sold.ok ? sold.value.ticketId : '';
    edge.cursed.set(ticket, { status: 422, code: 'invalid_request' });
    edge.turn('on');
    await simulation.when('it is set aside', () => tab.core.queue.value.setAside === 1);
    tab.kill();
    const again = await device.open();
    await simulation.pass(30 * 60_000);
    expect(again.core.queue.value.sales).toMatchObject([{ ticketId: ticket, state: 'set_aside', problem: { code: 'invalid_request' } }]);
    expect(await again.core.openReceipt(ticket)).toMatchObject({ ok: true, value: { source: 'device' } });
  });
});

describe('a tab that dies', () => {
  const steps: readonly Step[] = ['lock', 'before post', 'after post', 'told'];

  it.each(steps)('amid a sale loses and doubles nothing: at "%s"', async (step) => {
    const { simulation, edge, tab, device } = await selling();
    put(tab);
    await simulation.settle();
    tab.die(step);
    void tab.core.finalize(USD('10.00'));
    await simulation.when('it is dead', () => tab.dead);
    const again = await device.open();
    if (step === 'lock') {
      // Nothing was stored: the cart is there, and can be sold.
      await simulation.when('the session is there', () => again.core.selling.value.can);
      expect(again.core.cart.value.itemCount).toBe(3);
      expect(await again.core.finalize(USD('10.00'))).toMatchObject({ ok: true });
    }
    await simulation.when('nothing waits', () => again.core.queue.value.sales.length === 0);
    await simulation.when('it is sold', () => edge.captured.length > 0);
    await simulation.settle();
    expect(edge.captured).toHaveLength(1);
    expect(again.core.cart.value.lines).toEqual([]);
    expect(again.core.selling.value.can).toBe(true);
    expect(new Set(edge.posts.map((one) => one.body)).size).toBe(1);
  });

  it.each(['before post', 'after post', 'told'] as const)('amid the sending of its queue loses and doubles nothing: at "%s"', async (step) => {
    const { simulation, edge, tab, device } = await selling();
    edge.turn('off');
    for (let nth = 0; nth < 3; nth += 1) {
      put(tab);
      await tab.core.finalize(USD('10.00'));
    }
    await simulation.settle();
    tab.die(step);
    edge.turn('on');
    await simulation.when('it is dead', () => tab.dead);
    const again = await device.open();
    await simulation.when('nothing waits', () => again.core.queue.value.sales.length === 0);
    expect(edge.captured).toHaveLength(3);
    expect(new Set(edge.captured.map((one) => one.ticket)).size).toBe(3);
  });

  it('shows the receipt of the sale that it was cut off in', async () => {
    const { simulation, edge, tab, device } = await selling();
    put(tab);
    await simulation.settle();
    tab.die('before post');
    void tab.core.finalize(USD('10.00'));
    await simulation.when('it is dead', () => tab.dead);
    edge.turn('off');
    const again = await device.open();
    await simulation.when('the receipt is shown', () => again.core.receipt.value !== null);
    expect(again.core.receipt.value?.payment.received).toBe('10.00');
    expect(again.core.queue.value.waiting).toBe(1);
  });
});

describe('two tabs', () => {
  it('sell one cart once', async () => {
    const { simulation, edge, tab, device } = await selling();
    const other = await device.open();
    await simulation.when('it has the session', () => other.core.selling.value.can);
    put(tab);
    await simulation.when('the other tab shows the cart', () => other.core.cart.value.itemCount === 3);
    const both = await Promise.all([tab.core.finalize(USD('10.00')), other.core.finalize(USD('10.00'))]);
    expect(both.filter((one) => one.ok)).toHaveLength(1);
    expect(both.find((one) => !one.ok)).toMatchObject({ problem: { code: 'another_tab' } });
    await simulation.settle();
    expect(edge.captured).toHaveLength(1);
    expect(tab.core.cart.value.lines).toEqual([]);
    expect(other.core.cart.value.lines).toEqual([]);
  });

  it('send their sales by one of them, and by the other when that one dies', async () => {
    const { simulation, edge, tab, device } = await selling();
    const other = await device.open();
    await simulation.when('it has the session', () => other.core.selling.value.can);
    edge.turn('off');
    await simulation.when('both know', () => !tab.core.edgeLink.value.reachable && !other.core.edgeLink.value.reachable);
    put(tab);
    expect((await tab.core.finalize(USD('10.00'))).ok).toBe(true);
    await simulation.settle();
    put(other);
    expect((await other.core.finalize(USD('10.00'))).ok).toBe(true);
    await simulation.when('both show two', () => tab.core.queue.value.waiting === 2 && other.core.queue.value.waiting === 2);
    tab.kill();
    edge.turn('on');
    await simulation.when('the edge has both', () => other.core.queue.value.waiting === 0);
    expect(edge.captured).toHaveLength(2);
    expect(edge.posts).toHaveLength(2);
  });

  it('finish a sale that one of them died in', async () => {
    const { simulation, edge, tab, device } = await selling();
    const other = await device.open();
    await simulation.when('it has the session', () => other.core.selling.value.can);
    put(tab);
    await simulation.settle();
    tab.die('after post');
    void tab.core.finalize(USD('10.00'));
    await simulation.when('it is dead', () => tab.dead);
    other.wakeUp();
    const third = await device.open();
    await simulation.when('nothing waits', () => third.core.queue.value.sales.length === 0);
    await simulation.settle();
    expect(edge.captured).toHaveLength(1);
    expect(other.core.queue.value.sales).toEqual([]);
    expect(other.core.cart.value.lines).toEqual([]);
  });
});
