// What each update of the store changes here.
//
// Guarantees: nothing is computed from an update but what it says in full; everything
// else is read again from the edge. An update that this page does not know changes
// nothing: the edge is newer, and the next start of the page brings the newer page.
import type * as wire from '../api/schema';
import type { ServerEvent } from './events';

export interface UpdateEnds {
  sync(status: wire.SyncStatus): void;
  sale(ticketId: wire.TicketId): void;
  numbered(ticketId: wire.TicketId, invoiceNo: number): void;
  session(sessionId: wire.CashSessionId, closed: boolean): void;
  order(): void;
  held(): void;
  voided(ticketId: wire.TicketId, decided: boolean): void;
}

export function apply(event: ServerEvent, ends: UpdateEnds): void {
  let update: wire.Update;
  try {
    update = JSON.parse(event.data) as wire.Update;
  } catch {
    return;
  }
  switch (update.event) {
    case 'sync_changed':
      return ends.sync(update.status);
    case 'sale_captured':
      return ends.sale(update.ticket_id);
    case 'invoice_assigned':
      return ends.numbered(update.ticket_id, update.invoice_no);
    case 'session_opened':
      return ends.session(update.cash_session_id, false);
    case 'session_closed':
      return ends.session(update.cash_session_id, true);
    case 'order_accepted':
    case 'order_changed':
      return ends.order();
    case 'void_requested':
      return ends.voided(update.ticket_id, false);
    case 'void_approved':
    case 'void_rejected':
      return ends.voided(update.ticket_id, true);
    case 'held_sale_changed':
      return ends.held();
    case 'cash_moved':
      return;
  }
}
