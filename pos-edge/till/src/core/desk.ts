// Orders, requests to void, held sales and notifications: what the store's people share.
//
// Guarantees: each list is read again when the edge says that it changed, and whenever
// the stream begins; what this device does itself shows when the edge has answered.
// Nobody's list outlives their login.
import type * as wire from './api/schema';
import { resultOf, type Outcome } from './api/outcome';
import type { People } from './people';
import { createRefresher, type Refresher } from './refresher';
import { ok } from './result';
import type { State } from './state';
import type { Result } from './types';

/** Delivered orders of the session that are kept on the board. */
const DELIVERED = 30;
const PAGE = 200;
/** Pages of live orders that are read at most: 2,000 orders in preparation. */
const PAGES = 10;

export interface Desk {
  refreshOrders(): Promise<void>;
  refreshVoids(): Promise<void>;
  refreshNotifications(): Promise<void>;
  refreshHeld(): Promise<void>;
  refreshStock(): Promise<void>;
  clear(): void;
  moveOrder(id: wire.OrderId, to: wire.OrderStatus): Promise<Result<wire.OrderMoved>>;
  requestVoid(ticketId: wire.TicketId, reason: string): Promise<Result<wire.VoidRequested>>;
  approveVoid(id: wire.VoidRequestId, note?: string): Promise<Result<wire.VoidApproved>>;
  rejectVoid(id: wire.VoidRequestId, reason: string): Promise<Result<wire.VoidRejected>>;
  decidedVoids(): Promise<Result<readonly wire.VoidRequestRow[]>>;
  acceptHeld(ticketId: wire.TicketId, sessionId?: wire.CashSessionId): Promise<Result<wire.HeldSale>>;
  rejectHeld(ticketId: wire.TicketId, reason: string): Promise<Result<wire.HeldSale>>;
  markSeen(id: wire.NotificationId): Promise<Result<null>>;
}

export function createDesk(state: State, people: Pick<People, 'asPerson' | 'actAsPerson' | 'asTill'>): Desk {
  /** Reads something for whoever is logged in, unless they are gone when it is there. */
  function forPerson(read: () => Promise<(() => void) | null>): Refresher {
    return createRefresher(async () => {
      const staff = state.me.value?.staffId;
      if (!staff) return;
      const show = await read();
      if (show && state.me.value?.staffId === staff) show();
    });
  }

  const orders = forPerson(async () => {
    const live = await allLive();
    const session = state.session.value?.cash_session_id;
    const query = `status=DELIVERED&limit=${DELIVERED}${session ? `&session=${encodeURIComponent(session)}` : ''}`;
    const delivered = session ? await people.asPerson<wire.OrderPage>({ path: `/v1/orders?${query}` }) : null;
    if (!live || (delivered && delivered.kind !== 'answered')) return null;
    return () => {
      const rows = [...live, ...(delivered?.value.orders ?? [])];
      state.orders.value = rows.sort((a, b) => (a.placed_at < b.placed_at ? -1 : 1));
    };
  });

  async function allLive(): Promise<wire.OrderRow[] | null> {
    const rows: wire.OrderRow[] = [];
    let before = '';
    for (let page = 0; page < PAGES; page += 1) {
      const path = `/v1/orders?live=true&limit=${PAGE}${before}`;
      const outcome: Outcome<wire.OrderPage> = await people.asPerson<wire.OrderPage>({ path });
      if (outcome.kind !== 'answered') return null;
      rows.push(...outcome.value.orders);
      const next = outcome.value.next_before;
      if (next === null || next === undefined) break;
      before = `&before=${next}`;
    }
    return rows;
  }

  const voids = forPerson(async () => {
    const path = `/v1/void-requests?status=PENDING&limit=${PAGE}`;
    const outcome = await people.asPerson<wire.VoidRequestPage>({ path });
    if (outcome.kind !== 'answered') return null;
    return () => (state.voidRequests.value = outcome.value.void_requests);
  });

  const notifications = forPerson(async () => {
    const path = `/v1/notifications?unseen=true&limit=${PAGE}`;
    const outcome = await people.asPerson<wire.NotificationPage>({ path });
    if (outcome.kind !== 'answered') return null;
    return () => (state.notifications.value = outcome.value.notifications);
  });

  const held = forPerson(async () => {
    if (state.me.value?.role === 'CASHIER') return null;
    const outcome = await people.asPerson<wire.HeldSalePage>({ path: `/v1/held-sales?state=HELD&limit=${PAGE}` });
    if (outcome.kind !== 'answered') return null;
    return () => (state.heldSales.value = [...outcome.value.held_sales].reverse());
  });

  const stock = createRefresher(async () => {
    const outcome = await people.asTill<wire.StockView>({ path: '/v1/stock' });
    if (outcome.kind === 'answered') state.stock.value = outcome.value;
  });

  async function act<T>(path: string, body: unknown, ...changed: Refresher[]): Promise<Result<T>> {
    const outcome = await people.actAsPerson<T>({ path, body });
    // Also after a refusal: somebody else was first, and the list here is old.
    if (outcome.kind !== 'unknown') await Promise.all(changed.map((one) => one.refresh()));
    return resultOf(outcome);
  }

  const one = (list: string, id: string, what: string) => `/v1/${list}/${encodeURIComponent(id)}/${what}`;
  return {
    refreshOrders: () => orders.refresh(),
    refreshVoids: () => voids.refresh(),
    refreshNotifications: () => notifications.refresh(),
    refreshHeld: () => held.refresh(),
    refreshStock: () => stock.refresh(),

    clear() {
      state.orders.value = [];
      state.voidRequests.value = [];
      state.heldSales.value = [];
      state.notifications.value = [];
    },

    moveOrder: (id, to) => act(one('orders', id, 'status'), { to }, orders),
    requestVoid: (ticketId, reason) => act(one('sales', ticketId, 'void-requests'), { reason }, voids, orders),
    approveVoid: (id, note) => act(one('void-requests', id, 'approve'), note ? { note } : {}, voids, orders),
    rejectVoid: (id, reason) => act(one('void-requests', id, 'reject'), { reason }, voids, orders),
    acceptHeld: (ticketId, cash_session_id) =>
      act(one('held-sales', ticketId, 'accept'), cash_session_id ? { cash_session_id } : {}, held, orders),
    rejectHeld: (ticketId, reason) => act(one('held-sales', ticketId, 'reject'), { reason }, held),

    async decidedVoids() {
      const outcome = await people.asPerson<wire.VoidRequestPage>({ path: '/v1/void-requests?limit=100' });
      if (outcome.kind !== 'answered') return resultOf(outcome);
      return ok(outcome.value.void_requests.filter((row) => row.status !== 'PENDING'));
    },

    async markSeen(id) {
      const outcome = await people.asPerson<null>({ method: 'PUT', path: one('notifications', id, 'seen') });
      if (outcome.kind === 'answered') {
        state.notifications.value = state.notifications.value.filter((row) => row.notification_id !== id);
      }
      return resultOf(outcome);
    },
  };
}
