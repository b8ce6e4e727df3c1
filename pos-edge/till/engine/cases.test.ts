/**
 * The golden carts in the WebAssembly that the page runs: the same file that is
 * checked natively, at the edge's door and by the centre.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Cart, TenderOffer, Totals } from '../src/core/api/schema';
import { engineFrom, type EngineResult } from '../src/engine';

const wasm = new URL('./till_engine.wasm', import.meta.url);
const file = new URL('../../../crates/domain/tests/golden/carts.json', import.meta.url);

type Expected<T> = { ok: T } | { problem: string };

interface Golden {
  catalogues: Record<string, unknown>;
  cases: {
    name: string;
    catalogue: string;
    at: string;
    cart: Cart;
    expect: Expected<Totals>;
    tenders?: { offer: TenderOffer; expect: Expected<unknown> }[];
    quick?: { USD: string[]; KHR: string[] };
  }[];
}

const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

const outcome = <T>(result: EngineResult<T>): Expected<T> =>
  result.ok ? { ok: result.value } : { problem: result.code };

describe('the engine', async () => {
  if (!existsSync(wasm)) throw new Error('run ./ops/build-till --engine first');
  const engine = await engineFrom(readFileSync(wasm));
  const handles = new Map(
    Object.entries(golden.catalogues).map(([name, document]) => {
      const loaded = engine.loadCatalogue(JSON.stringify(document));
      if (!loaded.ok) throw new Error(`${name}: ${loaded.detail}`);
      return [name, loaded.value];
    }),
  );

  test.each(golden.cases)('$name', (golden) => {
    const handle = handles.get(golden.catalogue) ?? 0;
    const priced = engine.price(handle, golden.cart, golden.at);
    expect(outcome(priced)).toEqual(golden.expect);
    if (!priced.ok) return;
    expect(golden.tenders).toHaveLength(8);
    for (const { offer, expect: expected } of golden.tenders ?? []) {
      expect(outcome(engine.tender(priced.value, offer))).toEqual(expected);
    }
    expect(engine.quickAmounts(priced.value, 'USD')).toEqual(golden.quick?.USD);
    expect(engine.quickAmounts(priced.value, 'KHR')).toEqual(golden.quick?.KHR);
  });

  test('answers a forgotten handle and a broken catalogue with a code', () => {
    const loaded = engine.loadCatalogue(JSON.stringify(golden.catalogues['plain']));
    if (!loaded.ok) throw new Error(loaded.detail);
    engine.freeCatalogue(loaded.value);
    const cart: Cart = { sale_type: 'TAKEAWAY', lines: [] };
    const priced = engine.price(loaded.value, cart, '2026-11-21T12:00:00Z');
    expect(outcome(priced)).toEqual({ problem: 'no_catalogue' });
    expect(outcome(engine.loadCatalogue('{"version":'))).toEqual({ problem: 'malformed_json' });
    expect(outcome(engine.loadCatalogue(''))).toEqual({ problem: 'engine_failed' });
  });

  test('answers ten thousand calls alike', () => {
    const handle = handles.get('odd') ?? 0;
    const some = golden.cases.find((one) => one.name === 'odd: one of each');
    if (!some) throw new Error('the golden file has no such case');
    const first = engine.price(handle, some.cart, some.at);
    for (let nth = 0; nth < 10_000; nth += 1) {
      const again = engine.price(handle, some.cart, some.at);
      if (nth % 1_000 === 0) expect(again).toEqual(first);
    }
    expect(engine.countNotes('USD', [{ note: 20, count: 4 }])).toEqual({ ok: true, value: '80' });
    expect(engine.notes('KHR')[0]).toBe(100_000);
    expect(engine.sum(['0.1', '0.2'])).toEqual({ ok: true, value: '0.3' });
  });
});
