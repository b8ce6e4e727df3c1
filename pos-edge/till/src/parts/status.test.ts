import { describe, expect, it } from 'vitest';
import type { LinkState, QueueView, StorageLevel, SyncStatus } from '../core';
import { en } from '../i18n/en';
import { status, unconfirmed, type Known } from './status';

const NINE = new Date(2026, 10, 21, 9, 0).toISOString();
const TEN = new Date(2026, 10, 21, 10, 0).toISOString();

interface Case {
  away?: boolean;
  waiting?: number;
  setAside?: number;
  line?: LinkState;
  captured?: number;
  confirmed?: number;
  level?: StorageLevel;
}

function known({ away = false, waiting = 0, setAside = 0, line = 'up', captured = 5, confirmed = 5, level = 'ok' }: Case): Known {
  const queue: QueueView = { sales: [], waiting, setAside, oldestAt: waiting > 0 ? TEN : null, unreadable: 0 };
  const sync = { link: line, captured, confirmed, oldestUnconfirmedAt: captured > confirmed ? TEN : null };
  return {
    link: { reachable: !away, since: NINE },
    queue,
    sync: sync as SyncStatus,
    room: { device: null, edge: { level, ticketsLeft: 1, freeBytes: 1 } },
  };
}

describe('the line of status', () => {
  it.each<[string, Case, string, string]>([
    ['all is well', {}, 'good', 'All sales are in the books'],
    ['some are on the way', { captured: 7 }, 'good', '2 sales on the way to the books'],
    ['the line is down', { line: 'down' }, 'calm', 'No line. Selling goes on.'],
    ['the line is down and sales wait', { line: 'down', captured: 6 }, 'calm', 'No line since 10:00. 1 sale safe in the store.'],
    ['the line comes back', { line: 'recovering', captured: 6 }, 'calm', 'No line since 10:00. 1 sale safe in the store.'],
    ['the line is unstable', { line: 'unstable' }, 'good', 'All sales are in the books'],
    ['the box is away', { away: true, line: 'down' }, 'calm', 'No store box since 09:00. Cash goes on.'],
    ['the box is away and sales wait', { away: true, waiting: 2 }, 'calm', 'No store box since 10:00. 2 sales safe here.'],
    ['sales go to the box', { waiting: 1 }, 'calm', '1 sale going to the store box'],
    ['a sale needs a manager', { setAside: 1, waiting: 3 }, 'person', '1 sale needs a manager'],
    ['room is scarce, line or not', { level: 'low', line: 'down' }, 'person', 'Little room left'],
  ])('when %s', (_when, state, tone, text) => expect(status(known(state), en.status)).toEqual({ tone, text }));

  it('is never an alarm for what is away', () => {
    for (const line of ['up', 'unstable', 'down', 'recovering'] as const) {
      for (const waiting of [0, 3]) {
        expect(status(known({ away: true, line, waiting, captured: 9 }), en.status).tone).toBe('calm');
      }
    }
  });

  it('counts no sale that the books have', () => {
    expect([unconfirmed(null), unconfirmed(known({ captured: 7 }).sync)]).toEqual([0, 2]);
  });
});
