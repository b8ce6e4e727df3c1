// Acts that change something at the edge, each under an idempotency key.
//
// Guarantees: an act whose outcome is not known keeps its key, also over a reload; the
// same act asked for again is sent under it, so that the edge does it once. The key is
// dropped when the edge has answered. A key that is older than a day is not used: the
// person means another act by then. The keys of acts with a secret in them (a PIN, a
// pairing code) are kept in memory only: their digest would tell it.
import type { Database } from '../storage/database';
import { hex, mintKey } from '../ids';
import type { Call, Client } from './client';
import type { Outcome } from './outcome';

const OLDEST_MS = 24 * 3_600_000;

export interface Act extends Omit<Call, 'text' | 'key'> {
  readonly body?: unknown;
  /** The body holds a PIN or a code. */
  readonly secret?: boolean;
}

export interface Acts {
  /** Drops keys that are too old to be used. */
  tidy(): Promise<void>;
  run<T>(act: Act): Promise<Outcome<T>>;
}

export function createActs(client: Client, database: Database, crypto: Crypto, now: () => number): Acts {
  const secret = new Map<string, string>();

  return {
    async tidy() {
      const transaction = database.transaction('acts', 'readwrite');
      for await (const cursor of transaction.store) {
        if (isOld(cursor.value.at)) await cursor.delete();
      }
      await transaction.done;
    },

    async run<T>(act: Act): Promise<Outcome<T>> {
      const { body, secret: isSecret = false, ...call } = act;
      const text = body === undefined ? undefined : JSON.stringify(body);
      const what = `${call.method ?? 'POST'} ${call.path} ${text ?? ''}`;
      const id = isSecret ? what : await digest(crypto, what);
      const key = isSecret ? secretKeyOf(id) : await keyOf(id);
      const sent = { method: 'POST', ...call, key } as const;
      const outcome = await client.call<T>(text === undefined ? sent : { ...sent, text });
      if (outcome.kind !== 'unknown') await forget(id, isSecret);
      return outcome;
    },
  };

  function isOld(at: number): boolean {
    return Math.abs(now() - at) >= OLDEST_MS;
  }

  function secretKeyOf(id: string): string {
    const key = secret.get(id) ?? mintKey(crypto);
    secret.set(id, key);
    return key;
  }

  async function keyOf(id: string): Promise<string> {
    const transaction = database.transaction('acts', 'readwrite');
    const known = await transaction.store.get(id);
    const usable = known !== undefined && !isOld(known.at);
    const key = usable ? known.key : mintKey(crypto);
    if (!usable) await transaction.store.put({ key, at: now() }, id);
    await transaction.done;
    return key;
  }

  async function forget(id: string, isSecret: boolean): Promise<void> {
    if (isSecret) secret.delete(id);
    else await database.delete('acts', id);
  }
}

async function digest(crypto: Crypto, text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}
