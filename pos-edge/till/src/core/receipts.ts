// Receipts: of the edge, and of this device while the edge does not have the sale.
//
// Guarantees: a receipt of this device shows the figures that were sold, never others;
// it has no official number. An open receipt gets its number when the edge tells it.
// Receipts that were shown stay readable without the edge, the newest hundred of them,
// until the page is closed.
import type * as wire from './api/schema';
import { resultOf } from './api/outcome';
import type { People } from './people';
import { no, ok } from './result';
import type { State } from './state';
import type { PrintWishes, ReceiptView, Result } from './types';

const REMEMBERED = 100;
/** A printer takes its time. */
const PRINT_PATIENCE_MS = 30_000;

export interface Receipts {
  /** Shows one that was just made here. */
  show(receipt: ReceiptView): void;
  open(ticketId: wire.TicketId): Promise<Result<ReceiptView>>;
  close(): void;
  /** The edge has it, or its number, or its sale was voided. */
  changed(ticketId: wire.TicketId): void;
  print(ticketId: wire.TicketId, wishes: PrintWishes): Promise<Result<wire.PrintedReceipt>>;
}

export interface ReceiptEnds {
  readonly state: State;
  readonly people: Pick<People, 'asPerson' | 'actAsPerson'>;
  /** The receipt of a sale that the edge does not have yet. */
  onDevice(ticketId: wire.TicketId): ReceiptView | null;
}

export function createReceipts(ends: ReceiptEnds): Receipts {
  const { state, people } = ends;
  const remembered = new Map<wire.TicketId, ReceiptView>();

  function remember(receipt: ReceiptView): void {
    remembered.delete(receipt.ticketId);
    remembered.set(receipt.ticketId, receipt);
    const oldest = remembered.keys().next();
    if (remembered.size > REMEMBERED && !oldest.done) remembered.delete(oldest.value);
  }

  async function read(ticketId: wire.TicketId): Promise<Result<ReceiptView>> {
    const onDevice = ends.onDevice(ticketId);
    if (onDevice) return ok(onDevice);
    const path = `/v1/sales/${encodeURIComponent(ticketId)}/receipt?format=json`;
    const outcome = await people.asPerson<wire.Receipt>({ path });
    if (outcome.kind === 'answered') {
      const receipt: ReceiptView = { ...outcome.value, source: 'edge' };
      remember(receipt);
      return ok(receipt);
    }
    const known = outcome.kind === 'unknown' ? remembered.get(ticketId) : undefined;
    return known ? ok(known) : resultOf(outcome);
  }

  return {
    show(receipt) {
      remember(receipt);
      state.receipt.value = receipt;
    },

    async open(ticketId) {
      const found = await read(ticketId);
      if (found.ok) state.receipt.value = found.value;
      return found;
    },

    close() {
      state.receipt.value = null;
    },

    changed(ticketId) {
      if (state.receipt.value?.ticketId !== ticketId) return;
      void read(ticketId).then((now) => {
        if (now.ok && state.receipt.value?.ticketId === ticketId) state.receipt.value = now.value;
      });
    },

    async print(ticketId, wishes) {
      // The edge prints what it has; the page can print what is on this device.
      if (ends.onDevice(ticketId)) return no('edge_unreachable', 'the edge does not have this sale yet');
      const path = `/v1/sales/${encodeURIComponent(ticketId)}/print`;
      return resultOf(await people.actAsPerson<wire.PrintedReceipt>({ path, body: wishes, patienceMs: PRINT_PATIENCE_MS }));
    },
  };
}

/** What is sold, as far as its receipt needs it. */
export interface SoldHere {
  readonly ticketId: wire.TicketId;
  readonly at: wire.Timestamp;
  readonly totals: wire.Totals;
  readonly tender: wire.Tender;
  readonly saleType: wire.SaleType;
  readonly seller: wire.Seller;
  readonly cashierName: string;
}

/** The receipt of a sale by the figures that were shown. */
export function receiptHere(sold: SoldHere): ReceiptView {
  const { totals, tender } = sold;
  return {
    source: 'device',
    sale_id: null,
    ticketId: sold.ticketId,
    invoice: null,
    status: 'FINALIZED',
    copy: false,
    finalized_at: sold.at,
    seller: sold.seller,
    cashier_name: sold.cashierName,
    sale_type: sold.saleType,
    lines: totals.lines,
    branch_discounts: totals.discounts.branch_discounts,
    branch_discount_usd: totals.discounts.branch_discount_usd,
    subtotal_usd: totals.subtotal_usd,
    vat: totals.vat,
    fx_rate_khr_per_usd: totals.fx_rate_khr_per_usd,
    grand_total_usd: totals.grand_total_usd,
    grand_total_khr: totals.grand_total_khr,
    khr_rounding: totals.khr_rounding,
    payable_khr: totals.payable_khr,
    payment: {
      method: tender.method,
      currency: tender.currency,
      received: tender.received,
      change: tender.change,
    },
  };
}
