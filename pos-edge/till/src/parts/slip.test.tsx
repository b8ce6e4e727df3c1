// @vitest-environment jsdom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptView } from '../core';
import { speak } from '../i18n/language';
import { Slip } from './slip';

/** The sale of the store's printed receipts: `crates/receipt/tests/receipt/snapshots`. */
const SOLD: ReceiptView = {
  source: 'device',
  sale_id: null,
  ticketId: 'till-1795253400123-0f1e2d3c',
  status: 'FINALIZED',
  copy: false,
  invoice: null,
  seller: { name: 'Mekong Coffee', branch_name: 'Riverside', address: '1 Sisowath Quay\nPhnom Penh', tin: 'K001-901234567' },
  cashier_name: 'Sokha',
  finalized_at: '2026-11-21T09:30:00.123000Z',
  sale_type: 'TAKEAWAY',
  lines: [
    {
      line_no: 1,
      menu_item_id: '01932f6e-7c00-7007-8000-000000000001',
      name: 'Latte · ឡាតេ',
      quantity: 2,
      unit_price_usd: '3.50',
      add_ons: [{ add_on_id: '01932f6e-7c00-7008-8000-000000000001', name: 'Extra shot', price_usd: '0.75' }],
      base_amount_usd: '9.70',
      discounts: [{ discount_id: '01932f6e-7c00-700b-8000-000000000001', name: 'Happy hour', percent: '12.5' }],
      discount_usd: '1.21',
      line_total_usd: '8.49',
    },
  ],
  subtotal_usd: '11.74',
  branch_discounts: [{ discount_id: '01932f6e-7c00-700b-8000-000000000002', name: 'Opening week', percent: '5' }],
  branch_discount_usd: '0.59',
  vat: { enabled: true, rate_percent: '10', amount_usd: '1.12' },
  grand_total_usd: '12.27',
  grand_total_khr: '50307',
  fx_rate_khr_per_usd: '4100',
  khr_rounding: { enabled: true, mode: 'NEAREST', granularity: 100, rounding_khr: '-7' },
  payable_khr: '50300',
  payment: { method: 'CASH', currency: 'KHR', received: '60000', change: '9700' },
};

const place = document.createElement('div');
const show = (receipt: ReceiptView) => {
  act(() => render(<Slip receipt={receipt} />, place));
  return [...place.querySelectorAll('p')].map((line) => line.textContent);
};

beforeEach(() => speak('en'));

describe('a receipt', () => {
  it('of a sale without a number says that it will be assigned', () => {
    const lines = show(SOLD);
    expect(lines).toContain('Ticket till-1795253400123-0f1e2d3c');
    expect(lines).toContain('Official invoice number will be assigned upon sync.');
    expect(place.querySelector('[data-testid="slip-invoice"]')).toBeNull();
  });

  it('shows every figure as it was sold, the rounding on its own line', () => {
    const lines = show(SOLD);
    expect(lines).toEqual(
      expect.arrayContaining([
        '2 × Latte · ឡាតេ @ 3.509.70',
        '+ Extra shot @ 0.75',
        'Happy hour 12.5 %−1.21',
        'Subtotal11.74',
        'Opening week 5 %−0.59',
        'VAT 10 %1.12',
        'Total USD12.27',
        'Total KHR50,307',
        'Exchange rate1 USD = 4,100 KHR',
        'Rounding KHR−7',
        'Payable KHR50,300',
        'Cash KHR60,000',
        'Change KHR9,700',
      ]),
    );
  });

  it('with a number shows it, and no promise of one', () => {
    const numbered = { ...SOLD, copy: true, invoice: { no: 42, chain_hash: 'ab', printed: 'INV-000042' } };
    const lines = show(numbered);
    expect(lines).toContain('Invoice INV-000042');
    expect(lines).toContain('COPY');
    expect(place.querySelector('[data-testid="number-follows"]')).toBeNull();
  });

  it('that is void says so first, and KHQR gives no change', () => {
    const payment = { method: 'KHQR', currency: 'USD', received: '12.27', change: '0', khqr_short_hash: 'ab12cd34' } as const;
    const lines = show({ ...SOLD, status: 'VOIDED', payment });
    expect(lines).toContain('VOID');
    expect(lines).toContain('KHQR hashab12cd34');
    expect(lines.some((line) => line?.startsWith('Change'))).toBe(false);
  });

  it('is in Khmer where Khmer is spoken', () => {
    speak('km');
    const lines = show(SOLD);
    expect(lines).toContain('សំបុត្រ till-1795253400123-0f1e2d3c');
    expect(lines).toContain('លេខវិក្កយបត្រផ្លូវការនឹងត្រូវបានផ្ដល់ជូននៅពេលធ្វើសមកាលកម្ម។');
  });
});
