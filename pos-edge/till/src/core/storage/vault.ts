// Secrets of this till, encrypted: its pairing, who is logged in, and the logins that
// sales on this device may still need.
//
// Guarantees: a change is one transaction; other tabs are told by whoever calls. A
// vault that cannot be opened reads as empty: the till asks to be paired again, and
// the sales in the queue stay.
import type { DeviceId, StaffId, StaffRole, Timestamp } from '../api/schema';
import { STRICT, type Database } from './database';
import type { Crypt } from './crypt';

export interface Pairing {
  readonly deviceId: DeviceId;
  readonly token: string;
  readonly pairedAt: Timestamp;
}

export interface Login {
  readonly deviceId: DeviceId;
  readonly staffId: StaffId;
  readonly name: string;
  readonly role: StaffRole;
  readonly token: string;
  readonly expiresAt: Timestamp;
}

export interface Secrets {
  readonly pairing: Pairing | null;
  /** Pairings that ended, for the sales that were made under them. */
  readonly former: readonly Pairing[];
  readonly login: Login | null;
  /** Logged out here; the edge is told when no sale needs them any more. */
  readonly leaving: readonly Login[];
}

export const NO_SECRETS: Secrets = { pairing: null, former: [], login: null, leaving: [] };

const NAME = 'secrets';

export interface Vault {
  read(): Promise<Secrets>;
  /** Changes what is stored now, whoever stored it. */
  change(change: (now: Secrets) => Secrets): Promise<Secrets>;
}

export function createVault(database: Database, crypt: Crypt): Vault {
  async function read(): Promise<Secrets> {
    const sealed = await database.get('vault', NAME);
    if (!sealed) return NO_SECRETS;
    try {
      return (await crypt.open(NAME, sealed)) as Secrets;
    } catch {
      return NO_SECRETS;
    }
  }

  // Encryption does not fit into a transaction: changes of this tab queue up, and one
  // that another tab came before is made again.
  let turn: Promise<unknown> = Promise.resolve();
  async function changed(change: (now: Secrets) => Secrets): Promise<Secrets> {
    for (;;) {
      const before = await database.get('vault', NAME);
      const secrets = change(await read());
      const sealed = await crypt.seal(NAME, secrets);
      const transaction = database.transaction('vault', 'readwrite', STRICT);
      const now = await transaction.store.get(NAME);
      const same = hexOf(now?.nonce) === hexOf(before?.nonce);
      if (same) await transaction.store.put(sealed, NAME);
      await transaction.done;
      if (same) return secrets;
    }
  }

  return {
    read,
    change(change) {
      const mine = turn.then(() => changed(change));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

function hexOf(nonce: Uint8Array | undefined): string {
  return nonce ? nonce.join(',') : '';
}
