/**
 * A device as its cashier uses it: taps, and waiting for what is then seen. It reads
 * nothing but the page.
 */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { Person, Stage } from './stage';

export const TABLET = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** How long anything may take to be seen. */
const SEEN = 30_000;

export interface Sold {
  readonly ticket: string;
  /** Whether the edge could not be reached, and the device keeps it. */
  readonly queued: boolean;
}

export interface HistoryRow {
  readonly ticket: string;
  readonly status: string;
  readonly invoice: string;
}

export interface Options {
  readonly size?: { width: number; height: number };
  readonly language?: 'en' | 'km';
}

export class Till {
  /** What the page logged as errors; a test looks that there are none. */
  readonly errors: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly stage: Stage,
  ) {
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  /** A new device that is paired by its link. */
  static async paired(
    browser: Browser,
    stage: Stage,
    device: string,
    options: Options = {},
  ): Promise<Till> {
    const till = await Till.unpaired(browser, stage, options);
    await till.pair(device);
    return till;
  }

  /** A new device that has opened the page. */
  static async unpaired(
    browser: Browser,
    stage: Stage,
    { size = TABLET, language = 'en' }: Options = {},
  ): Promise<Till> {
    const context = await browser.newContext({
      viewport: size,
      hasTouch: size.width < 700,
      locale: language === 'km' ? 'km-KH' : 'en-GB',
      timezoneId: 'Asia/Phnom_Penh',
    });
    context.setDefaultTimeout(SEEN);
    const till = new Till(context, await context.newPage(), stage);
    await till.page.goto(till.edge);
    await till.sees('pair');
    return till;
  }

  /** Follows the link that pairs a till. */
  async pair(device: string): Promise<void> {
    const { device_id, code } = this.stage.device(device);
    await this.page.goto('about:blank');
    await this.page.goto(`${this.edge}/#pair=${device_id}/${code}`);
    await this.tap('pair-go');
    await this.sees('login');
  }

  get edge(): string {
    return this.stage.told.edge;
  }

  at(id: string, data: Record<string, string> = {}): Locator {
    const more = Object.entries(data).map(([name, value]) => `[data-${name}="${value}"]`);
    return this.page.locator(`[data-testid="${id}"]${more.join('')}`);
  }

  async tap(id: string, data: Record<string, string> = {}): Promise<void> {
    await this.at(id, data).first().click();
  }

  async choose(id: string): Promise<void> {
    await this.at(id).check({ force: true });
  }

  async sees(id: string, data: Record<string, string> = {}): Promise<Locator> {
    const place = this.at(id, data).first();
    await place.waitFor({ state: 'visible' });
    return place;
  }

  async unseen(id: string, data: Record<string, string> = {}): Promise<void> {
    await this.at(id, data).first().waitFor({ state: 'hidden' });
  }

  text(id: string): Promise<string> {
    return this.at(id).first().innerText();
  }

  // --- people and drawers ---

  async logIn({ staff_id, pin }: Person): Promise<void> {
    await this.tap('staff', { staff: staff_id });
    for (const digit of pin) await this.tap(`key-${digit}`);
    await this.tap('pin-go');
    await this.sees('phase-ready');
  }

  async logOut(): Promise<void> {
    await this.tap('open-person');
    await this.tap('log-out');
    await this.sees('login');
  }

  async openDrawer(usd = '50', khr = '100000'): Promise<void> {
    await this.go('drawer');
    await this.at('float-usd').fill(usd);
    await this.at('float-khr').fill(khr);
    await this.tap('open-session');
    await this.sees('screen-sell');
    await this.unseen('why-not');
  }

  /** Counts and closes: what is expected, unless told otherwise. */
  async closeDrawer(usd: string, khr: string): Promise<void> {
    await this.go('drawer');
    await this.at('counted-usd').fill(usd);
    await this.at('counted-khr').fill(khr);
    await this.tap('close-session');
    await this.tap('close-session');
    await this.sees('z-shown');
  }

  // --- selling ---

  async go(section: 'sell' | 'orders' | 'history' | 'voids' | 'drawer'): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = `#/${to}`;
    }, section);
    await this.sees(`screen-${section}`);
  }

  /** One tap on a tile of the menu. */
  async add(...names: string[]): Promise<void> {
    for (const name of names) await this.tile(name).click();
  }

  tile(name: string): Locator {
    const exact = new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
    return this.at('item').filter({ has: this.page.locator('.tile-name', { hasText: exact }) });
  }

  /** To where the cart is paid. */
  async toPay(): Promise<void> {
    // On a phone the cart is behind its bar; on a tablet it is beside the menu.
    const way = this.page.locator('[data-testid="open-cart"]:visible, [data-testid="pay"]:visible').first();
    if ((await way.getAttribute('data-testid')) === 'open-cart') await way.click();
    await this.tap('pay');
    await this.sees('payment');
  }

  /** Pays what is in the cart, exactly or with the `quick`th amount, and starts anew. */
  async payCash(currency: 'USD' | 'KHR' = 'USD', quick = 0): Promise<Sold> {
    await this.toPay();
    await this.choose(`way-${currency}`);
    if (quick > 0) await this.at('quick-amount').nth(quick).click();
    await this.tap('finalize');
    const sold = await this.sold();
    await this.tap('new-sale');
    await this.sees('screen-sell');
    return sold;
  }

  /** What was just sold. */
  async sold(): Promise<Sold> {
    const queued = await (await this.sees('sold')).getAttribute('data-queued');
    const ticket = await (await this.sees('slip')).getAttribute('data-ticket');
    if (!ticket) throw new Error('the receipt names no ticket');
    return { ticket, queued: queued === 'true' };
  }

  async sell(...names: string[]): Promise<Sold> {
    await this.go('sell');
    await this.add(...names);
    return this.payCash();
  }

  // --- looking ---

  async openReceipt(ticket: string): Promise<void> {
    await this.go('history');
    await this.at('history-row', { ticket }).locator('[data-testid="history-open"]').click();
    await this.sees('slip', { ticket });
  }

  async history(): Promise<HistoryRow[]> {
    await this.go('history');
    await this.at('history-row').first().waitFor();
    return this.at('history-row').evaluateAll((rows) =>
      rows.map((row) => ({
        ticket: row.getAttribute('data-ticket') ?? '',
        status: row.getAttribute('data-status') ?? '',
        invoice: row.getAttribute('data-invoice') ?? '',
      })),
    );
  }

  /** Waits until the history shows the number of a ticket; nobody taps anything. */
  async showsNumber(ticket: string): Promise<string> {
    const row = this.page.locator(
      `[data-testid="history-row"][data-ticket="${ticket}"]:not([data-invoice=""])`,
    );
    await row.waitFor();
    return (await row.getAttribute('data-invoice')) ?? '';
  }

  /** Waits until the device keeps so many sales for itself. */
  async keeps(count: number): Promise<void> {
    await this.page.evaluate(() => {
      location.hash = '#/sync';
    });
    await this.at('waiting').filter({ hasText: new RegExp(`^${count}$`) }).waitFor();
  }

  /** The same device after its page crashed: another page on the same storage. */
  async reopened(): Promise<Till> {
    const again = new Till(this.context, await this.context.newPage(), this.stage);
    again.errors.push(...this.errors);
    await again.page.goto(this.edge);
    return again;
  }

  /** What the page shows the edge for whoever is logged in. */
  async token(): Promise<string> {
    await this.go('sell');
    const asked = this.page.waitForRequest((request) => request.url().includes('/v1/tickets'));
    await this.go('history');
    return (await asked).headers()['authorization'] ?? '';
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
