// The cart as it is kept on this device.
import type { Cart, DraftId, SaleType, StaffId, TicketId, CashSessionId } from '../api/schema';

export interface CartRecordLine {
  readonly lineId: string;
  readonly menuItemId: string;
  readonly addOnIds: readonly string[];
  readonly quantity: number;
  /** As the menu called it when it was added: shown if it left the menu since. */
  readonly name: string;
}

/** Each cart has its own draft id; a sale ends it, and only once. */
export interface CartRecord {
  readonly draftId: DraftId;
  /** Counts the changes; the edge keeps the newest. */
  readonly revision: number;
  /** Whose it is; `null` until something is in it. */
  readonly owner: { readonly staffId: StaffId; readonly sessionId: CashSessionId } | null;
  readonly saleType: SaleType;
  readonly lines: readonly CartRecordLine[];
  /** The sale that is being completed from it, if one is. */
  readonly selling: TicketId | null;
}

/** Where the one cart of this till is kept. */
export const CART = 'current';

export function emptyCart(draftId: DraftId, saleType: SaleType = 'DINE_IN'): CartRecord {
  return { draftId, revision: 0, owner: null, saleType, lines: [], selling: null };
}

/** The cart as the wire has it, and the engine prices it. */
export function wireCart(cart: Pick<CartRecord, 'lines' | 'saleType'>): Cart {
  return {
    lines: cart.lines.map((line) => ({
      menu_item_id: line.menuItemId,
      ...(line.addOnIds.length > 0 ? { add_on_ids: line.addOnIds } : {}),
      quantity: line.quantity,
    })),
    sale_type: cart.saleType,
  };
}
