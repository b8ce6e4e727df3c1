// The queue as the rest of the core uses it: what is in it, and who moves it.
//
// Guarantees: `view` is what is stored, read again after each change by this tab or
// another. A sale whose first attempt lost its tab is found at the start, or when its
// tab dies while this one lives, and is completed as if its answer had been lost.
import type * as wire from '../api/schema';
import type { Client } from '../api/client';
import type { People } from '../people';
import type { Ports } from '../ports';
import { createRefresher } from '../refresher';
import type { State } from '../state';
import type { QueuedSale, QueuedState, ReceiptView } from '../types';
import { step, type Step } from './machine';
import { completedHere } from './post';
import { startSender, type Sender, type Wake } from './sender';
import type { QueueStore, StoredSale } from './store';

/** How long the edge may take to say that it is there. */
const PROBE_PATIENCE_MS = 3_000;

export interface QueueEnds {
  readonly state: State;
  readonly ports: Ports;
  readonly client: Client;
  readonly people: Pick<People, 'sellersToken' | 'tillsToken' | 'tokenEnded'>;
  readonly store: QueueStore;
  /** Told after what is stored was read: the sales whose first attempt is not over. */
  read(begun: readonly wire.TicketId[]): void;
  /** Told after a sale of this device moved, and its signal is up to date. */
  moved(sale: StoredSale, step: Step, answer: wire.SaleReceipt | null): void;
  /** The first attempt of another tab is over; `completedHere`: it was cut off, and this
   *  tab has completed the sale. */
  ended(sale: StoredSale, completedHere: boolean): void;
  /** Told after this tab changed what is stored. */
  changed(): void;
  storageFailed(error: unknown): void;
}

export interface Queue {
  start(): Promise<void>;
  /** What is stored changed, here or in another tab. */
  refresh(): Promise<void>;
  wake(why: Wake): void;
  receiptOf(ticketId: wire.TicketId): ReceiptView | null;
  /** Whether sales wait that only their seller's login can send. */
  needsLoginOf(staffId: wire.StaffId): boolean;
  /** Whether a sale that the edge does not have yet ends this draft. */
  hasDraft(draftId: wire.DraftId): boolean;
  /** Those of a session that the edge does not have yet. */
  waitingIn(sessionId: wire.CashSessionId): number;
  stop(): void;
}

/** Held by the tab that makes a sale's first attempt. */
export function firstAttemptLock(ticketId: wire.TicketId): string {
  return `till-sale:${ticketId}`;
}

const SHOWN: Readonly<Record<StoredSale['state'], QueuedState>> = {
  stored: 'sending',
  unsure: 'unsure',
  queued: 'queued',
  set_aside: 'set_aside',
};

export function createQueue(ends: QueueEnds): Queue {
  const { state, store, ports } = ends;
  let sales: readonly StoredSale[] = [];
  let sender: Sender | null = null;
  const stopped = new AbortController();
  const watched = new Set<wire.TicketId>();

  const refresher = createRefresher(async () => {
    const contents = await store.read();
    sales = contents.sales;
    const waiting = sales.filter((sale) => sale.state === 'queued' || sale.state === 'unsure');
    state.queue.value = {
      sales: sales.map(shown),
      waiting: waiting.length,
      setAside: sales.filter((sale) => sale.state === 'set_aside').length,
      oldestAt: waiting[0]?.at ?? null,
      unreadable: contents.unreadable.length,
    };
    const begun = sales.filter((sale) => sale.state === 'stored');
    for (const sale of begun) watchOver(sale);
    ends.read(begun.map((sale) => sale.ticketId));
  });

  /** Takes a sale over when the tab that makes its first attempt is gone. */
  function watchOver(sale: StoredSale): void {
    if (watched.has(sale.ticketId)) return;
    watched.add(sale.ticketId);
    ports.locks
      .request(firstAttemptLock(sale.ticketId), { signal: stopped.signal }, () => takeOver(sale))
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) ends.storageFailed(error);
      })
      .finally(() => watched.delete(sale.ticketId));
  }

  async function takeOver(sale: StoredSale): Promise<void> {
    const problem = { code: 'edge_unreachable', detail: 'the page was closed before the answer' } as const;
    const taken = step('stored', sale.method, { is: 'unknown', problem });
    const isOurs = await store.move(sale.ticketId, 'stored', taken);
    // If it was ended already, whoever did may have died before it was told.
    await refresher.refresh();
    ends.ended(sale, isOurs);
    if (!isOurs) return;
    ends.changed();
    sender?.wake('new');
  }

  return {
    async start() {
      await refresher.refresh();
      sender = startSender({
        client: ends.client,
        store,
        ports,
        token(sale) {
          const isFact = completedHere(sale);
          return isFact ? ends.people.tillsToken(sale.envelope) : ends.people.sellersToken(sale.envelope);
        },
        async tokenEnded(sale, token) {
          if (!completedHere(sale)) await ends.people.tokenEnded(token);
        },
        async answers() {
          const outcome = await ends.client.call({ path: '/v1/sync', patienceMs: PROBE_PATIENCE_MS });
          return outcome.kind !== 'unknown' || outcome.why === 'failed';
        },
        moved(sale, taken, answer) {
          void refresher.refresh().then(() => {
            ends.changed();
            ends.moved(sale, taken, answer);
          });
        },
        storageFailed: ends.storageFailed,
      });
    },
    refresh: () => refresher.refresh(),
    wake: (why) => sender?.wake(why),
    receiptOf: (ticketId) => sales.find((sale) => sale.ticketId === ticketId)?.envelope.receipt ?? null,
    needsLoginOf: (staffId) => sales.some((sale) => sale.envelope.staffId === staffId && !completedHere(sale)),
    hasDraft: (draftId) => sales.some((sale) => sale.draftId === draftId),
    waitingIn: (sessionId) =>
      sales.filter((sale) => sale.envelope.sessionId === sessionId && sale.state !== 'set_aside').length,
    stop() {
      stopped.abort();
      sender?.stop();
    },
  };
}

function shown(sale: StoredSale): QueuedSale {
  const { receipt } = sale.envelope;
  return {
    ticketId: sale.ticketId,
    at: sale.at,
    state: SHOWN[sale.state],
    attempts: sale.attempts,
    staffName: receipt.cashier_name,
    grandTotalUsd: receipt.grand_total_usd,
    payableKhr: receipt.payable_khr,
    problem: sale.problem,
  };
}
