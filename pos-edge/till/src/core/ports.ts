// What the core needs of the world, so that tests can stop, lose and repeat it.
// `browserPorts()` is the only place that touches the browser's globals.
import type { Engine } from '../engine';
import { browserPages } from './pages';

/** The part of `LockManager` that is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    held: (lock: unknown) => Promise<void>,
  ): Promise<void>;
}

/** Tells the other tabs of this till. */
export interface Channel {
  post(message: unknown): void;
  listen(heard: (message: unknown) => void): void;
}

/** The part of `StorageManager` that is used. */
export interface StorageRoom {
  persist(): Promise<boolean>;
  persisted(): Promise<boolean>;
  estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>;
}

export interface Ports {
  /** Whether the browser gives keys, locks and durable storage to this page. */
  readonly isSecure: boolean;
  /** Name of the database in IndexedDB. */
  readonly database: string;
  readonly fetch: typeof fetch;
  readonly crypto: Crypto;
  readonly locks: Locks;
  readonly channel: Channel;
  /** `null` where the browser has none. */
  readonly storage: StorageRoom | null;
  /** Milliseconds since 1970 by this device's clock. */
  now(): number;
  /** Calls back after so many milliseconds; the answer cancels it. */
  after(milliseconds: number, act: () => void): () => void;
  /** Calls back when the device says that it is on a network, or the page is seen again. */
  onAwake(act: () => void): void;
  loadEngine(): Promise<Engine>;
  /** `null` where there is no service worker. */
  readonly pages: Pages | null;
}

/** Newer versions of this page. */
export interface Pages {
  /** Calls back when one is here and waits. */
  watch(ready: () => void): void;
  /** Uses it: the page loads again. */
  use(): void;
}

export function browserPorts(loadEngine: () => Promise<Engine>): Ports {
  const broadcast = new BroadcastChannel('till');
  return {
    isSecure: isSecureContext,
    database: 'till',
    fetch: (input, init) => fetch(input, init),
    crypto,
    locks: {
      request: async (name, options, held) => {
        await navigator.locks.request(name, options, held);
      },
    },
    channel: {
      post: (message) => broadcast.postMessage(message),
      listen: (heard) => broadcast.addEventListener('message', (event) => heard(event.data)),
    },
    storage: navigator.storage ?? null,
    now: () => Date.now(),
    after: (milliseconds, act) => {
      const timer = setTimeout(act, milliseconds);
      return () => clearTimeout(timer);
    },
    onAwake: (act) => {
      addEventListener('online', act);
      addEventListener('pageshow', act);
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') act();
      });
    },
    loadEngine,
    pages: browserPages(),
  };
}
