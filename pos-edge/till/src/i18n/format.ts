/**
 * How figures and moments are written. Figures come as decimal strings and stay
 * strings: they are cut and grouped, never turned into a floating number. Both
 * languages group by comma and part by a point, with the digits that are on
 * banknotes and printed receipts.
 */
import type { Language } from './language';

export type Money = 'USD' | 'KHR';

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
const MINUS = '\u2212';

/** `1234.5` → `1,234.50`; figures that are no decimals are shown as they came. */
export function decimal(figure: string, places: number): string {
  const parts = DECIMAL.exec(figure.trim());
  if (!parts) return figure;
  const [, sign = '', whole = '', rest = ''] = parts;
  const grouped = whole.replace(/^0+(?=\d)/, '').replace(/\B(?=(\d{3})+$)/g, ',');
  const shown = rest.replace(/0+$/, '').padEnd(places, '0');
  const minus = sign && /[1-9]/.test(whole + rest) ? MINUS : '';
  return minus + grouped + (shown ? `.${shown}` : '');
}

/** `12.5` → `$12.50`, `-1.2` → `−$1.20`. */
export function usd(figure: string): string {
  const text = decimal(figure, 2);
  return text.startsWith(MINUS) ? `${MINUS}$${text.slice(1)}` : `$${text}`;
}

/** `50300` → `50,300 ៛`. */
export function khr(figure: string): string {
  return `${decimal(figure, 0)}\u00a0៛`;
}

export function money(figure: string, currency: Money): string {
  return currency === 'USD' ? usd(figure) : khr(figure);
}

/** Whether a decimal string is zero. What is no decimal is not. */
export function isZero(figure: string): boolean {
  return DECIMAL.test(figure.trim()) && !/[1-9]/.test(figure);
}

export function isNegative(figure: string): boolean {
  return figure.trim().startsWith('-') && !isZero(figure);
}

/** `-3` → `3`. */
export function unsigned(figure: string): string {
  return figure.trim().replace(/^-/, '');
}

/** The other sign: what is taken off is stored as what it comes to. */
export function negated(figure: string): string {
  if (isZero(figure)) return figure;
  return isNegative(figure) ? unsigned(figure) : `-${figure.trim()}`;
}

/** A count of things: `1200` → `1,200`. */
export function count(n: number): string {
  return decimal(String(Math.trunc(n)), 0);
}

/** Bytes, roughly, as people say them. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let shown = Math.max(0, n);
  let unit = 0;
  while (shown >= 1000 && unit < units.length - 1) {
    shown /= 1000;
    unit += 1;
  }
  const digits = shown < 10 && unit > 0 ? 1 : 0;
  return `${shown.toFixed(digits)}\u00a0${units[unit] ?? ''}`;
}

// Browsers do not bring Khmer dates: the names of months are here.
const MONTHS: Record<Language, readonly string[]> = {
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  km: [
    'មករា', 'កុម្ភៈ', 'មីនា', 'មេសា', 'ឧសភា', 'មិថុនា',
    'កក្កដា', 'សីហា', 'កញ្ញា', 'តុលា', 'វិច្ឆិកា', 'ធ្នូ',
  ],
};

const two = (n: number) => String(n).padStart(2, '0');

/** `09:41`, in the device's zone; what is no moment is shown as it came. */
export function clock(at: string): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** `21 Nov, 09:41` */
export function dateAndTime(at: string, language: Language): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  return `${moment.getDate()} ${MONTHS[language][moment.getMonth()] ?? ''}, ${clock(at)}`;
}

/** `09:41` today, else `21 Nov, 09:41`. */
export function when(at: string, language: Language, now: Date = new Date()): string {
  const today = new Date(at).toDateString() === now.toDateString();
  return today ? clock(at) : dateAndTime(at, language);
}

/** The end of a ticket's id, by which people tell tickets apart; the whole is in its title. */
export function shortTicket(ticket: string): string {
  const tail = ticket.split('-').at(-1) ?? ticket;
  return tail.slice(-6).toUpperCase();
}

/** The end of an id, for people, as orders are called out. */
export function shortId(id: string): string {
  return id.replaceAll('-', '').slice(-4).toUpperCase();
}
