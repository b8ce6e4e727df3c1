import { describe, expect, it } from 'vitest';
import { EDGE_CODES } from '../core/api/codes';
import { TILL_CODES } from '../core/types';
import { en } from './en';
import { km } from './km';

type Leaf = { path: string; value: unknown };

/** All words, with functions called on samples of what they are given. */
function leaves(node: unknown, path = ''): Leaf[] {
  if (typeof node === 'function') {
    return [{ path, value: (node as (...given: unknown[]) => unknown)(2, 'second') }];
  }
  if (typeof node === 'object' && node !== null) {
    return Object.entries(node).flatMap(([key, value]) => leaves(value, `${path}.${key}`));
  }
  return [{ path, value: node }];
}

// Names that are the same in both languages, or name the other one.
const SHARED = new Set(['.pay.khqr', '.receipt.methods.KHQR', '.totals.rate', '.cart.quantity']);

describe('words', () => {
  it('are there in both languages, under the same keys, and none is empty', () => {
    const english = leaves(en);
    const khmer = leaves(km);
    expect(khmer.map((leaf) => leaf.path)).toEqual(english.map((leaf) => leaf.path));
    for (const leaf of [...english, ...khmer]) expect(leaf.value, leaf.path).toMatch(/\S/);
  });

  it('are Khmer in Khmer', () => {
    for (const leaf of leaves(km)) {
      if (SHARED.has(leaf.path) || leaf.path.startsWith('.app.other')) continue;
      expect(leaf.value, leaf.path).toMatch(/[\u1780-\u17ff]/);
    }
  });

  it('say what each refusal of the till itself means, and name only codes that exist', () => {
    expect(Object.keys(en.problems)).toEqual(expect.arrayContaining([...TILL_CODES]));
    const known = new Set<string>([...EDGE_CODES, ...TILL_CODES]);
    for (const code of Object.keys(en.problems)) expect(known, code).toContain(code);
  });

  it('count one thing as one', () => {
    expect(en.cart.items(1)).toBe('1 item');
    expect(en.cart.items(2)).toBe('2 items');
  });
});
