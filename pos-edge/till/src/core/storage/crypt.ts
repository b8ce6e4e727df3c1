// Encryption of what lies in the browser: AES-GCM, 256 bits, with a key that WebCrypto
// makes and never gives out; only this origin on this device can use it.
//
// Guarantees: each seal has its own random 96-bit nonce and is bound to its name, so
// that one record cannot stand in for another. Two tabs that start at once agree on
// one key: the first that is stored wins. Without the key nothing is readable; that is
// told, and never mended by a new key over old data.
import { STRICT, type Database } from './database';

export interface Sealed {
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

export interface Crypt {
  seal(name: string, value: unknown): Promise<Sealed>;
  /** Rejects if it is another's, damaged, or of another key. */
  open(name: string, sealed: Sealed): Promise<unknown>;
}

const ALGORITHM = { name: 'AES-GCM', length: 256 } as const;
const KEY = 'main';

export async function openCrypt(database: Database, crypto: Crypto): Promise<Crypt> {
  const key = (await database.get('keys', KEY)) ?? (await makeKey(database, crypto));
  const bound = (name: string) => new TextEncoder().encode(`till:1:${name}`);
  return {
    async seal(name, value) {
      const nonce = crypto.getRandomValues(new Uint8Array(12));
      const plain = new TextEncoder().encode(JSON.stringify(value));
      const how = { name: 'AES-GCM', iv: nonce, additionalData: bound(name) };
      return { nonce, data: await crypto.subtle.encrypt(how, key, plain) };
    },
    async open(name, sealed) {
      const how = { name: 'AES-GCM', iv: sealed.nonce, additionalData: bound(name) };
      const plain = await crypto.subtle.decrypt(how, key, sealed.data);
      return JSON.parse(new TextDecoder().decode(plain));
    },
  };
}

async function makeKey(database: Database, crypto: Crypto): Promise<CryptoKey> {
  const fresh = await crypto.subtle.generateKey(ALGORITHM, false, ['encrypt', 'decrypt']);
  const transaction = database.transaction('keys', 'readwrite', STRICT);
  const key = (await transaction.store.get(KEY)) ?? fresh;
  if (key === fresh) await transaction.store.put(fresh, KEY);
  await transaction.done;
  return key;
}
