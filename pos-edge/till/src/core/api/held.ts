// Sales that the edge holds for a manager: the shapes of `/v1/held-sales`.
import type { CashSessionId, DeviceId, SaleType, StaffId, TenderOffer, TicketId, Timestamp, Totals } from './schema';

export type HeldState = 'HELD' | 'ACCEPTED' | 'REJECTED';
export type HeldWhy = 'DEVICE_REVOKED' | 'DEVICE_UNKNOWN' | 'TOKEN_UNKNOWN' | 'ANOTHER_TILL' | 'SESSION_UNKNOWN';
export type HeldDecided = { by: StaffId; at: Timestamp; reason?: string | null };
export type HeldSale = { ticket_id: TicketId; state: HeldState; why: HeldWhy; held_at: Timestamp;
  decided?: HeldDecided | null };
export type HeldSaleRow = HeldSale & { device_id: DeviceId; cash_session_id: CashSessionId;
  completed_at: Timestamp; sale_type: SaleType; totals: Totals; tender: TenderOffer };
export type HeldSalePage = { held_sales: readonly HeldSaleRow[]; next_before?: number | null };
