// The signals of the core. The parts write them; screens only read.
import { signal, type Signal } from '@preact/signals';
import type * as wire from './api/schema';
import { timestamp } from './clock';
import type {
  CatalogueView, DraftsView, EdgeLink, KhqrView, Person, Phase, Problem, QueueView, ReceiptView, Room, Till,
} from './types';

export interface State {
  readonly phase: Signal<Phase>;
  readonly failure: Signal<Problem | null>;
  readonly till: Signal<Till | null>;
  readonly me: Signal<Person | null>;
  readonly edgeLink: Signal<EdgeLink>;
  readonly sync: Signal<wire.SyncStatus | null>;
  readonly catalogue: Signal<CatalogueView | null>;
  readonly stock: Signal<wire.StockView | null>;
  readonly session: Signal<wire.CashSession | null>;
  readonly khqr: Signal<KhqrView | null>;
  readonly orders: Signal<readonly wire.OrderRow[]>;
  readonly voidRequests: Signal<readonly wire.VoidRequestRow[]>;
  readonly heldSales: Signal<readonly wire.HeldSaleRow[]>;
  readonly notifications: Signal<readonly wire.NotificationRow[]>;
  readonly queue: Signal<QueueView>;
  readonly deviceRoom: Signal<Room['device']>;
  readonly receipt: Signal<ReceiptView | null>;
  readonly drafts: Signal<DraftsView>;
  readonly pageUpdate: Signal<'none' | 'ready'>;
}

export const NO_QUEUE: QueueView = { sales: [], waiting: 0, setAside: 0, oldestAt: null, unreadable: 0 };
export const NO_DRAFT: DraftsView = { unfinished: null, mine: false };

export function createState(nowMs: number): State {
  return {
    phase: signal<Phase>('starting'),
    failure: signal<Problem | null>(null),
    till: signal<Till | null>(null),
    me: signal<Person | null>(null),
    edgeLink: signal<EdgeLink>({ reachable: true, since: timestamp(nowMs) }),
    sync: signal<wire.SyncStatus | null>(null),
    catalogue: signal<CatalogueView | null>(null),
    stock: signal<wire.StockView | null>(null),
    session: signal<wire.CashSession | null>(null),
    khqr: signal<KhqrView | null>(null),
    orders: signal<readonly wire.OrderRow[]>([]),
    voidRequests: signal<readonly wire.VoidRequestRow[]>([]),
    heldSales: signal<readonly wire.HeldSaleRow[]>([]),
    notifications: signal<readonly wire.NotificationRow[]>([]),
    queue: signal(NO_QUEUE),
    deviceRoom: signal<Room['device']>(null),
    receipt: signal<ReceiptView | null>(null),
    drafts: signal(NO_DRAFT),
    pageUpdate: signal<'none' | 'ready'>('none'),
  };
}
