/**
 * A sale without a finger or a mouse: everything is reached by keys, and the focus is
 * never lost. What the focus is on is asked of the page, as a screen reader would.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage } from './stage';
import { Till } from './till';

let stage: Stage;
let browser: Browser;
let till: Till;

const press = async (...keys: string[]) => {
  for (const key of keys) await till.page.keyboard.press(key);
};
const type = (text: string) => till.page.keyboard.type(text);

/** Waits until what has the focus is this. */
async function focusIsOn(selector: string): Promise<void> {
  await till.page.locator(`${selector}:focus`).waitFor();
}

const item = (name: string) => `[data-testid="item"]:has-text("${name}")`;

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
  till = await Till.paired(browser, stage, 'Counter 1');
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

test('somebody logs in and opens the drawer', async () => {
  const { staff_id, pin } = stage.person('Sophea');
  await till.sees('staff');
  await till.at('staff', { staff: staff_id }).focus();
  await press('Enter');
  await till.sees('pin');
  await type(pin);
  await press('Enter');
  await till.sees('why-not');
  // The tiles can be read, and say why nothing is added.
  const tile = till.at('item').first();
  expect(await tile.getAttribute('aria-disabled')).toBe('true');
  expect(await tile.getAttribute('aria-describedby')).toBe('why-not');
  await tile.focus();
  await press('Enter');
  await focusIsOn('#why-not');
  await press('Tab', 'Enter');
  await focusIsOn('#drawer-title');
  await press('Tab');
  await type('50');
  await press('Tab');
  await type('100000');
  await press('Enter');
  await till.sees('screen-sell');
  await till.unseen('why-not');
});

test('the menu is searched and walked through', async () => {
  await press('/');
  await focusIsOn('[data-testid="search"]');
  await type('cafe lat');
  await press('ArrowDown');
  await focusIsOn(item('Café latte'));
  await press('Enter');
  await till.at('cart-line').waitFor();
  await press('/', 'Escape', 'ArrowDown', 'Home');
  const first = await till.at('item').first().innerText();
  await press('ArrowRight', 'ArrowDown', 'ArrowUp', 'ArrowLeft');
  expect(await till.page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText)).toBe(first);
  expect(await till.page.locator('.tile[tabindex="0"]').count()).toBe(1);
});

test('add-ons are chosen, and the focus comes back', async () => {
  await press('+');
  await till.sees('add-ons');
  await focusIsOn('[data-testid="add-ons-add"]');
  await press('Shift+Tab', 'Shift+Tab');
  await focusIsOn('[data-testid="add-on"]');
  await press('Space', 'Tab', 'Tab', 'Enter');
  await till.unseen('add-ons');
  expect(await till.at('cart-line').count()).toBe(2);
  await focusIsOn('.tile');
  await press('+', 'Escape');
  await till.unseen('add-ons');
  await focusIsOn('.tile');
});

test('it is paid, and the next sale begins', async () => {
  await press('Control+Enter');
  await till.sees('payment');
  await focusIsOn('#side-title');
  await press('Escape');
  await till.sees('cart');
  await press('Control+Enter');
  await till.sees('payment');
  await type('50');
  expect(await till.text('received')).toBe('$50.00');
  await press('Enter');
  const { queued } = await till.sold();
  expect(queued).toBe(false);
  await focusIsOn('[data-testid="new-sale"]');
  await press('Enter');
  await till.sees('cart');
  await focusIsOn('.tile');
});

test('a receipt is opened from the history, and left', async () => {
  await till.go('history');
  await till.at('history-open').first().focus();
  await press('Enter');
  await till.sees('slip');
  await focusIsOn('#side-title');
  await press('Escape');
  await focusIsOn('[data-testid="history-open"]');
  expect(till.errors).toEqual([]);
});
