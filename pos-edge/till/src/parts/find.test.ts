import { describe, expect, it } from 'vitest';
import { finds, plain } from './find';

const found = (question: string, name: string) => finds(plain(question))(plain(name));

describe('a search', () => {
  it.each([
    ['cafe', 'Café latte', true],
    ['LATTE ca', 'Café latte', true],
    ['latte tea', 'Café latte', false],
    ['ឡាតេ', 'Latte · ឡាតេ', true],
    ['ឡាតា', 'Latte · ឡាតេ', false],
    ['', 'Café latte', true],
  ])('for “%s” in “%s”: %s', (question, name, is) => expect(found(question, name)).toBe(is));

  it('takes no sign off a Khmer letter', () => expect(plain('កាហ្វេ')).toBe('កាហ្វេ'));
});
