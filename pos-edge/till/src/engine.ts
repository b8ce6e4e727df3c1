/**
 * The rules of money in this page: `crates/domain` as WebAssembly.
 *
 * Guarantees: every figure is computed by the code that the edge and the centre
 * compute with; amounts are decimal strings and never numbers. It is loaded once for
 * a page. Nothing throws but `loadEngine`, and only if the module cannot be fetched or
 * started; the next call tries again. A reload starts with no catalogue.
 */
import moduleUrl from '../engine/till_engine.wasm?url';
import type {
  Cart,
  Currency,
  DrawerCount,
  SessionReport,
  Tender,
  TenderOffer,
  Totals,
} from './core/api/schema';

/** What an act came to. Codes are those of the edge's API where it knows the refusal. */
export type EngineResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly detail: string };

/** So many notes of a value. */
export interface CountedNotes {
  readonly note: number;
  readonly count: number;
}

export interface Engine {
  /** Keeps a catalogue, the text as the edge sent it; the answer is its handle. */
  loadCatalogue(json: string): EngineResult<number>;
  /** Forgets one. */
  freeCatalogue(handle: number): void;
  /** What a cart costs at a moment (RFC 3339). */
  price(handle: number, cart: Cart, at: string): EngineResult<Totals>;
  /** Whether what is handed over in cash is enough, and the change. */
  tender(totals: Totals, offer: TenderOffer): EngineResult<Tender>;
  /** What a customer probably hands over: the exact amount first, then rising. */
  quickAmounts(totals: Totals, currency: Currency): readonly string[];
  /** The notes of a currency by value, the largest first. */
  notes(currency: Currency): readonly number[];
  /** What counted notes come to. */
  countNotes(currency: Currency, notes: readonly CountedNotes[]): EngineResult<string>;
  /** What was counted against what a report expects. */
  countDrawer(
    report: SessionReport,
    countedUsd: string,
    countedKhr: string,
  ): EngineResult<DrawerCount>;
  /** The sum of some amounts of one currency. */
  sum(amounts: readonly string[]): EngineResult<string>;
}

let loading: Promise<Engine> | null = null;

/** The engine of this page. */
export function loadEngine(): Promise<Engine> {
  loading ??= fetched().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** An engine from the bytes of its module. */
export async function engineFrom(bytes: BufferSource): Promise<Engine> {
  const { instance } = await WebAssembly.instantiate(bytes);
  return engineOf(instance);
}

async function fetched(): Promise<Engine> {
  const answer = await fetch(moduleUrl);
  if (!answer.ok) throw new Error(`the engine cannot be fetched: ${answer.status}`);
  // Where a server does not say that it is WebAssembly, it cannot be compiled as it comes.
  if (!answer.headers.get('content-type')?.startsWith('application/wasm')) {
    return engineFrom(await answer.arrayBuffer());
  }
  const { instance } = await WebAssembly.instantiateStreaming(answer);
  return engineOf(instance);
}

/** Numbers of the acts, as `engine/src/acts.rs` lists them. */
const ACT = {
  load: 0,
  unload: 1,
  price: 2,
  settle: 3,
  quickAmounts: 4,
  countNotes: 5,
  countDrawer: 6,
  sum: 7,
  notes: 8,
} as const;

interface Module {
  readonly memory: WebAssembly.Memory;
  till_alloc(length: number): number;
  till_free(address: number, length: number): void;
  till_call(act: number, address: number, length: number): bigint;
}

type Answer<T> = { ok: T } | { problem: { code: string; detail: string } };

function engineOf(instance: WebAssembly.Instance): Engine {
  const call = calling(instance.exports as unknown as Module);
  const asJson = <T>(act: number, asked: unknown) => call<T>(act, JSON.stringify(asked));
  return {
    loadCatalogue: (json) => only(call<{ handle: number }>(ACT.load, json), 'handle'),
    freeCatalogue: (handle) => void asJson(ACT.unload, { handle }),
    price: (handle, cart, at) => asJson(ACT.price, { handle, cart, at }),
    tender: (totals, offer) => asJson(ACT.settle, { totals, offer }),
    quickAmounts: (totals, currency) => {
      const answer = asJson<{ amounts: string[] }>(ACT.quickAmounts, { totals, currency });
      return answer.ok ? answer.value.amounts : [];
    },
    notes: (currency) => {
      const answer = asJson<{ notes: number[] }>(ACT.notes, { currency });
      return answer.ok ? answer.value.notes : [];
    },
    countNotes: (currency, notes) =>
      only(asJson<{ total: string }>(ACT.countNotes, { currency, notes }), 'total'),
    countDrawer: (report, counted_usd, counted_khr) =>
      asJson(ACT.countDrawer, { report, counted_usd, counted_khr }),
    sum: (amounts) => only(asJson<{ total: string }>(ACT.sum, { amounts }), 'total'),
  };
}

function only<T, K extends keyof T>(answer: EngineResult<T>, field: K): EngineResult<T[K]> {
  return answer.ok ? { ok: true, value: answer.value[field] } : answer;
}

function calling(module: Module): <T>(act: number, request: string) => EngineResult<T> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return (act, request) => {
    const bytes = encoder.encode(request);
    const address = module.till_alloc(bytes.length);
    if (address === 0) return failed(`there is no room for ${bytes.length} bytes`);
    // A view ends when the memory grows: one is made after each call that may grow it.
    new Uint8Array(module.memory.buffer, address, bytes.length).set(bytes);
    try {
      const told = module.till_call(act, address, bytes.length);
      const [at, length] = [Number(told >> 32n), Number(told & 0xffff_ffffn)];
      const text = decoder.decode(new Uint8Array(module.memory.buffer, at, length));
      module.till_free(at, length);
      const answer = JSON.parse(text) as Answer<never>;
      return 'ok' in answer ? { ok: true, value: answer.ok } : { ok: false, ...answer.problem };
    } catch (error) {
      return failed(String(error));
    }
  };
}

function failed(detail: string): EngineResult<never> {
  return { ok: false, code: 'engine_failed', detail };
}
