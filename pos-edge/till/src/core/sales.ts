// Completing a sale.
//
// What happens, and what a crash after each step leaves behind:
// 1. The cart is priced once more at this moment; figures that are not those on the
//    screen stop here. Nothing is stored.
// 2. Ticket, body and receipt are written in one transaction, with the cart marked as
//    being sold. From here on the sale is completed without further taps: by this tab,
//    or by whichever finds it (queue.ts).
// 3. The body is posted, once, if the edge is reached. What the edge says decides
//    (queue/machine.ts): answered, refused, or unknown. Only unknown completes it here.
// 4. That is written, with the end of the cart. A crash between 3 and 4 repeats the
//    post under the same ticket, with the same bytes; the edge does it once.
import type * as wire from './api/schema';
import type { Client } from './api/client';
import type { CartPart } from './cart/cart';
import { wireCart, type CartRecord } from './cart/record';
import type { Clock } from './clock';
import { asResult } from './drawer';
import type { Engine } from '../engine';
import type { People } from './people';
import type { Ports } from './ports';
import { firstAttemptLock } from './queue/queue';
import { step, type Method, type SaleEvent } from './queue/machine';
import { post } from './queue/post';
import type { SaleEnvelope } from './queue/record';
import type { QueueStore } from './queue/store';
import { receiptHere } from './receipts';
import { no, ok, said } from './result';
import type { State } from './state';
import type { CatalogueView, Finalized, KhqrView, Offer, Person, Problem, ReceiptView, Result, Till } from './types';

/** How long a customer waits for the edge before the till completes the sale by itself. */
export const FIRST_PATIENCE_MS = 4_000;

export interface SaleEnds {
  readonly state: State;
  readonly ports: Pick<Ports, 'locks'>;
  readonly client: Client;
  readonly clock: Clock;
  readonly people: Pick<People, 'sellersToken' | 'tokenEnded'>;
  readonly cart: CartPart;
  readonly store: QueueStore;
  engine(): Engine | null;
  khqr(): KhqrView | null;
  /** Why nothing can be sold now. */
  refused(): Result<never> | null;
  mintTicket(): wire.TicketId;
  /** It is written: other tabs watch over it. */
  began(): void;
  /** What is stored changed: the queue and the cart are read again. */
  changed(): Promise<void>;
  /** The first attempt was refused: what this device knows may be old. */
  refusedByEdge(problem: Problem): void;
  /** It is complete, and the edge has it or this device keeps it. */
  done(finalized: Finalized, draftId: wire.DraftId): void;
}

/** A sale that is ready to be stored. */
interface Ready {
  readonly ticketId: wire.TicketId;
  readonly method: Method;
  readonly at: wire.Timestamp;
  readonly envelope: SaleEnvelope;
  /** The cart that it is of; another one by the time of storing is not sold. */
  readonly record: CartRecord;
}

export function createSales(ends: SaleEnds): { finalize(offer: Offer): Promise<Result<Finalized>> } {
  const { state, cart } = ends;
  let busy = false;

  return {
    async finalize(offer) {
      // A second tap while the first is under way.
      if (busy) return no('sale_in_progress', 'a sale is being completed');
      busy = true;
      try {
        const ready = offer.method === 'CASH' ? forCash(offer.received) : byKhqr();
        return ready.ok ? await complete(ready.value) : ready;
      } catch (error) {
        return no(isFull(error) ? 'device_storage_full' : 'device_storage_failed', said(error));
      } finally {
        busy = false;
      }
    },
  };

  function forCash(received: wire.Money): Result<Ready> {
    const about = context();
    if (!about.ok) return about;
    const engine = ends.engine();
    if (!engine) return no('engine_failed', 'the pricing engine is not here');
    const shown = cart.priced.value;
    const now = cart.priceNow();
    if (now.state === 'unpriced') return { ok: false, problem: now.problem };
    if (now.state === 'empty' || shown.state !== 'priced') return no('cart_empty', 'nothing is in the cart');
    if (JSON.stringify(now.totals) !== JSON.stringify(shown.totals)) {
      cart.tick();
      return no('figures_changed', 'a discount began or ended: look at the total again');
    }
    const tenderOffer: wire.TenderOffer = { method: 'CASH', received };
    const tender = asResult(engine.tender(now.totals, tenderOffer));
    if (!tender.ok) return tender;
    const { at, totals, catalogue } = now;
    const body: wire.FinalizeSale = {
      ...sold(about.value),
      tender: tenderOffer,
      shown: { catalogue, totals, at },
    };
    return ok(ready(about.value, ends.mintTicket(), 'CASH', at, body, { totals, tender: tender.value }));
  }

  /** The code's figures are sold; the edge has locked them. */
  function byKhqr(): Result<Ready> {
    const about = context();
    if (!about.ok) return about;
    const khqr = ends.khqr();
    if (!khqr) return no('khqr_no_code', 'there is no code for this cart');
    if (!khqr.current) return no('khqr_cart_changed', 'the cart is not the one of the code');
    if (!state.edgeLink.value.reachable) return no('khqr_needs_edge', 'the edge is not reached');
    const { code } = khqr;
    const received: wire.Money = { amount: code.amount, currency: code.currency };
    const body: wire.FinalizeSale = { ...sold(about.value), tender: { method: 'KHQR', received } };
    const change = code.currency === 'USD' ? '0.00' : '0';
    const tender: wire.Tender = { method: 'KHQR', currency: code.currency, received: code.amount, change };
    return ok(ready(about.value, code.ticket_id, 'KHQR', ends.clock.now(), body, { totals: code.totals, tender }));
  }

  interface Context {
    readonly till: Till;
    readonly me: Person;
    readonly session: wire.CashSession;
    readonly catalogue: CatalogueView;
  }

  function context(): Result<Context> {
    const why = ends.refused();
    if (why) return why;
    const till = state.till.value;
    const me = state.me.value;
    const session = state.session.value;
    const catalogue = state.catalogue.value;
    if (!till || !me) return no('not_logged_in', 'nobody is logged in here');
    if (!session) return no('session_needed', 'no cash session is open here');
    if (!catalogue) return no('catalogue_needed', 'there is no catalogue on this device');
    cart.moveToSession();
    return ok({ till, me, session, catalogue });
  }

  function sold({ till, session }: Context) {
    const record = cart.record.value;
    return {
      device_id: till.deviceId,
      cash_session_id: session.cash_session_id,
      draft_id: record.draftId,
      cart: wireCart(record),
    };
  }

  function ready(
    { till, me, session, catalogue }: Context,
    ticketId: wire.TicketId,
    method: Method,
    at: wire.Timestamp,
    body: wire.FinalizeSale,
    figures: { readonly totals: wire.Totals; readonly tender: wire.Tender },
  ): Ready {
    const receipt: ReceiptView = receiptHere({
      ...figures, ticketId, at,
      saleType: body.cart.sale_type,
      seller: catalogue.document.seller,
      cashierName: me.name,
    });
    const envelope = {
      body: JSON.stringify(body),
      deviceId: till.deviceId,
      staffId: me.staffId,
      sessionId: session.cash_session_id,
      receipt,
    };
    return { ticketId, method, at, envelope, record: cart.record.value };
  }

  async function complete(sale: Ready): Promise<Result<Finalized>> {
    let result: Result<Finalized> = no('device_storage_failed', 'the browser gave no lock');
    // While it is held, no other tab takes the sale for one that was cut off.
    await ends.ports.locks.request(firstAttemptLock(sale.ticketId), {}, async () => {
      result = await firstAttempt(sale);
    });
    return result;
  }

  async function firstAttempt(sale: Ready): Promise<Result<Finalized>> {
    const { ticketId, method, at, envelope, record } = sale;
    const { draftId } = record;
    await cart.settled();
    const meta = { ticketId, state: 'stored', method, draftId, at, attempts: 0, problem: null } as const;
    if (!(await ends.store.begin(meta, envelope, record))) {
      await ends.changed();
      return no('another_tab', 'another tab sells this cart, or has sold it');
    }
    cart.record.value = { ...record, selling: ticketId };
    ends.began();
    const { event, answer } = await attempt(sale);
    const taken = step('stored', method, event);
    await ends.store.move(ticketId, 'stored', taken);
    await ends.changed();
    if (event.is === 'refused' && taken.to === 'gone' && taken.why === 'refused') {
      ends.refusedByEdge(event.problem);
      return { ok: false, problem: event.problem };
    }
    const inQueue = taken.to !== 'gone';
    const receipt: ReceiptView = answer
      ? { ...envelope.receipt, source: 'edge', sale_id: answer.sale_id, finalized_at: answer.finalized_at }
      : envelope.receipt;
    const finalized: Finalized = { ticketId, queued: inQueue, receipt };
    ends.done(finalized, draftId);
    return taken.to === 'unsure'
      ? no('khqr_answer_missing', `${ticketId} was paid; the edge's answer is missing and is asked for`)
      : ok(finalized);
  }

  async function attempt(sale: Ready): Promise<{ event: SaleEvent; answer: wire.SaleReceipt | null }> {
    const token = ends.people.sellersToken(sale.envelope);
    if (!token || !state.edgeLink.value.reachable) {
      return { event: { is: 'unknown', problem: no('edge_unreachable', 'not reached').problem }, answer: null };
    }
    const posted = await post(ends.client, {
      sale: { ...sale, state: 'stored' },
      token,
      patienceMs: FIRST_PATIENCE_MS,
    });
    const { event } = posted;
    if (event.is === 'refused' && event.problem.code === 'not_logged_in') {
      await ends.people.tokenEnded(token);
    }
    return { event, answer: posted.sale };
  }
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}
