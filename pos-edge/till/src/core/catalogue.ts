// The menu and the rules of money of this store, kept on this device.
//
// Guarantees: what the edge sent is stored as it came, with its hash, and given to the
// engine once for each version; a reload without the edge has both. A catalogue that
// the engine cannot read never replaces one that it can.
import { batch, signal, type Signal } from '@preact/signals';
import type { Engine } from '../engine';
import type * as wire from './api/schema';
import type { Clock } from './clock';
import type { People } from './people';
import type { Ports } from './ports';
import { createRefresher } from './refresher';
import { said } from './result';
import type { State } from './state';
import { STRICT, type Database } from './storage/database';
import type { Problem } from './types';

const NAME = 'catalogue';

interface StoredCatalogue {
  readonly text: string;
  readonly hash: string;
  readonly fetchedAt: wire.Timestamp;
}

/** A catalogue that the engine holds. */
export interface Loaded {
  readonly engine: Engine;
  readonly handle: number;
  readonly reference: wire.CatalogueRef;
}

export interface CatalogueEnds {
  readonly state: State;
  readonly ports: Pick<Ports, 'loadEngine'>;
  readonly database: Database;
  readonly people: Pick<People, 'asTill'>;
  readonly clock: Clock;
  /** Told when another catalogue is in use; `stored` if this tab stored it. */
  changed(stored: boolean): void;
}

export interface Catalogue {
  /** What carts are priced with; `null` while it or the engine is missing. */
  readonly loaded: Signal<Loaded | null>;
  readonly engine: Signal<Engine | null>;
  readonly engineProblem: Signal<Problem | null>;
  /** What is stored, at the start or after another tab stored another. */
  load(): Promise<void>;
  loadEngine(): Promise<void>;
  /** From the edge. */
  refresh(): Promise<void>;
  /** From the edge if what it uses is another one. */
  heed(used: wire.CatalogueRef | null | undefined): void;
}

export function createCatalogue(ends: CatalogueEnds): Catalogue {
  const { state } = ends;
  const loaded = signal<Loaded | null>(null);
  const engine = signal<Engine | null>(null);
  const engineProblem = signal<Problem | null>(null);
  let stored: StoredCatalogue | null = null;

  /** Puts a catalogue to use; `false` if it cannot be read. */
  function use(next: StoredCatalogue, isNew: boolean): boolean {
    const document = documentIn(next.text);
    if (!document) return false;
    const reference = { content_hash: next.hash, version: document.version };
    let now: Loaded | null = null;
    if (engine.value) {
      const taken = engine.value.loadCatalogue(next.text);
      if (!taken.ok) {
        engineProblem.value = { code: 'engine_failed', detail: `${taken.code}: ${taken.detail}` };
        return false;
      }
      now = { engine: engine.value, handle: taken.value, reference };
    }
    const before = loaded.value;
    stored = next;
    batch(() => {
      state.catalogue.value = { document, reference, fetchedAt: next.fetchedAt };
      loaded.value = now;
      if (now) engineProblem.value = null;
    });
    if (before && engine.value) engine.value.freeCatalogue(before.handle);
    ends.changed(isNew);
    return true;
  }

  async function fetchIt(): Promise<void> {
    const outcome = await ends.people.asTill<wire.CatalogueV1>({ path: '/v1/catalogue', patienceMs: 30_000 });
    if (outcome.kind !== 'answered') return;
    const hash = (outcome.headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
    if (hash === '' || (hash === stored?.hash && loaded.value)) return;
    const next = { text: outcome.text, hash, fetchedAt: ends.clock.now() };
    const before = stored;
    if (!use(next, true)) return;
    try {
      if (before?.hash !== hash) await keep(next);
    } catch {
      // It is in use; a reload without the edge goes on with the former one.
    }
  }

  async function keep(next: StoredCatalogue): Promise<void> {
    const transaction = ends.database.transaction('documents', 'readwrite', STRICT);
    await transaction.store.put(next, NAME);
    await transaction.done;
  }

  const refresher = createRefresher(fetchIt);
  return {
    loaded,
    engine,
    engineProblem,

    async load() {
      const kept = (await ends.database.get('documents', NAME)) as StoredCatalogue | undefined;
      if (kept && kept.hash !== stored?.hash) use(kept, false);
    },

    async loadEngine() {
      if (engine.value) return;
      try {
        engine.value = await ends.ports.loadEngine();
        engineProblem.value = null;
        if (stored) use(stored, false);
      } catch (error) {
        engineProblem.value = { code: 'engine_failed', detail: said(error) };
      }
    },

    refresh: () => refresher.refresh(),

    heed(used) {
      if (used && used.content_hash !== stored?.hash) void refresher.refresh();
    },
  };
}

function documentIn(text: string): wire.CatalogueV1 | null {
  try {
    return JSON.parse(text) as wire.CatalogueV1;
  } catch {
    return null;
  }
}
