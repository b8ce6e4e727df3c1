// Random days (TILL_DAYS of them): tabs that open, sell and die at any step, an edge that comes and goes,
// loses, doubles, hangs and fails. Whatever happens, at the end the edge has every sale
// whose receipt somebody saw, each once, and no cart was sold twice. A seed repeats its
// day: TILL_SEED=… runs that one only.
import { afterEach, expect, it } from 'vitest';
import type { Step, Tab } from '../testing/device';
import type { Fate } from '../testing/edge';
import { closeShops, put, sellingShop, USD } from '../testing/shop';
import type { Finalized, Result } from '../types';

afterEach(closeShops);

const STEPS = 40;
const FATES: readonly Fate[] = [
  'lose request', 'lose answer', 'twice', 'hang', 'another page',
  { status: 500, code: 'internal' }, { status: 503, code: 'too_busy' }, { status: 409, code: 'figures_changed' },
];
const DEATHS: readonly Step[] = ['lock', 'before post', 'after post', 'told'];

/** Mulberry32. */
function randomness(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function storm(seed: number): Promise<{ sold: number; captured: number }> {
  const below = randomness(seed);
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const shop = await sellingShop();
  const { simulation, edge, device } = shop;
  const seen = new Set<string>();
  const living = () => device.tabs.filter((tab) => !tab.dead);

  function watch(tab: Tab, selling: Promise<Result<Finalized>>): () => boolean {
    let over = false;
    void selling.then((sold) => {
      over = true;
      if (sold.ok) seen.add(sold.value.ticketId);
    });
    return () => over || tab.dead;
  }

  for (let step = 0; step < STEPS; step += 1) {
    // The last one may have died a moment after its sale.
    if (living().length === 0) await device.open();
    const tab = one(living());
    switch (below(10)) {
      case 0:
        if (living().length < 3) await device.open();
        break;
      case 1:
        tab.kill();
        break;
      case 2:
        edge.turn(one(['on', 'on', 'off', 'hangs'] as const));
        break;
      case 3:
        await simulation.pass(below(90_000));
        break;
      case 4:
        edge.fates.push(one(FATES));
        break;
      default: {
        if (!tab.core.selling.value.can) {
          await simulation.settle();
          break;
        }
        if (tab.core.cart.value.lines.length === 0) put(tab);
        if (below(5) === 0) tab.die(one(DEATHS));
        // Now and then two tabs tap at once.
        const others = living().filter((other) => other !== tab && below(4) === 0);
        const all = [tab, ...others].map((who) => watch(who, who.core.finalize(USD('10.00'))));
        await simulation.when(`sale ${step} is over`, () => all.every((over) => over()));
      }
    }
  }
  // The storm is over.
  edge.fates.length = 0;
  edge.turn('on');
  const last = await device.open();
  await simulation.when('nothing is on the device', () => {
    if (last.core.queue.value.setAside > 0) last.core.sendQueueNow();
    return last.core.queue.value.sales.length === 0;
  });
  await simulation.settle();
  const tickets = edge.captured.map((sale) => sale.ticket);
  const carts = edge.captured.map((sale) => JSON.parse(sale.body).draft_id as string);
  expect(new Set(tickets).size, 'each ticket once').toBe(tickets.length);
  expect(new Set(carts).size, 'each cart once').toBe(carts.length);
  for (const ticket of seen) expect(tickets, 'what was seen is there').toContain(ticket);
  for (const ticket of tickets) {
    const bodies = edge.posts.filter((post) => post.ticket === ticket).map((post) => post.body);
    expect(new Set(bodies).size, 'always the same bytes').toBe(1);
  }
  expect(last.core.cart.value.lines.length === 0 || last.core.selling.value.can).toBe(true);
  return { sold: seen.size, captured: tickets.length };
}

const only = process.env['TILL_SEED'];
const days = Number(process.env['TILL_DAYS'] ?? 30);
const seeds = only ? [Number(only)] : Array.from({ length: days }, (_, index) => index + 1);

it('loses and doubles nothing in random days', async () => {
  let sold = 0;
  for (const seed of seeds) {
    try {
      sold += (await storm(seed)).sold;
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    closeShops();
  }
  // A storm in which nothing is sold would show nothing.
  expect(sold).toBeGreaterThan(seeds.length * 5);
}, 60_000 + seeds.length * 2_000);
