// What this till keeps in the browser: one IndexedDB database.
//
// Guarantees: every write that a sale depends on is one transaction with
// `durability: 'strict'`: when its promise resolves, it is on the disk, and a crash at
// any moment leaves all of it or nothing. Sales and tokens are encrypted by
// crypt.ts; what is in the clear (cart, catalogue, states and times of sales) names no
// customer.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { CartRecord } from '../cart/record';
import type { QueueRecord } from '../queue/record';
import type { Sealed } from './crypt';

export interface TillDatabase extends DBSchema {
  /** The one key; it cannot be read out of the browser. */
  keys: { key: string; value: CryptoKey };
  /** Tokens and who is logged in. */
  vault: { key: string; value: Sealed };
  /** Sales that the edge does not have yet, in the order in which they were made. */
  queue: { key: number; value: QueueRecord; indexes: { ticket: string } };
  /** The cart, one for this till. */
  cart: { key: string; value: CartRecord };
  /** Documents of the edge by name, as it sent them. */
  documents: { key: string; value: unknown };
  /** Idempotency keys of acts that are not known to be done. */
  acts: { key: string; value: { readonly key: string; readonly at: number } };
}

export type Database = IDBPDatabase<TillDatabase>;

export const VERSION = 1;

/** For what a sale depends on. */
export const STRICT = { durability: 'strict' } as const;

export function openDatabase(name: string, closing: () => void): Promise<Database> {
  return openDB<TillDatabase>(name, VERSION, {
    upgrade(database) {
      database.createObjectStore('keys');
      database.createObjectStore('vault');
      database
        .createObjectStore('queue', { keyPath: 'seq', autoIncrement: true })
        .createIndex('ticket', 'ticketId', { unique: true });
      database.createObjectStore('cart');
      database.createObjectStore('documents');
      database.createObjectStore('acts');
    },
    // A newer page in another tab wants a newer version: this one lets go.
    blocking(_now, _wanted, event) {
      (event.target as IDBDatabase).close();
      closing();
    },
    terminated: closing,
  });
}

type Writing<Stores extends StoreNames<TillDatabase>[]> = IDBPTransaction<TillDatabase, Stores, 'readwrite'>;

/** One transaction with strict durability: all that `act` does is on the disk when this
 *  resolves; if it rejects, nothing is. */
export async function whole<Stores extends StoreNames<TillDatabase>[], T>(
  database: Database,
  stores: [...Stores],
  act: (transaction: Writing<Stores>) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction(stores, 'readwrite', STRICT) as Writing<Stores>;
  try {
    const value = await act(transaction);
    await transaction.done;
    return value;
  } catch (error) {
    // Over already if the browser refused it.
    const over = transaction.done.catch(() => undefined);
    try {
      transaction.abort();
    } catch {
      // As above.
    }
    await over;
    throw error;
  }
}
