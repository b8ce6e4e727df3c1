/** Puts something into the cart and tells it to readers. A receipt beside it makes room for the cart. */
import { addToCart, type MenuItem } from '../core';
import { words } from '../i18n/language';
import { told } from '../parts/act';
import { announce } from '../parts/live';
import { beside, route } from '../route';

export function put(item: MenuItem, addOns: readonly string[] = [], quantity = 1): boolean {
  const result = addToCart(item.menu_item_id, addOns, quantity);
  if (result.ok && route.peek().side.open === 'receipt') beside({ open: 'none' }, true);
  announce(result.ok ? words.value.cart.added(item.name) : told(result.problem));
  return result.ok;
}
