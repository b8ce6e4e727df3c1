import { describe, expect, it } from 'vitest';
import { bytes, clock, count, decimal, isNegative, isZero, khr, money, negated, usd, when } from './format';

describe('figures', () => {
  it.each([
    ['0', '$0.00'],
    ['12.5', '$12.50'],
    ['12.50', '$12.50'],
    ['1234567.8', '$1,234,567.80'],
    ['-1.2', '−$1.20'],
    ['-0.00', '$0.00'],
    ['0.125', '$0.125'],
    ['79228162514264337593543950335', '$79,228,162,514,264,337,593,543,950,335.00'],
  ])('%s dollars are %s', (figure, text) => expect(usd(figure)).toBe(text));

  it.each([
    ['50300', '50,300\u00a0៛'],
    ['50300.00', '50,300\u00a0៛'],
    ['-7', '−7\u00a0៛'],
    ['0', '0\u00a0៛'],
  ])('%s riel are %s', (figure, text) => expect(khr(figure)).toBe(text));

  it('names the currency by its sign', () => {
    expect(money('3', 'USD')).toBe('$3.00');
    expect(money('3', 'KHR')).toBe('3\u00a0៛');
  });

  it('shows what is no decimal as it came', () => {
    expect(decimal('NaN', 2)).toBe('NaN');
    expect(decimal('', 2)).toBe('');
    expect(decimal('1e5', 2)).toBe('1e5');
  });

  it('keeps every digit that binary fractions would lose', () => {
    expect(decimal('0.1', 0)).toBe('0.1');
    expect(decimal('9007199254740993', 0)).toBe('9,007,199,254,740,993');
    expect(decimal('10', 0)).toBe('10');
    expect(decimal('100.10', 0)).toBe('100.1');
  });

  it('knows signs without arithmetic', () => {
    expect([isZero('0.00'), isZero('-0'), isZero('0.01'), isZero('x')]).toEqual([true, true, false, false]);
    expect([isNegative('-0.01'), isNegative('-0'), isNegative('1')]).toEqual([true, false, false]);
    expect([negated('1.2'), negated('-1.2'), negated('0')]).toEqual(['-1.2', '1.2', '0']);
  });

  it('groups counts and rounds bytes', () => {
    expect(count(12345)).toBe('12,345');
    expect([bytes(0), bytes(999), bytes(1500), bytes(123_456_789)]).toEqual([
      '0\u00a0B',
      '999\u00a0B',
      '1.5\u00a0kB',
      '123\u00a0MB',
    ]);
  });
});

describe('moments', () => {
  const at = new Date(2026, 10, 21, 9, 41).toISOString();

  it('are a time today and a date on other days', () => {
    expect(clock(at)).toBe('09:41');
    expect(when(at, 'en', new Date(2026, 10, 21, 23, 0))).toBe('09:41');
    expect(when(at, 'en', new Date(2026, 10, 22, 0, 1))).toBe('21 Nov, 09:41');
  });

  it('are in the language of the person', () => {
    expect(when(at, 'km', new Date(2026, 10, 22))).toMatch(/វិច្ឆិកា/);
  });

  it('that are none are shown as they came', () => expect(when('soon', 'en')).toBe('soon'));
});
