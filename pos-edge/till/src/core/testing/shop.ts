// A shop that sells: an edge, a device that is paired, somebody logged in with an open
// session, and the stream open.
import { expect } from 'vitest';
import { Device, type Tab } from './device';
import { CODE, DEVICE, FakeEdge, LATTE, OAT_MILK, PIN, SOKHA, WATER } from './edge';
import { Simulation } from './simulation';

export interface Shop {
  readonly simulation: Simulation;
  readonly edge: FakeEdge;
  readonly device: Device;
  readonly tab: Tab;
}

export const USD = (amount: string) => ({ method: 'CASH', received: { amount, currency: 'USD' } }) as const;

const shops: Shop[] = [];

export async function pairedShop(kind: 'plain' | 'taxed' | 'discounted' = 'taxed'): Promise<Shop> {
  const simulation = new Simulation();
  const edge = new FakeEdge(simulation, kind);
  const device = new Device(simulation, edge);
  const tab = await device.open();
  const shop = { simulation, edge, device, tab };
  shops.push(shop);
  expect(tab.core.phase.value).toBe('unpaired');
  expect(await tab.core.pair(DEVICE, CODE)).toMatchObject({ ok: true });
  await simulation.when('the menu is there', () => tab.core.catalogue.value !== null);
  return shop;
}

export async function sellingShop(kind: 'plain' | 'taxed' | 'discounted' = 'taxed'): Promise<Shop> {
  const shop = await pairedShop(kind);
  const { simulation, edge, tab } = shop;
  expect(await tab.core.logIn(SOKHA, PIN)).toMatchObject({ ok: true, value: { name: 'Sokha' } });
  expect(await tab.core.openSession('20.00', '100000')).toMatchObject({ ok: true });
  await simulation.when('the stream is open', () => edge.watching === 1 && tab.core.selling.value.can);
  return shop;
}

/** One latte with oat milk and two waters. */
export function put(tab: Tab): void {
  expect(tab.core.addToCart(LATTE, [OAT_MILK])).toMatchObject({ ok: true });
  expect(tab.core.addToCart(WATER, [], 2)).toMatchObject({ ok: true });
}

/** Sells for cash; the ticket. */
export async function sell({ simulation }: Shop, tab: Tab): Promise<string> {
  put(tab);
  const before = tab.core.receipt.value?.ticketId;
  const finalizing = tab.core.finalize(USD('10.00'));
  await simulation.when('the receipt is there', () => (tab.core.receipt.value?.ticketId ?? before) !== before);
  const sold = await finalizing;
  expect(sold).toMatchObject({ ok: true });
  return sold.ok ? sold.value.ticketId : '';
}

export function closeShops(): void {
  for (const { device } of shops.splice(0)) for (const tab of device.tabs) tab.close();
}
