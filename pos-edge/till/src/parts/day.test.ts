import { describe, expect, it } from 'vitest';
import { dayOf, localDay } from './day';

describe('a day', () => {
  it('is from its first moment to that of the next one, also at the end of a year', () => {
    const { from, until } = dayOf('2026-12-31');
    expect(from).toBe(new Date(2026, 11, 31).toISOString());
    expect(until).toBe(new Date(2027, 0, 1).toISOString());
  });

  it('is the same again from any of its moments', () => {
    for (const day of ['2026-01-01', '2026-02-28', '2026-11-21']) {
      const { from = '', until = '' } = dayOf(day);
      expect(localDay(from)).toBe(day);
      expect(localDay(new Date(new Date(until).getTime() - 1).toISOString())).toBe(day);
    }
  });

  it('that is none filters nothing', () => {
    for (const day of ['', '21.11.2026', '2026-11']) expect(dayOf(day)).toEqual({});
  });
});
