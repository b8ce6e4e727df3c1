import { describe, expect, it } from 'vitest';
import { amountOf, entered, typed, type PadKey } from './amount';

const type = (keys: string, currency: 'USD' | 'KHR', from = '') =>
  keys.split(' ').reduce((text, key) => typed(text, key as PadKey, currency), from);

describe('a pad', () => {
  it.each([
    ['1 2 . 5 0', 'USD', '12.50'],
    ['. 5', 'USD', '0.5'],
    ['1 . . 5', 'USD', '1.5'],
    ['1 . 2 3 4', 'USD', '1.23'],
    ['0 0 7', 'USD', '7'],
    ['5 000', 'KHR', '5000'],
    ['5 . 5', 'KHR', '55'],
    ['000', 'KHR', '0'],
    ['1 2 erase', 'KHR', '1'],
    ['1 2 clear 3', 'KHR', '3'],
    ['erase', 'USD', ''],
  ] as const)('%s in %s is %s', (keys, currency, text) => expect(type(keys, currency)).toBe(text));

  it('takes no more digits than money has', () => {
    expect(type('9 '.repeat(20).trim(), 'KHR')).toBe('9'.repeat(12));
  });

  it('reads what people type, and nothing else', () => {
    expect(entered('1,234.5', 'USD')).toBe('1234.5');
    expect(entered('50 000', 'KHR')).toBe('50000');
    for (const text of ['1e3', '-1', '1.234', 'x']) expect(entered(text, 'USD')).toBeNull();
    expect(entered('1.5', 'KHR')).toBeNull();
  });

  it('gives the edge a decimal', () => {
    expect(['', '12.', '.5', '0.50'].map(amountOf)).toEqual(['0', '12', '0.5', '0.50']);
  });
});
