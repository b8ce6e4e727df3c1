/**
 * Typing an amount on a pad: text in, text out, never a number. Dollars have at most
 * two places, riel none; what would make it something else is not taken.
 */
import type { Money } from '../i18n/format';

export type PadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '00' | '000' | '.' | 'erase' | 'clear';

const MOST_DIGITS = 12;
const FORM: Record<Money, RegExp> = {
  USD: /^\d*(\.\d{0,2})?$/,
  KHR: /^\d*$/,
};

export function typed(text: string, key: PadKey, currency: Money): string {
  if (key === 'clear') return '';
  if (key === 'erase') return text.slice(0, -1);
  const next = text === '' && key === '.' ? '0.' : text + key;
  return entered(next, currency) ?? text;
}

/** What a person typed into a field: without spaces and grouping; `null` if it is no amount. */
export function entered(text: string, currency: Money): string | null {
  const plain = text.replace(/[\s,]/g, '');
  if (!FORM[currency].test(plain)) return null;
  if (plain.replace('.', '').length > MOST_DIGITS) return null;
  return plain.replace(/^0+(?=\d)/, '');
}

/** The decimal string that the edge takes: `12.` is `12`, `.5` is `0.5`, nothing is `0`. */
export function amountOf(text: string): string {
  const [whole = '', rest = ''] = text.split('.');
  return `${whole === '' ? '0' : whole}${rest === '' ? '' : `.${rest}`}`;
}

/** Which key of a keyboard is which of the pad. */
export function padKey(event: KeyboardEvent, currency: Money | 'PIN'): PadKey | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (/^[0-9]$/.test(event.key)) return event.key as PadKey;
  if (event.key === '.' || event.key === ',') return currency === 'USD' ? '.' : null;
  if (event.key === 'Backspace') return 'erase';
  if (event.key === 'Delete') return 'clear';
  return null;
}
