// The cart of this till: what is in it, and what it costs.
//
// Guarantees: a change shows at once and is stored right after; a reload or a crash
// loses at most the last tap. Each cart has its own draft id, and a sale ends it: a
// tab that shows a cart which another tab sold drops it and shows the one that is
// stored. While a sale is being completed from it, it does not change. A price is the
// engine's, with the catalogue that this device has, and nobody else's.
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type * as wire from '../api/schema';
import type { Loaded } from '../catalogue';
import type { Clock } from '../clock';
import { no, ok } from '../result';
import type { State } from '../state';
import { STRICT, type Database } from '../storage/database';
import type { CartLineView, CartView, Priced, ProblemCode, Result, Selling } from '../types';
import { CART, emptyCart, wireCart, type CartRecord, type CartRecordLine } from './record';

const MOST_OF_ONE = 9_999;

export interface CartEnds {
  readonly state: State;
  readonly database: Database;
  readonly loaded: ReadonlySignal<Loaded | null>;
  readonly clock: Clock;
  readonly selling: ReadonlySignal<Selling>;
  freshId(): string;
  /** Told after this tab stored a change. */
  stored(): void;
  /** The browser's storage failed. */
  storageFailed(error: unknown): void;
}

export interface CartPart {
  readonly record: Signal<CartRecord>;
  readonly cart: ReadonlySignal<CartView>;
  readonly priced: ReadonlySignal<Priced>;
  /** What is stored, at the start or after another tab's change. */
  load(): Promise<void>;
  /** Resolves when the last change is stored. */
  settled(): Promise<void>;
  /** Prices again: a discount may have begun or ended. */
  tick(): void;
  /** The figures at this moment, apart from what is shown. */
  priceNow(): Priced;
  /** A cart that was begun in a session which is over goes on in the one that is open. */
  moveToSession(): void;
  replace(record: CartRecord): void;
  add(item: wire.MenuItemId, addOns: readonly wire.AddOnId[], quantity: number): Result<CartLineView>;
  setQuantity(lineId: string, quantity: number): Result<null>;
  remove(lineId: string): Result<null>;
  clear(): Result<null>;
  setSaleType(saleType: wire.SaleType): Result<null>;
}

export function createCart(ends: CartEnds): CartPart {
  const { state } = ends;
  const record = signal(emptyCart(ends.freshId()));
  const ticks = signal(0);

  const items = computed(() => {
    const document = state.catalogue.value?.document;
    return new Map((document?.items ?? []).map((item) => [item.menu_item_id, item]));
  });

  /** Another person's cart is not shown: it is an unfinished draft. */
  const mine = computed(() => {
    const { owner } = record.value;
    return owner === null || owner.staffId === state.me.value?.staffId;
  });

  const cart = computed<CartView>(() => {
    const now = record.value;
    const lines = mine.value ? now.lines.map(view) : [];
    return {
      lines,
      saleType: now.saleType,
      itemCount: lines.reduce((count, line) => count + line.quantity, 0),
      draftId: now.draftId,
    };
  });

  function view(line: CartRecordLine): CartLineView {
    const item = items.value.get(line.menuItemId);
    const addOns = line.addOnIds.flatMap((id) => item?.add_ons.find((one) => one.add_on_id === id) ?? []);
    return {
      lineId: line.lineId,
      menuItemId: line.menuItemId,
      name: item?.name ?? line.name,
      addOns,
      quantity: line.quantity,
      onMenu: item !== undefined && addOns.length === line.addOnIds.length,
    };
  }

  function priceNow(): Priced {
    const now = record.value;
    if (!mine.value || now.lines.length === 0) return { state: 'empty' };
    const loaded = ends.loaded.value;
    if (!loaded) return { state: 'unpriced', problem: no('catalogue_needed', 'no catalogue, or no engine').problem };
    const at = ends.clock.now();
    const totals = loaded.engine.price(loaded.handle, wireCart(now), at);
    if (!totals.ok) {
      const problem = { code: totals.code as ProblemCode, detail: totals.detail };
      return { state: 'unpriced', problem };
    }
    return { state: 'priced', totals: totals.value, catalogue: loaded.reference, at };
  }

  const priced = computed<Priced>(() => {
    void ticks.value;
    return priceNow();
  });

  // One write at a time, always of the newest.
  let writing: Promise<void> | null = null;
  let dirty = false;
  /** The cart that this tab knows to be stored: another one there is another tab's doing. */
  let base: wire.DraftId | null = null;
  function store(): Promise<void> {
    dirty = true;
    writing ??= write().finally(() => {
      writing = null;
    });
    return writing;
  }

  async function write(): Promise<void> {
    while (dirty) {
      dirty = false;
      try {
        const mine = record.value;
        const kept = await storeIfOurs(ends.database, mine, base);
        base = kept?.draftId ?? mine.draftId;
        if (kept) record.value = kept;
        else ends.stored();
      } catch (error) {
        ends.storageFailed(error);
      }
    }
  }

  function change(next: Partial<CartRecord>): void {
    const now = record.value;
    record.value = { ...now, ...next, revision: now.revision + 1 };
    void store();
  }

  function refused(): ReturnType<typeof no> | null {
    const selling = ends.selling.value;
    if (selling.can) return null;
    return no(selling.why, 'the cart cannot be used now');
  }

  function changeLines(lines: readonly CartRecordLine[]): void {
    const owner = lines.length > 0 ? ownerNow() : null;
    change({ lines, owner, draftId: draftFor(owner) });
  }

  function ownerNow(): CartRecord['owner'] {
    const { me, session } = state;
    return me.value && session.value ? { staffId: me.value.staffId, sessionId: session.value.cash_session_id } : null;
  }

  /** A draft belongs to one session: in another one the same cart is another draft. */
  function draftFor(owner: CartRecord['owner']): wire.DraftId {
    const now = record.value;
    const moved = now.owner !== null && owner !== null && now.owner.sessionId !== owner.sessionId;
    return moved ? ends.freshId() : now.draftId;
  }

  const part: CartPart = {
    record,
    cart,
    priced,
    priceNow,

    async load() {
      // A change of this tab is on its way: it finds out by itself.
      if (writing) return writing;
      const kept = await ends.database.get('cart', CART);
      if (writing) return writing;
      if (!kept) return store();
      base = kept.draftId;
      record.value = kept;
    },

    async settled() {
      await writing;
    },

    tick() {
      if (record.value.lines.length > 0) ticks.value += 1;
    },

    moveToSession() {
      const owner = ownerNow();
      const now = record.value;
      if (!mine.value || !now.owner || !owner || now.owner.sessionId === owner.sessionId) return;
      change({ owner, draftId: draftFor(owner) });
    },

    replace(next) {
      record.value = next;
      void store();
    },

    add(itemId, addOnIds, quantity) {
      const why = refused();
      if (why) return why;
      if (!mine.value) return no('draft_of_another_context', 'another person began this cart');
      const item = items.value.get(itemId);
      if (!item) return no('unknown_item', `${itemId} is not on the menu`);
      if (addOnIds.some((id) => !item.add_ons.some((one) => one.add_on_id === id))) {
        return no('unknown_item', 'an add-on is not offered with it');
      }
      const sorted = [...addOnIds].sort();
      const lines = record.value.lines;
      const same = lines.find((line) => line.menuItemId === itemId && sameIds(line.addOnIds, sorted));
      const total = (same?.quantity ?? 0) + quantity;
      if (!isQuantity(quantity) || !isQuantity(total)) return no('invalid_quantity', `${total} is not 1 to ${MOST_OF_ONE}`);
      const line = same
        ? { ...same, quantity: total }
        : { lineId: ends.freshId(), menuItemId: itemId, addOnIds: sorted, quantity, name: item.name };
      changeLines(same ? lines.map((one) => (one === same ? line : one)) : [...lines, line]);
      return ok(view(line));
    },

    setQuantity(lineId, quantity) {
      if (quantity === 0) return part.remove(lineId);
      const why = refused();
      if (why) return why;
      if (!isQuantity(quantity)) return no('invalid_quantity', `${quantity} is not 1 to ${MOST_OF_ONE}`);
      changeLines(record.value.lines.map((line) => (line.lineId === lineId ? { ...line, quantity } : line)));
      return ok(null);
    },

    remove(lineId) {
      const why = refused();
      if (why) return why;
      changeLines(record.value.lines.filter((line) => line.lineId !== lineId));
      return ok(null);
    },

    clear() {
      const why = refused();
      if (why) return why;
      part.replace({ ...emptyCart(ends.freshId(), record.value.saleType), revision: 0 });
      return ok(null);
    },

    setSaleType(saleType) {
      if (record.value.selling !== null) return no('sale_in_progress', 'a sale is being completed');
      change({ saleType });
      return ok(null);
    },
  };
  return part;
}

/** Stores a cart, unless what is stored is being sold or is not the one that it
 *  follows: then another tab was here, and the answer is what is stored. */
async function storeIfOurs(
  database: Database,
  record: CartRecord,
  base: wire.DraftId | null,
): Promise<CartRecord | null> {
  const transaction = database.transaction('cart', 'readwrite', STRICT);
  const kept = await transaction.store.get(CART);
  const theirs = kept !== undefined && (kept.selling !== null || kept.draftId !== base);
  if (!theirs) await transaction.store.put(record, CART);
  await transaction.done;
  return theirs ? kept : null;
}

function isQuantity(quantity: number): boolean {
  return Number.isInteger(quantity) && quantity >= 1 && quantity <= MOST_OF_ONE;
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
