// The core as the screens have it: signals that are there from the first moment, and
// acts that wait until this device was read.
//
// Guarantees: nothing throws; before `start` has read this device, `phase` is
// `starting` and nothing can be sold. A browser that keeps nothing is told in
// `failure`, and the page does not pretend to sell on it.
import { computed, effect, signal } from '@preact/signals';
import { createClient } from './api/client';
import { assemble, type Parts } from './assemble';
import { wireCart } from './cart/record';
import { createClock, type Clock } from './clock';
import { asResult } from './drawer';
import { createLink, type Link } from './live/link';
import type { Ports } from './ports';
import { no, ok, said } from './result';
import { createState } from './state';
import { openDatabase } from './storage/database';
import type { CartView, Core, HistoryView, Priced, Result, Selling } from './types';

const NO_CART: CartView = { lines: [], saleType: 'DINE_IN', itemCount: 0, draftId: '' };
const NO_HISTORY: HistoryView = { filters: {}, rows: [], loading: false, more: false, problem: null };
const NOBODY: Selling = { can: false, why: 'not_logged_in' };
const NOT_READ = no('device_storage_failed', 'this device was not read');
const CLOCK = 'clock';

export interface RunningCore {
  readonly core: Core;
  /** As if the tab was closed. */
  stop(): void;
}

export function createCore(ports: Ports): RunningCore {
  const state = createState(ports.now());
  const parts = signal<Parts | null>(null);
  let keepOffset = (_offset: number) => {};
  const clock: Clock = createClock(() => ports.now(), (offset) => keepOffset(offset));
  const link: Link = createLink(state, clock);
  const client = createClient(ports, clock, (heard) => link.heard(heard));
  let opening: Promise<void> | null = null;

  async function open(): Promise<void> {
    if (!ports.isSecure) {
      state.failure.value = no('insecure_page', 'open the page over HTTPS, or on localhost').problem;
      return;
    }
    try {
      const database = await openDatabase(ports.database, () => {
        state.failure.value = no('device_storage_failed', 'the browser closed the storage of this page').problem;
      });
      const offset = await database.get('documents', CLOCK);
      if (typeof offset === 'number') clock.begin(offset);
      keepOffset = (now) => void database.put('documents', now, CLOCK).catch(() => undefined);
      const assembled = await assemble({ ports, state, clock, client, link, database });
      parts.value = assembled;
      ports.pages?.watch(() => {
        state.pageUpdate.value = 'ready';
      });
      // Nobody is logged in, so nobody is interrupted.
      effect(() => {
        const nobody = state.phase.value === 'locked' || state.phase.value === 'unpaired';
        if (state.pageUpdate.value === 'ready' && nobody) core.applyPageUpdate();
      });
      await assembled.begin();
    } catch (error) {
      state.failure.value = no('device_storage_failed', said(error)).problem;
    }
  }

  /** An act of a part, once this device was read. */
  async function act<T>(how: (parts: Parts) => Promise<Result<T>> | Result<T>): Promise<Result<T>> {
    if (!parts.value) await opening;
    if (!parts.value) return NOT_READ;
    try {
      return await how(parts.value);
    } catch (error) {
      return no('device_storage_failed', said(error));
    }
  }

  function now<T>(how: (parts: Parts) => Result<T>): Result<T> {
    return parts.value ? how(parts.value) : NOT_READ;
  }

  const engine = () => parts.value?.catalogue.engine.value ?? null;
  const noEngine = no('engine_failed', 'the pricing engine is not here');
  const priced = computed<Priced>(() => parts.value?.cart.priced.value ?? { state: 'empty' });

  const core: Core = {
    phase: state.phase,
    failure: state.failure,
    till: state.till,
    me: state.me,
    edgeLink: state.edgeLink,
    sync: state.sync,
    catalogue: state.catalogue,
    stock: state.stock,
    session: state.session,
    selling: computed(() => parts.value?.selling.value ?? NOBODY),
    cart: computed(() => parts.value?.cart.cart.value ?? NO_CART),
    priced,
    khqr: computed(() => parts.value?.khqr.view.value ?? null),
    orders: state.orders,
    voidRequests: state.voidRequests,
    heldSales: state.heldSales,
    notifications: state.notifications,
    queue: state.queue,
    room: computed(() => {
      const sync = state.sync.value;
      const edge = sync && { level: sync.storageLevel, ticketsLeft: sync.ticketsLeft, freeBytes: sync.freeBytes };
      return { device: state.deviceRoom.value, edge };
    }),
    receipt: state.receipt,
    history: computed(() => parts.value?.history.view.value ?? NO_HISTORY),
    drafts: state.drafts,
    pageUpdate: state.pageUpdate,

    start() {
      opening ??= open();
      return opening;
    },

    pair: (deviceId, code) => act(({ people }) => people.pair(deviceId, code)),
    logIn: (staffId, pin) => act(({ people }) => people.logIn(staffId, pin)),
    logOut: () => act(({ people }) => people.logOut()),

    openSession: (usd, khr) => act(({ drawer }) => drawer.open(usd, khr)),
    closeSession: (counted, id) => act(({ drawer }) => drawer.close(counted, id)),
    moveCash: (movement) => act(({ drawer }) => drawer.move(movement)),
    xReport: (id) => act(({ drawer }) => drawer.x(id)),
    zReport: (id) => act(({ drawer }) => drawer.z(id)),
    loadMovements: (before) => act(({ drawer }) => drawer.movements(before)),
    loadSessions: () => act(({ drawer }) => drawer.sessions()),
    notes: (currency) => engine()?.notes(currency) ?? [],
    countNotes(currency, notes) {
      const found = engine();
      return found ? asResult(found.countNotes(currency, notes)) : noEngine;
    },
    countDrawer(report, counted) {
      const found = engine();
      return found ? asResult(found.countDrawer(report, counted.counted_usd, counted.counted_khr)) : noEngine;
    },

    addToCart: (item, addOns = [], quantity = 1) => now(({ cart }) => cart.add(item, addOns, quantity)),
    setQuantity: (lineId, quantity) => now(({ cart }) => cart.setQuantity(lineId, quantity)),
    removeLine: (lineId) => now(({ cart }) => cart.remove(lineId)),
    clearCart: () => now(({ cart }) => cart.clear()),
    setSaleType: (saleType) => now(({ cart }) => cart.setSaleType(saleType)),

    quickCash(currency) {
      const shown = priced.value;
      const found = engine();
      if (shown.state !== 'priced' || !found) return [];
      return found.quickAmounts(shown.totals, currency).map((amount) => ({ amount, currency }));
    },
    tryTender(received) {
      const shown = priced.value;
      const found = engine();
      if (!found) return noEngine;
      if (shown.state === 'empty') return no('cart_empty', 'nothing is in the cart');
      if (shown.state === 'unpriced') return { ok: false, problem: shown.problem };
      return asResult(found.tender(shown.totals, { method: 'CASH', received }));
    },
    makeKhqr: (currency) => act(({ khqr }) => khqr.make(currency)),
    checkKhqr: () => act(({ khqr }) => khqr.check()),
    dropKhqr: () => parts.value?.khqr.drop(),
    finalize: (offer) => act((all) => all.finalize(offer)),

    printReceipt: (ticketId, wishes = {}) => act(({ receipts }) => receipts.print(ticketId, wishes)),
    openReceipt: (ticketId) => act(({ receipts }) => receipts.open(ticketId)),
    closeReceipt: () => parts.value?.receipts.close(),
    loadHistory: (filters = {}) => act(({ history }) => history.load(filters)),
    loadMoreHistory: () => act(({ history }) => history.more()),

    moveOrder: (id, to) => act(({ desk }) => desk.moveOrder(id, to)),
    requestVoid: (ticketId, reason) => act(({ desk }) => desk.requestVoid(ticketId, reason)),
    approveVoid: (id, note) => act(({ desk }) => desk.approveVoid(id, note)),
    rejectVoid: (id, reason) => act(({ desk }) => desk.rejectVoid(id, reason)),
    loadDecidedVoids: () => act(({ desk }) => desk.decidedVoids()),
    acceptHeld: (ticketId, sessionId) => act(({ desk }) => desk.acceptHeld(ticketId, sessionId)),
    rejectHeld: (ticketId, reason) => act(({ desk }) => desk.rejectHeld(ticketId, reason)),
    markSeen: (id) => act(({ desk }) => desk.markSeen(id)),

    resumeDraft: () => now(({ drafts }) => drafts.resume()),
    discardDraft: () => act(({ drafts }) => drafts.discard()),

    sendQueueNow: () => parts.value?.sendAll(),
    applyPageUpdate() {
      const record = parts.value?.cart.record.value;
      if (record && (record.selling !== null || wireCart(record).lines.length > 0)) {
        return no('sale_in_progress', 'something is in the cart');
      }
      ports.pages?.use();
      return ok(null);
    },
  };
  return { core, stop: () => parts.value?.stop() };
}
