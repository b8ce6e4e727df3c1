import { afterEach, describe, expect, it, vi } from 'vitest';
import { DEVICE, LATTE, PIN, SOKHA } from './testing/edge';
import { closeShops, pairedShop, sellingShop } from './testing/shop';

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
