// Sales on this device, durably.
//
// Guarantees: each function is one transaction with strict durability. `begin` writes
// a sale and marks its cart as being sold, or neither; a cart is sold once, also by two
// tabs at once. `move` takes a step only from the state that it was decided for, so
// that two tabs never take it twice; it ends the cart in the same transaction. What
// cannot be decrypted is kept and counted.
import type { TicketId } from '../api/schema';
import { CART, emptyCart, type CartRecord } from '../cart/record';
import type { Crypt } from '../storage/crypt';
import { whole, type Database } from '../storage/database';
import type { KeptState, Step } from './machine';
import type { QueueMeta, QueueRecord, SaleEnvelope } from './record';

export interface StoredSale extends QueueMeta {
  readonly seq: number;
  readonly envelope: SaleEnvelope;
}

export interface QueueContents {
  /** In their order. */
  readonly sales: readonly StoredSale[];
  readonly unreadable: readonly TicketId[];
}

export interface QueueStore {
  /** `false`: that cart is sold, or being sold, or is another by now; nothing was written. */
  begin(meta: QueueMeta, envelope: SaleEnvelope, cart: CartRecord): Promise<boolean>;
  /** `false`: it is not in that state any more; nothing was changed. */
  move(ticketId: TicketId, from: KeptState, step: Step): Promise<boolean>;
  read(): Promise<QueueContents>;
}

export function createQueueStore(database: Database, crypt: Crypt, freshId: () => string): QueueStore {
  // Envelopes never change: each is decrypted once.
  const opened = new Map<TicketId, SaleEnvelope>();

  async function envelope(record: QueueRecord): Promise<SaleEnvelope | null> {
    const known = opened.get(record.ticketId);
    if (known) return known;
    try {
      const read = (await crypt.open(record.ticketId, record.sealed)) as SaleEnvelope;
      opened.set(record.ticketId, read);
      return read;
    } catch {
      return null;
    }
  }

  return {
    async begin(meta, sale, cart) {
      const sealed = await crypt.seal(meta.ticketId, sale);
      const begun = await whole(database, ['queue', 'cart'], async (transaction) => {
        const carts = transaction.objectStore('cart');
        const kept = await carts.get(CART);
        const isOld = kept && (kept.draftId !== cart.draftId || kept.revision > cart.revision);
        if (isOld || (kept && kept.selling !== null)) return false;
        await transaction.objectStore('queue').add({ ...meta, sealed });
        await carts.put({ ...cart, selling: meta.ticketId }, CART);
        return true;
      });
      if (!begun) return false;
      opened.set(meta.ticketId, sale);
      return true;
    },

    async move(ticketId, from, step) {
      const moved = await whole(database, ['queue', 'cart'], async (transaction) => {
        const queue = transaction.objectStore('queue');
        const record = await queue.index('ticket').get(ticketId);
        if (record?.seq === undefined || record.state !== from) return false;
        if (step.to === 'gone') await queue.delete(record.seq);
        else await queue.put({ ...record, state: step.to, problem: step.problem, attempts: record.attempts + 1 });
        if (from !== 'stored' || step.to === 'stored') return true;
        const carts = transaction.objectStore('cart');
        const cart = await carts.get(CART);
        if (cart?.selling === ticketId) await carts.put(after(step, cart), CART);
        return true;
      });
      if (!moved) return false;
      if (step.to === 'gone') opened.delete(ticketId);
      return true;
    },

    async read() {
      const records = await database.getAll('queue');
      const sales: StoredSale[] = [];
      const unreadable: TicketId[] = [];
      for (const record of records) {
        const { sealed: _, seq, ...meta } = record;
        const read = await envelope(record);
        if (read && seq !== undefined) sales.push({ ...meta, seq, envelope: read });
        else unreadable.push(record.ticketId);
      }
      return { sales, unreadable };
    },
  };

  /** A refused sale gives its cart back; a complete one ends it. */
  function after(step: Step, cart: CartRecord): CartRecord {
    const refused = step.to === 'gone' && step.why === 'refused';
    return refused ? { ...cart, selling: null } : emptyCart(freshId(), cart.saleType);
  }
}
