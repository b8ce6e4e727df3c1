/**
 * Where the page is: a section, and what is open beside it. It is kept in the
 * address, so that the device's back key, a reload and a bookmark do what people
 * expect. An address that is none is the menu.
 */
import { computed, signal } from '@preact/signals';

export const SECTIONS = ['sell', 'orders', 'history', 'voids', 'drawer', 'notes', 'sync'] as const;
export type Section = (typeof SECTIONS)[number];

/** What is open beside a section: on a phone it takes the whole screen. */
export type Side = { open: 'none' } | { open: 'cart' } | { open: 'pay' } | { open: 'receipt'; ticket: string };

export interface Route {
  section: Section;
  side: Side;
}

export function readRoute(hash: string): Route {
  const [, name = '', open = '', ticket = ''] = hash.replace(/^#/, '').split('/');
  const section = SECTIONS.find((known) => known === name) ?? 'sell';
  if (open === 'receipt' && ticket) {
    return { section, side: { open: 'receipt', ticket: decode(ticket) } };
  }
  if (section === 'sell' && (open === 'cart' || open === 'pay')) return { section, side: { open } };
  return { section, side: { open: 'none' } };
}

export function writeRoute({ section, side }: Route): string {
  if (side.open === 'none') return `#/${section}`;
  if (side.open === 'receipt') return `#/${section}/receipt/${encodeURIComponent(side.ticket)}`;
  return `#/${section}/${side.open}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const route = computed(() => readRoute(hash.value));

/** Goes there. `replace`: the back key does not come back to where we are. */
export function go(section: Section, side: Side = { open: 'none' }, replace = false): void {
  const to = writeRoute({ section, side });
  if (to === location.hash) return;
  if (replace) {
    history.replaceState(null, '', to);
    hash.value = to;
  } else {
    location.hash = to;
    hash.value = to;
  }
}

/** Opens something beside the section that is shown. */
export function beside(side: Side, replace = false): void {
  go(route.peek().section, side, replace);
}
