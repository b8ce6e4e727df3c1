/** Puts something into the cart and tells it to readers. */
import { addToCart, type MenuItem } from '../core';
import { words } from '../i18n/language';
import { told } from '../parts/act';
import { announce } from '../parts/live';

export function put(item: MenuItem, addOns: readonly string[] = [], quantity = 1): boolean {
  const result = addToCart(item.menu_item_id, addOns, quantity);
  announce(result.ok ? words.value.cart.added(item.name) : told(result.problem));
  return result.ok;
}
