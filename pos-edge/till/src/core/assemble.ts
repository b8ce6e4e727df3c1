// Puts the parts of the core together: who tells whom what.
//
// At the start everything is read from this device first, so that the page sells
// without the edge; then the stream begins, and each time it begins all lists are read
// again. What another tab stored is read when it says so.
import { computed, effect, type ReadonlySignal } from '@preact/signals';
import type * as wire from './api/schema';
import { createActs } from './api/acts';
import type { Client } from './api/client';
import { createCart, type CartPart } from './cart/cart';
import { createDrafts, type Drafts } from './cart/drafts';
import { createCatalogue, type Catalogue } from './catalogue';
import type { Clock } from './clock';
import { createDesk, type Desk } from './desk';
import { createDrawer, type Drawer } from './drawer';
import { createHistory, type History } from './history';
import { mintTicket } from './ids';
import { createKhqr, type Khqr } from './khqr';
import type { Link } from './live/link';
import { createStream, type Stream } from './live/stream';
import { apply, type UpdateEnds } from './live/updates';
import { createPeople, type People, type Where } from './people';
import type { Ports } from './ports';
import { createQueue, type Queue } from './queue/queue';
import { createQueueStore } from './queue/store';
import { createReceipts, type Receipts } from './receipts';
import { createRoom, type RoomPart } from './room';
import { no } from './result';
import { createSales } from './sales';
import type { State } from './state';
import type { Database } from './storage/database';
import { openCrypt } from './storage/crypt';
import { createVault } from './storage/vault';
import type { Finalized, Offer, Result, Selling } from './types';

/** How often a discount with hours may begin or end on the screen. */
const TICK_MS = 15_000;
/** How long a close waits for the sales of this device. */
const DRAIN_MS = 10_000;

export interface World {
  readonly ports: Ports;
  readonly state: State;
  readonly clock: Clock;
  readonly client: Client;
  readonly link: Link;
  readonly database: Database;
}

export interface Parts {
  readonly people: People;
  readonly catalogue: Catalogue;
  readonly cart: CartPart;
  readonly drafts: Drafts;
  readonly drawer: Drawer;
  readonly desk: Desk;
  readonly history: History;
  readonly receipts: Receipts;
  readonly khqr: Khqr;
  readonly queue: Queue;
  readonly stream: Stream;
  readonly room: RoomPart;
  readonly selling: ReadonlySignal<Selling>;
  finalize(offer: Offer): Promise<Result<Finalized>>;
  /** Tries the queue now, also what was set aside, whichever tab sends it. */
  sendAll(): void;
  /** Resolves when this device was read; then it begins to talk to the edge. */
  begin(): Promise<void>;
  stop(): void;
}

/** What tabs tell each other: that they stored something, or that somebody asks for all
 *  sales to be sent, by whichever tab sends. */
type Told = 'secrets' | 'queue' | 'cart' | 'catalogue' | 'session' | 'send';

export async function assemble(world: World): Promise<Parts> {
  const { ports, state, clock, client, link, database } = world;
  const crypt = await openCrypt(database, ports.crypto);
  const vault = createVault(database, crypt);
  const acts = createActs(client, database, ports.crypto, () => ports.now());
  const freshId = () => ports.crypto.randomUUID();
  const store = createQueueStore(database, crypt, freshId);
  const tell = (what: Told) => ports.channel.post(what);
  const newTicket = () => mintTicket(ports.crypto, clock.nowMs(), state.till.value?.deviceId ?? '');
  const storageFailed = (error: unknown) => {
    state.failure.value = no('device_storage_failed', String(error)).problem;
  };

  const people = createPeople({
    state, client, acts, vault,
    needsLogin: (staffId) => queue.needsLoginOf(staffId),
    changed: (where) => peopleChanged(where),
  });
  const catalogue = createCatalogue({
    state, ports, database, people, clock,
    changed(stored) {
      people.rename();
      if (stored) tell('catalogue');
    },
  });

  const selling = computed<Selling>(() => {
    const why =
      state.me.value === null ? 'not_logged_in'
      : state.session.value === null ? 'session_needed'
      : state.catalogue.value === null ? 'catalogue_needed'
      : catalogue.engineProblem.value !== null ? 'engine_failed'
      : cart.record.value.selling !== null ? 'sale_in_progress'
      : state.deviceRoom.value?.salesLeft === 0 ? 'device_storage_full'
      : null;
    return why === null ? { can: true } : { can: false, why };
  });
  const refused = (): Result<never> | null =>
    selling.value.can ? null : no(selling.value.why, 'nothing can be sold now');

  const cart: CartPart = createCart({
    state, database, loaded: catalogue.loaded, clock, selling, freshId, storageFailed,
    stored() {
      tell('cart');
      drafts.changed();
    },
  });
  const drafts: Drafts = createDrafts({
    state, ports, people, cart, freshId,
    isSold: (draftId) => queue.hasDraft(draftId),
  });
  const desk = createDesk(state, people);
  const history = createHistory(state, people);
  const receipts = createReceipts({ state, people, onDevice: (ticketId) => queue.receiptOf(ticketId) });
  const room = createRoom(state, ports.storage);
  const khqr = createKhqr({ state, database, people, cart, mintTicket: newTicket, refused });

  const queue: Queue = createQueue({
    state, ports, client, people, store, storageFailed,
    changed: () => tell('queue'),
    read(begun) {
      // Whatever failed before: the browser's storage answers.
      state.failure.value = null;
      // The cart was read before its sale was over.
      const { selling: ticketId } = cart.record.value;
      if (ticketId !== null && !begun.includes(ticketId)) void cart.load().catch(storageFailed);
    },
    moved(sale, taken) {
      const kept = taken.to === 'set_aside' || (taken.to === 'gone' && taken.why === 'held');
      if (kept) drafts.over(sale.draftId);
      if (taken.to !== 'gone') return;
      receipts.changed(sale.ticketId);
      void history.changed(sale.ticketId);
      drafts.retry();
      void people.settle();
      void room.refresh();
    },
    ended(sale, completedHere) {
      void cart.load().catch(storageFailed);
      const isMine = sale.envelope.staffId === state.me.value?.staffId;
      if (completedHere && isMine) receipts.show(sale.envelope.receipt);
    },
  });

  const drawer = createDrawer({
    state, database, people, drain,
    flushDraft: () => drafts.flush(),
    changed: () => tell('session'),
  });

  const sales = createSales({
    state, ports, client, clock, people, cart, store, refused,
    engine: () => catalogue.engine.value,
    khqr: () => khqr.view.value,
    mintTicket: newTicket,
    began: () => tell('queue'),
    async changed() {
      await Promise.all([queue.refresh(), cart.load()]);
      tell('queue');
    },
    refusedByEdge({ code }) {
      if (code === 'figures_changed' || code === 'invalid_cart') void catalogue.refresh();
      if (code === 'no_open_session') void drawer.refresh();
    },
    done(finalized, draftId) {
      receipts.show(finalized.receipt);
      khqr.drop();
      drafts.sold(draftId);
      if (finalized.queued) queue.wake('new');
      void room.refresh();
    },
  });

  const updates: UpdateEnds = {
    sync(status) {
      if (status.storageLevel !== state.sync.value?.storageLevel) void desk.refreshNotifications();
      state.sync.value = status;
      catalogue.heed(status.catalogue);
    },
    sale(ticketId) {
      void desk.refreshOrders();
      void desk.refreshStock();
      void history.changed(ticketId);
      receipts.changed(ticketId);
    },
    numbered(ticketId, invoiceNo) {
      history.numbered(ticketId, invoiceNo);
      receipts.changed(ticketId);
    },
    session(sessionId, closed) {
      if (closed) {
        drawer.closed(sessionId);
        void desk.refreshVoids();
      }
      void drawer.refresh();
    },
    order: () => void desk.refreshOrders(),
    held: () => void desk.refreshHeld(),
    voided(ticketId, decided) {
      void desk.refreshVoids();
      void desk.refreshNotifications();
      void desk.refreshOrders();
      if (decided) void desk.refreshStock();
      void history.changed(ticketId);
      receipts.changed(ticketId);
    },
  };

  const stream = createStream({
    ports,
    token: () => people.token(),
    opened() {
      link.heard(true);
      refreshAll();
    },
    told: (event) => apply(event, updates),
    lost(status, token) {
      link.heard(status !== null);
      if (status === 401) void people.tokenEnded(token);
      if (status === 403) void people.pairingEnded(token);
    },
  });

  function refreshAll(): void {
    if (!state.catalogue.value) void catalogue.refresh();
    void desk.refreshStock();
    if (!state.me.value) return;
    void drawer.refresh();
    void desk.refreshOrders();
    void desk.refreshVoids();
    void desk.refreshHeld();
    void desk.refreshNotifications();
  }

  /** Somebody came or went. */
  function peopleChanged(where: Where): void {
    if (where === 'start') return;
    if (where === 'here') tell('secrets');
    desk.clear();
    history.clear();
    state.receipt.value = null;
    state.session.value = null;
    void (async () => {
      await drawer.load();
      stream.restart();
      if (state.phase.value === 'unpaired') return;
      if (!state.catalogue.value) await catalogue.refresh();
      if (!state.me.value) return;
      await drawer.refresh();
      await drafts.look(where === 'here');
      if (where === 'here') sendAll();
      await room.persist();
    })().catch(storageFailed);
  }

  /** Sends what this device has of a session, for a while. */
  async function drain(sessionId: wire.CashSessionId): Promise<void> {
    if (queue.waitingIn(sessionId) === 0 || !state.edgeLink.value.reachable) return;
    sendAll();
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        // An effect cannot end itself while it begins.
        queueMicrotask(() => over());
        resolve();
      };
      const cancel = ports.after(DRAIN_MS, done);
      const over = effect(() => {
        void state.queue.value;
        if (queue.waitingIn(sessionId) === 0 || !state.edgeLink.value.reachable) done();
      });
    });
  }

  function sendAll(): void {
    queue.wake('all');
    tell('send');
  }

  function hear(what: unknown): void {
    switch (what as Told) {
      case 'secrets': return void people.load('elsewhere').catch(storageFailed);
      case 'catalogue': return void catalogue.load().catch(storageFailed);
      case 'session': return void drawer.load().catch(storageFailed);
      case 'cart': return void cart.load().catch(storageFailed);
      case 'send': return queue.wake('all');
      case 'queue':
        void Promise.all([queue.refresh(), cart.load()]).catch(storageFailed);
        queue.wake('new');
    }
  }

  let ticking = () => {};
  function tick(): void {
    cart.tick();
    ticking = ports.after(TICK_MS, tick);
  }

  return {
    people, catalogue, cart, drafts, drawer, desk, history, receipts, khqr, queue, stream, room, selling,
    finalize: (offer) => sales.finalize(offer),
    sendAll,

    async begin() {
      // What other tabs store while this one reads is read again afterwards.
      const early = new Set<unknown>();
      let listening: (what: unknown) => void = (what) => early.add(what);
      ports.channel.listen((what) => listening(what));
      const engine = catalogue.loadEngine();
      await catalogue.load();
      await cart.load();
      await people.load('start');
      await Promise.all([drawer.load(), khqr.load()]);
      await queue.start();
      listening = hear;
      early.forEach(hear);
      link.onBack(() => {
        stream.wake();
        queue.wake('edge');
        drafts.retry();
        void people.settle();
      });
      link.onLost(() => stream.restart());
      ports.onAwake(() => {
        stream.wake();
        queue.wake('edge');
        void catalogue.loadEngine();
        void room.refresh();
      });
      stream.restart();
      tick();
      void acts.tidy().catch(storageFailed);
      await Promise.all([engine, room.refresh()]);
      // What needs the edge goes on by itself.
      if (state.me.value) void drafts.look(false).then(() => room.persist()).catch(storageFailed);
    },

    stop() {
      ticking();
      stream.stop();
      queue.stop();
    },
  };
}
