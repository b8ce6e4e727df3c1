// The KHQR code of the cart.
//
// Guarantees: the code, its ticket and what is known of its payment are kept on this
// device, so that a reload amid a payment forgets nothing. The payment is looked for on
// a tap only. A cart keeps its ticket: a new code for it supersedes the former one.
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type * as wire from './api/schema';
import { resultOf } from './api/outcome';
import type { CartPart } from './cart/cart';
import { wireCart } from './cart/record';
import { no, ok } from './result';
import type { People } from './people';
import type { State } from './state';
import { STRICT, type Database } from './storage/database';
import type { KhqrView, Result } from './types';

const NAME = 'khqr';

interface StoredCode {
  readonly draftId: wire.DraftId;
  /** The cart that the code locked, as text. */
  readonly cart: string;
  readonly code: wire.KhqrCode;
  readonly checked: wire.KhqrChecked | null;
}

export interface Khqr {
  readonly view: ReadonlySignal<KhqrView | null>;
  load(): Promise<void>;
  make(currency: wire.Currency): Promise<Result<KhqrView>>;
  check(): Promise<Result<wire.KhqrChecked>>;
  drop(): void;
}

export interface KhqrEnds {
  readonly state: State;
  readonly database: Database;
  readonly people: Pick<People, 'actAsPerson'>;
  readonly cart: CartPart;
  mintTicket(): wire.TicketId;
  refused(): Result<never> | null;
}

export function createKhqr(ends: KhqrEnds): Khqr {
  const { state, cart } = ends;
  const stored = signal<StoredCode | null>(null);

  const view = computed<KhqrView | null>(() => {
    const now = stored.value;
    const record = cart.record.value;
    if (!now || now.draftId !== record.draftId) return null;
    return { code: now.code, checked: now.checked, current: now.cart === JSON.stringify(wireCart(record)) };
  });

  async function keep(next: StoredCode | null): Promise<void> {
    stored.value = next;
    const transaction = ends.database.transaction('documents', 'readwrite', STRICT);
    await (next ? transaction.store.put(next, NAME) : transaction.store.delete(NAME));
    await transaction.done;
  }

  return {
    view,

    async load() {
      stored.value = ((await ends.database.get('documents', NAME)) as StoredCode | undefined) ?? null;
    },

    async make(currency) {
      const why = ends.refused();
      if (why) return why;
      const { session, till } = state;
      const record = cart.record.value;
      if (record.lines.length === 0) return no('cart_empty', 'nothing is in the cart');
      if (!session.value || !till.value) return no('session_needed', 'no cash session is open here');
      if (!state.edgeLink.value.reachable) return no('khqr_needs_edge', 'the edge is not reached');
      const former = stored.value?.draftId === record.draftId ? stored.value.code.ticket_id : null;
      const sold = wireCart(record);
      const body: wire.NewKhqr = {
        cart: sold,
        cash_session_id: session.value.cash_session_id,
        currency,
        device_id: till.value.deviceId,
        ticket_id: former ?? ends.mintTicket(),
      };
      const outcome = await ends.people.actAsPerson<wire.KhqrCode>({ path: '/v1/khqr', body, patienceMs: 20_000 });
      if (outcome.kind === 'unknown' && outcome.problem.code === 'edge_unreachable') {
        return no('khqr_needs_edge', outcome.problem.detail);
      }
      if (outcome.kind !== 'answered') return resultOf(outcome);
      const next = { draftId: record.draftId, cart: JSON.stringify(sold), code: outcome.value, checked: null };
      await keep(next);
      return view.value ? ok(view.value) : no('khqr_no_code', 'the cart was sold meanwhile');
    },

    async check() {
      const now = stored.value;
      if (!now || !view.value) return no('khqr_no_code', 'there is no code for this cart');
      const path = `/v1/khqr/${encodeURIComponent(now.code.md5)}/check`;
      const outcome = await ends.people.actAsPerson<wire.KhqrChecked>({ path, patienceMs: 20_000 });
      if (outcome.kind !== 'answered') return resultOf(outcome);
      if (stored.value?.code.md5 === now.code.md5) await keep({ ...now, checked: outcome.value });
      return ok(outcome.value);
    },

    drop() {
      void keep(null).catch(() => undefined);
    },
  };
}
