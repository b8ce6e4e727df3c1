/**
 * Every screen in English and Khmer, on a phone and on a tablet: axe finds nothing,
 * nothing is wider than the screen, and a picture is kept in `artefacts/`.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch } from './browser';
import { Stage, type Person } from './stage';
import { PHONE, TABLET, Till } from './till';

const PICTURES = fileURLToPath(new URL('../artefacts', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const KINDS = [
  { name: 'phone-en', size: PHONE, language: 'en', device: 'Counter 1', person: 'Sophea' },
  { name: 'phone-km', size: PHONE, language: 'km', device: 'Counter 2', person: 'Dara' },
  { name: 'tablet-en', size: TABLET, language: 'en', device: 'Terrace tablet', person: 'Chantrea' },
  { name: 'tablet-km', size: TABLET, language: 'km', device: 'Garden tablet', person: 'Vuthy' },
] as const;

let stage: Stage;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  [stage, browser] = await Promise.all([Stage.start(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await stage?.end();
});

describe.each(KINDS)('$name', ({ name, size, language, device, person }) => {
  let till: Till;
  let nth = 0;

  /** Looks at what is shown now. */
  async function look(screen: string): Promise<void> {
    nth += 1;
    await till.page.waitForFunction(() =>
      document.getAnimations().every((one) => one.playState !== 'running' || one.effect?.getTiming().iterations === Infinity),
    );
    const path = `${PICTURES}/${name}-${String(nth).padStart(2, '0')}-${screen}.png`;
    await till.page.screenshot({ path });
    const wide = await till.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide, `${screen} is wider than the screen`).toBeLessThanOrEqual(0);
    // As an expression: the page's own policy forbids scripts that are not its own.
    await till.page.evaluate(`if (!('axe' in globalThis)) { ${AXE} }`);
    const results = await till.page.evaluate<AxeResults>(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    const found = results.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
    expect(found, screen).toEqual([]);
    expect(results.passes.length).toBeGreaterThan(5);
  }

  test('before anybody sells', async () => {
    till = await Till.unpaired(browser, stage, { size, language });
    expect(await till.page.getAttribute('html', 'lang')).toBe(language);
    await look('pair');
    await till.pair(device);
    await look('login');
    await till.tap('staff', { staff: someone().staff_id });
    await till.sees('pin');
    await look('pin');
    await till.tap('pin-back');
    await till.logIn(someone());
    await till.sees('why-not');
    await look('menu-closed');
    await till.go('drawer');
    await look('drawer-closed');
  });

  test('a sale', async () => {
    await till.openDrawer();
    await look('menu');
    const options = till.at('item-options').first();
    await options.click();
    await till.sees('add-ons');
    await look('add-ons');
    await till.at('add-on').first().check();
    await till.tap('add-ons-add');
    await till.unseen('add-ons');
    await till.add('Butter croissant', 'Iced latte');
    if (await till.at('open-cart').isVisible()) await till.tap('open-cart');
    await look('cart');
    await till.tap('pay');
    await look('pay-usd');
    await till.choose('way-KHR');
    await look('pay-khr');
    await till.choose('way-KHQR');
    await till.tap('khqr-make');
    await till.sees('khqr-code');
    await look('khqr');
    await till.choose('way-USD');
    await till.at('quick-amount').nth(1).click();
    await till.tap('finalize');
    await till.sold();
    await look('sold');
    await till.tap('void-request');
    await till.sees('void-form');
    await look('void-form');
    await till.at('reason').fill('wrong drink');
    await till.tap('reason-go');
    await till.unseen('void-form');
  });

  test('the other screens', async () => {
    for (const section of ['orders', 'history', 'voids'] as const) {
      await till.go(section);
      if (section === 'history') await till.at('history-row').first().waitFor();
      if (section === 'voids') await till.sees('void');
      await look(section);
    }
    await till.tap('open-notes');
    await till.sees('screen-notes');
    await look('notes');
    await till.tap('open-person');
    await till.sees('screen-sync');
    await look('sync');
    await till.go('drawer');
    await till.tap('x-report');
    await till.sees('x-shown');
    await look('x-report');
    await till.tap('move-cash');
    await look('drawer-open');
  });

  test('without the edge, and in the evening', async () => {
    await till.context.setOffline(true);
    await till.sell('Milk tea');
    await till.at('status', { tone: 'calm' }).waitFor();
    await look('menu-offline');
    await till.keeps(1);
    await look('sync-offline');
    await till.context.setOffline(false);
    await till.keeps(0);
    await till.closeDrawer('50', '100000');
    await look('z-report');
    expect(till.errors).toEqual([]);
    await till.close();
  });

  function someone(): Person {
    return stage.person(person);
  }
});
