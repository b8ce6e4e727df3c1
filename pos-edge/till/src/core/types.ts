// What the screens see of the core: state as signals, acts as functions.
//
// Guarantees: amounts are decimal strings and never numbers; every act answers with a
// `Result` and throws nothing; every `Problem` has a stable code that a screen can
// translate. Nothing here does anything.
import type { ReadonlySignal } from '@preact/signals';
import type { EdgeCode } from './api/codes';
import type * as wire from './api/schema';

export type * from './api/schema';
export type { EdgeCode } from './api/codes';

/** Codes of this page itself, beside those of the edge. */
export const TILL_CODES = [
  /** The edge did not answer, or answered that it failed. The act may have happened. */
  'edge_unreachable',
  /** The edge answered with something that this page does not understand. */
  'edge_not_understood',
  /** The browser's storage did not take it. */
  'device_storage_failed',
  /** The browser's storage is full. */
  'device_storage_full',
  /** The page was opened without a secure context: the browser gives it no keys and no locks. */
  'insecure_page',
  /** The till is not paired. */
  'not_paired',
  /** Nobody has opened a cash session here. */
  'session_needed',
  /** There is no catalogue on this device yet. */
  'catalogue_needed',
  /** The pricing engine could not be loaded. */
  'engine_failed',
  /** Nothing is in the cart. */
  'cart_empty',
  /** Not on this menu, or no longer. */
  'unknown_item',
  /** Less than 1 or more than 9,999. */
  'invalid_quantity',
  /** A sale is being completed. */
  'sale_in_progress',
  /** KHQR needs the edge and its line; take cash. */
  'khqr_needs_edge',
  /** Paid, but the edge's answer to the sale is missing: it is kept and asked for by itself. */
  'khqr_answer_missing',
  /** There is no code that could be asked about. */
  'khqr_no_code',
  /** Another tab of this page sells for this till. */
  'another_tab',
  /** Sales of this session are still on this device: they go to the edge first. */
  'unsynced_sales',
] as const;

export type TillCode = (typeof TILL_CODES)[number];
export type ProblemCode = EdgeCode | TillCode;

/** Why an act did not happen. `detail` is English and for support, not for customers. */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  /** Seconds until it may work, if the edge told. */
  readonly retryAfterSeconds?: number;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/** `starting`: reading this device. `unpaired`: no till yet. `locked`: nobody is logged in. */
export type Phase = 'starting' | 'unpaired' | 'locked' | 'ready';

/** This device, as it was paired. */
export interface Till {
  readonly deviceId: wire.DeviceId;
  /** As the catalogue calls it; empty before there is one. */
  readonly name: string;
  readonly pairedAt: wire.Timestamp;
}

/** Who is logged in on this device. */
export interface Person {
  readonly staffId: wire.StaffId;
  readonly name: string;
  readonly role: wire.StaffRole;
  /** When the edge ends the login; selling goes on. */
  readonly expiresAt: wire.Timestamp;
}

export interface EdgeLink {
  readonly reachable: boolean;
  /** Since when it is so. */
  readonly since: wire.Timestamp;
}

export interface CatalogueView {
  readonly document: wire.CatalogueV1;
  readonly reference: wire.CatalogueRef;
  readonly fetchedAt: wire.Timestamp;
}

export interface CartLineView {
  /** Stable while the line is in the cart. */
  readonly lineId: string;
  readonly menuItemId: wire.MenuItemId;
  readonly name: string;
  readonly addOns: readonly wire.AddOn[];
  readonly quantity: number;
  /** Whether it is on the menu that this device has. */
  readonly onMenu: boolean;
}

export interface CartView {
  /** In the order of `Totals.lines`. */
  readonly lines: readonly CartLineView[];
  readonly saleType: wire.SaleType;
  /** Sum of the quantities. */
  readonly itemCount: number;
  readonly draftId: wire.DraftId;
}

/** What the cart costs, by the engine, with the catalogue on this device. */
export type Priced =
  | { readonly state: 'empty' }
  | {
      readonly state: 'priced';
      readonly totals: wire.Totals;
      readonly catalogue: wire.CatalogueRef;
      readonly at: wire.Timestamp;
    }
  | { readonly state: 'unpriced'; readonly problem: Problem };

/** Whether the cart can be used; if not, why, to be written beside the greyed button. */
export type Selling =
  | { readonly can: true }
  | {
      readonly can: false;
      readonly why:
        | 'not_logged_in'
        | 'session_needed'
        | 'catalogue_needed'
        | 'engine_failed'
        | 'device_storage_full'
        | 'sale_in_progress';
    };

/** Where a sale of this device stands.
 *  `sending`: its first attempt is under way; it is not complete.
 *  `unsure`: paid by KHQR, and the edge's answer is missing; it is asked for by itself.
 *  `queued`: complete, and safe on this device; it goes to the edge by itself.
 *  `set_aside`: complete, but the edge refused it: a person must look. It is kept. */
export type QueuedState = 'sending' | 'unsure' | 'queued' | 'set_aside';

export interface QueuedSale {
  readonly ticketId: wire.TicketId;
  readonly at: wire.Timestamp;
  readonly state: QueuedState;
  readonly attempts: number;
  readonly staffName: string;
  readonly grandTotalUsd: wire.Usd;
  readonly payableKhr: wire.Khr;
  /** What the edge said last, if it refused. */
  readonly problem: Problem | null;
}

/** Sales on this device that the edge does not have yet, oldest first. */
export interface QueueView {
  readonly sales: readonly QueuedSale[];
  /** How many wait for the edge (`queued`, `unsure`). */
  readonly waiting: number;
  /** How many need a person (`set_aside`). */
  readonly setAside: number;
  /** When the oldest of those that wait was sold. */
  readonly oldestAt: wire.Timestamp | null;
  /** Records that could not be decrypted: kept, and told. */
  readonly unreadable: number;
}

export interface Room {
  readonly device: {
    readonly usedBytes: number;
    readonly quotaBytes: number;
    /** Sales that still fit on this device, about. */
    readonly salesLeft: number;
    /** Whether the browser promised not to evict it. */
    readonly persisted: boolean;
  } | null;
  readonly edge: {
    readonly level: wire.StorageLevel;
    readonly ticketsLeft: number;
    readonly freeBytes: number;
  } | null;
}

/** A receipt, from the edge or made on this device from the same figures. */
export interface ReceiptView extends Omit<wire.Receipt, 'sale_id'> {
  readonly source: 'edge' | 'device';
  /** Not known before the edge has the sale. */
  readonly sale_id: wire.SaleId | null;
}

/** How far a ticket is; `on_device`: the edge does not have it yet. */
export type HistoryStatus = wire.TicketStatus | 'on_device';

export interface HistoryRow {
  readonly ticketId: wire.TicketId;
  readonly createdAt: wire.Timestamp;
  readonly grandTotalUsd: wire.Usd;
  readonly status: HistoryStatus;
  readonly saleStatus: wire.SaleStatus;
  /** Not known before the edge has the sale. */
  readonly orderStatus: wire.OrderStatus | null;
  readonly invoiceNo: number | null;
  readonly lastError: string | null;
}

export interface HistoryFilters {
  readonly status?: wire.TicketStatus;
  /** A part of a ticket, or an invoice number. */
  readonly text?: string;
  /** Only tickets from this moment on. */
  readonly from?: wire.Timestamp;
  /** Only tickets before this moment. */
  readonly until?: wire.Timestamp;
  /** Only those that this device sold. */
  readonly mine?: boolean;
}

export interface HistoryView {
  readonly filters: HistoryFilters;
  /** Newest first. */
  readonly rows: readonly HistoryRow[];
  readonly loading: boolean;
  /** Whether `loadMoreHistory` finds more. */
  readonly more: boolean;
  readonly problem: Problem | null;
}

export interface KhqrView {
  readonly code: wire.KhqrCode;
  /** What was known at the last check; `null` before the first. */
  readonly checked: wire.KhqrChecked | null;
  /** Whether it is the code of the cart as it is now. */
  readonly current: boolean;
}

/** A cart that was not finished. `mine`: of the person who is logged in. */
export interface DraftsView {
  readonly unfinished: wire.Draft | null;
  readonly mine: boolean;
}

export type CashOffer = { readonly method: 'CASH'; readonly received: wire.Money };
export type Offer = CashOffer | { readonly method: 'KHQR' };

export interface Finalized {
  readonly ticketId: wire.TicketId;
  /** Whether this device completed it by itself, and will tell the edge. */
  readonly queued: boolean;
  readonly receipt: ReceiptView;
}

/** So many notes of a value. */
export interface CountedNotes {
  readonly note: number;
  readonly count: number;
}

export interface PrintWishes {
  readonly lang?: wire.Language;
  readonly paper?: wire.Paper;
  readonly printer?: string;
}

/** Everything that a screen may read or do. */
export interface Core {
  // State.
  readonly phase: ReadonlySignal<Phase>;
  readonly till: ReadonlySignal<Till | null>;
  readonly me: ReadonlySignal<Person | null>;
  readonly edgeLink: ReadonlySignal<EdgeLink>;
  readonly sync: ReadonlySignal<wire.SyncStatus | null>;
  readonly catalogue: ReadonlySignal<CatalogueView | null>;
  readonly stock: ReadonlySignal<wire.StockView | null>;
  readonly session: ReadonlySignal<wire.CashSession | null>;
  readonly selling: ReadonlySignal<Selling>;
  readonly cart: ReadonlySignal<CartView>;
  readonly priced: ReadonlySignal<Priced>;
  readonly khqr: ReadonlySignal<KhqrView | null>;
  /** Live ones (in preparation, ready) and the newest 30 delivered ones of the session, oldest first. */
  readonly orders: ReadonlySignal<readonly wire.OrderRow[]>;
  /** Undecided ones, newest first; cashiers see their own. */
  readonly voidRequests: ReadonlySignal<readonly wire.VoidRequestRow[]>;
  /** Sales that wait for a manager, oldest first; empty for cashiers. */
  readonly heldSales: ReadonlySignal<readonly wire.HeldSaleRow[]>;
  /** Unseen ones, newest first. */
  readonly notifications: ReadonlySignal<readonly wire.NotificationRow[]>;
  readonly queue: ReadonlySignal<QueueView>;
  readonly room: ReadonlySignal<Room>;
  /** The one just sold or opened. */
  readonly receipt: ReadonlySignal<ReceiptView | null>;
  readonly history: ReadonlySignal<HistoryView>;
  readonly drafts: ReadonlySignal<DraftsView>;
  /** A newer page is here; it is used when nothing is in the cart. */
  readonly pageUpdate: ReadonlySignal<'none' | 'ready'>;
  /** Why this device cannot be used at all: its browser keeps nothing. */
  readonly failure: ReadonlySignal<Problem | null>;

  /** Reads this device and begins. Called once, by main.tsx. */
  start(): Promise<void>;

  // Who is here.
  pair(deviceId: wire.DeviceId, code: string): Promise<Result<Till>>;
  logIn(staffId: wire.StaffId, pin: string): Promise<Result<Person>>;
  /** Works without the edge too. Sales on this device stay and are sent. */
  logOut(): Promise<Result<null>>;

  // The drawer. Each works on the session of who is logged in, unless one is named.
  openSession(floatUsd: wire.Usd, floatKhr: wire.Khr): Promise<Result<wire.CashSession>>;
  closeSession(counted: wire.CloseCashSession, sessionId?: wire.CashSessionId): Promise<Result<wire.ZReport>>;
  moveCash(movement: wire.MoveCash): Promise<Result<wire.CashMoved>>;
  xReport(sessionId?: wire.CashSessionId): Promise<Result<wire.XReport>>;
  zReport(sessionId: wire.CashSessionId): Promise<Result<wire.ZWithSupplements>>;
  /** A page of the drawer's movements, newest first. */
  loadMovements(before?: number): Promise<Result<wire.MovementPage>>;
  /** The store's open sessions. */
  loadSessions(): Promise<Result<readonly wire.CashSession[]>>;
  /** The notes of a currency by value, the largest first; empty before the engine is here. */
  notes(currency: wire.Currency): readonly number[];
  countNotes(currency: wire.Currency, notes: readonly CountedNotes[]): Result<string>;
  /** What was counted against what a report expects. */
  countDrawer(report: wire.SessionReport, counted: wire.CloseCashSession): Result<wire.DrawerCount>;

  // The cart. These answer at once.
  addToCart(item: wire.MenuItemId, addOns?: readonly wire.AddOnId[], quantity?: number): Result<CartLineView>;
  setQuantity(lineId: string, quantity: number): Result<null>;
  removeLine(lineId: string): Result<null>;
  clearCart(): Result<null>;
  setSaleType(saleType: wire.SaleType): Result<null>;

  // Paying.
  /** Amounts that a customer is likely to hand over, the exact one first. */
  quickCash(currency: wire.Currency): readonly wire.Money[];
  /** Whether it is enough, and the change; nothing happens. */
  tryTender(received: wire.Money): Result<wire.Tender>;
  makeKhqr(currency: wire.Currency): Promise<Result<KhqrView>>;
  checkKhqr(): Promise<Result<wire.KhqrChecked>>;
  /** Puts the code away; the cart stays. */
  dropKhqr(): void;
  finalize(offer: Offer): Promise<Result<Finalized>>;

  // Receipts and history.
  printReceipt(ticketId: wire.TicketId, wishes?: PrintWishes): Promise<Result<wire.PrintedReceipt>>;
  openReceipt(ticketId: wire.TicketId): Promise<Result<ReceiptView>>;
  closeReceipt(): void;
  loadHistory(filters?: HistoryFilters): Promise<Result<null>>;
  loadMoreHistory(): Promise<Result<null>>;

  // Orders, voids, notifications.
  moveOrder(orderId: wire.OrderId, to: wire.OrderStatus): Promise<Result<wire.OrderMoved>>;
  requestVoid(ticketId: wire.TicketId, reason: string): Promise<Result<wire.VoidRequested>>;
  approveVoid(id: wire.VoidRequestId, note?: string): Promise<Result<wire.VoidApproved>>;
  rejectVoid(id: wire.VoidRequestId, reason: string): Promise<Result<wire.VoidRejected>>;
  /** Newest first. */
  loadDecidedVoids(): Promise<Result<readonly wire.VoidRequestRow[]>>;
  /** Makes it a sale; in the session that it names, or in the one where its cash lies. */
  acceptHeld(ticketId: wire.TicketId, cashSessionId?: wire.CashSessionId): Promise<Result<wire.HeldSale>>;
  rejectHeld(ticketId: wire.TicketId, reason: string): Promise<Result<wire.HeldSale>>;
  markSeen(id: wire.NotificationId): Promise<Result<null>>;

  // An unfinished cart.
  resumeDraft(): Result<null>;
  discardDraft(): Promise<Result<null>>;

  /** Tries the queue now, also what was set aside. */
  sendQueueNow(): void;
  /** Reloads with the newer page; refused while something is in the cart or being sold. */
  applyPageUpdate(): Result<null>;
}
