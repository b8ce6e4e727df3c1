// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { go, readRoute, route, writeRoute, type Route } from './route';

describe('the address', () => {
  it.each<[string, Route]>([
    ['#/orders', { section: 'orders', side: { open: 'none' } }],
    ['#/sell/pay', { section: 'sell', side: { open: 'pay' } }],
    ['#/history/receipt/till-1-ab%2Fc', { section: 'history', side: { open: 'receipt', ticket: 'till-1-ab/c' } }],
  ])('%s is read and written the same', (hash, route) => {
    expect(readRoute(hash)).toEqual(route);
    expect(writeRoute(route)).toBe(hash);
  });

  it('that is none is the menu', () => {
    for (const hash of ['', '#', '#/nowhere', '#/orders/pay', '#/history/receipt/']) {
      expect(readRoute(hash).side).toEqual({ open: 'none' });
    }
    expect(readRoute('#/nowhere').section).toBe('sell');
    expect(readRoute('#/sell/receipt/%E0%A4%A').side).toEqual({ open: 'receipt', ticket: '%E0%A4%A' });
  });

  it('follows at once, and can be replaced', () => {
    go('history');
    expect(route.value.section).toBe('history');
    const before = history.length;
    go('drawer', { open: 'none' }, true);
    expect([route.value.section, location.hash, history.length]).toEqual(['drawer', '#/drawer', before]);
  });
});
