// The cart's copy at the edge, and the cart that somebody did not finish.
//
// Guarantees: while somebody sells here the edge has the cart a moment after each
// change, so that another start of this page finds it; nothing waits for that, and
// nothing depends on it. A cart that was not finished is never thrown away by itself:
// its person is asked when they log in, and everybody else is told whose it is. After
// a reload by the same person the cart goes on without a question.
import type * as wire from '../api/schema';
import type { People } from '../people';
import type { Ports } from '../ports';
import { no, ok } from '../result';
import type { State } from '../state';
import type { Result } from '../types';
import type { CartPart } from './cart';
import { emptyCart, wireCart, type CartRecord } from './record';

const QUIET_MS = 700;

export interface DraftEnds {
  readonly state: State;
  readonly ports: Pick<Ports, 'after'>;
  readonly people: Pick<People, 'asPerson'>;
  readonly cart: CartPart;
  freshId(): string;
  /** Whether it was sold here, and the edge does not have the sale yet. */
  isSold(draftId: wire.DraftId): boolean;
}

export interface Drafts {
  /** The cart changed. */
  changed(): void;
  /** The edge is heard again, or a sale left the queue. */
  retry(): void;
  /** A sale ended it, at the edge too. */
  sold(draftId: wire.DraftId): void;
  /** The edge keeps it although it is over here. */
  over(draftId: wire.DraftId): void;
  /** Somebody logged in, or the page began. */
  look(loggedInNow: boolean): Promise<void>;
  resume(): Result<null>;
  discard(): Promise<Result<null>>;
  /** The edge's copy is what the cart is, as far as it can be reached. */
  flush(): Promise<void>;
}

export function createDrafts(ends: DraftEnds): Drafts {
  const { state, people, cart } = ends;
  let cancel: (() => void) | null = null;
  let pushed: { draftId: wire.DraftId; revision: number } | null = null;
  let running: Promise<void> | null = null;
  /** Over here; the edge is to be told. */
  const ending = new Set<wire.DraftId>();

  function later(): void {
    cancel?.();
    cancel = ends.ports.after(QUIET_MS, () => {
      cancel = null;
      void flush();
    });
  }

  function flush(): Promise<void> {
    cancel?.();
    cancel = null;
    running = (running ?? Promise.resolve()).then(push);
    return running;
  }

  async function push(): Promise<void> {
    const record = cart.record.value;
    const { me, session } = state;
    if (!me.value || record.selling !== null || !state.edgeLink.value.reachable) return;
    if (pushed && pushed.draftId !== record.draftId) {
      ending.add(pushed.draftId);
      pushed = null;
    }
    if (pushed && record.lines.length === 0) {
      // Every line was taken out: nothing is left to be finished.
      ending.add(pushed.draftId);
      pushed = null;
    }
    for (const draftId of ending) if (!(await end(draftId)).ok) return;
    const { owner } = record;
    if (!owner || owner.staffId !== me.value.staffId) return;
    if (!session.value || owner.sessionId !== session.value.cash_session_id) return;
    if (pushed?.revision === record.revision) return;
    // Whatever becomes of the request: the edge may have it.
    pushed = { draftId: record.draftId, revision: -1 };
    const body: wire.PutDraft = {
      cart: wireCart(record),
      cash_session_id: owner.sessionId,
      draft_id: record.draftId,
      revision: record.revision,
    };
    const outcome = await people.asPerson<wire.Draft>({ method: 'PUT', path: '/v1/draft', text: JSON.stringify(body) });
    if (outcome.kind === 'answered') {
      pushed = { draftId: record.draftId, revision: record.revision };
    } else if (outcome.kind === 'refused' && outcome.problem.code === 'draft_of_another_context') {
      // Somebody's cart, or one that was sold here: that ends when the edge has the sale.
      await look();
    } else if (outcome.kind === 'refused' && outcome.problem.code === 'draft_closed') {
      renamed(record);
    }
  }

  /** The edge says that this draft is over, but its cart is here: it goes on under a new id. */
  function renamed(record: CartRecord): void {
    if (cart.record.value.draftId !== record.draftId || cart.record.value.selling !== null) return;
    cart.replace({ ...cart.record.value, draftId: ends.freshId(), revision: 1 });
  }

  async function end(draftId: wire.DraftId): Promise<Result<null>> {
    const outcome = await people.asPerson({
      method: 'DELETE',
      path: `/v1/draft?draft=${encodeURIComponent(draftId)}`,
    });
    if (outcome.kind === 'unknown') return { ok: false, problem: outcome.problem };
    // Not there, or sold: it is over.
    ending.delete(draftId);
    return ok(null);
  }

  /** Looks for an unfinished one at the edge that is not the cart here. */
  async function look(): Promise<void> {
    if (!state.me.value) return;
    const outcome = await people.asPerson<wire.Draft>({ path: '/v1/draft' });
    if (outcome.kind === 'unknown') return;
    if (outcome.kind === 'answered') {
      const draft = outcome.value;
      const here = cart.record.value.draftId === draft.draft_id;
      if (here) pushed = { draftId: draft.draft_id, revision: draft.revision };
      else if (ends.isSold(draft.draft_id)) return;
      else if (draft.cart.lines.length === 0) await end(draft.draft_id);
      else state.drafts.value = { unfinished: draft, mine: true };
      return;
    }
    if (outcome.problem.code === 'draft_of_another_context') {
      const draftId = draftIn(outcome.problem.detail);
      if (draftId && !ends.isSold(draftId)) state.drafts.value = { unfinished: foreign(draftId), mine: false };
    }
  }

  /** Of another person: the edge tells its id only. */
  function foreign(draftId: wire.DraftId): wire.Draft {
    const known = localDraft();
    if (known?.draft_id === draftId) return known;
    const now = state.edgeLink.value.since;
    return {
      draft_id: draftId, cart: { lines: [], sale_type: 'DINE_IN' }, cash_session_id: '',
      device_id: state.till.value?.deviceId ?? '', staff_id: '', item_count: 0, revision: 0,
      subtotal_usd: '0.00', created_at: now, updated_at: now,
    };
  }

  /** The cart that is kept here, as a draft. */
  function localDraft(): wire.Draft | null {
    const record = cart.record.value;
    if (!record.owner || record.lines.length === 0) return null;
    const now = state.edgeLink.value.since;
    return {
      draft_id: record.draftId,
      cart: wireCart(record),
      cash_session_id: record.owner.sessionId,
      device_id: state.till.value?.deviceId ?? '',
      staff_id: record.owner.staffId,
      item_count: record.lines.reduce((count, line) => count + line.quantity, 0),
      revision: record.revision,
      subtotal_usd: '',
      created_at: now,
      updated_at: now,
    };
  }

  return {
    changed: later,
    retry: () => void flush(),

    sold(draftId) {
      if (pushed?.draftId === draftId) pushed = null;
    },

    over(draftId) {
      ending.add(draftId);
      later();
    },

    flush,

    async look(loggedInNow) {
      const here = localDraft();
      const mine = here !== null && here.staff_id === state.me.value?.staffId;
      if (here && (!mine || loggedInNow)) state.drafts.value = { unfinished: here, mine };
      else state.drafts.value = { unfinished: null, mine: false };
      if (!here) await look();
    },

    resume() {
      const { unfinished, mine } = state.drafts.value;
      if (!unfinished) return no('draft_not_found', 'there is no unfinished cart');
      if (!mine) return no('draft_of_another_context', 'it is another person\'s');
      const { session } = state;
      if (!session.value) return no('session_needed', 'open a cash session first');
      if (unfinished.draft_id !== cart.record.value.draftId) {
        cart.replace(fromDraft(unfinished, session.value.cash_session_id));
        pushed = { draftId: unfinished.draft_id, revision: unfinished.revision };
      } else if (unfinished.cash_session_id !== session.value.cash_session_id) {
        // Its session is over: the same cart in the session that is open.
        cart.replace({
          ...cart.record.value,
          draftId: ends.freshId(),
          owner: { staffId: unfinished.staff_id, sessionId: session.value.cash_session_id },
        });
      }
      state.drafts.value = { unfinished: null, mine: false };
      later();
      return ok(null);
    },

    async discard() {
      const { unfinished } = state.drafts.value;
      if (!unfinished) return no('draft_not_found', 'there is no unfinished cart');
      const record = cart.record.value;
      if (record.draftId === unfinished.draft_id) cart.replace(emptyCart(ends.freshId(), record.saleType));
      state.drafts.value = { unfinished: null, mine: false };
      if (pushed?.draftId === unfinished.draft_id) pushed = null;
      ending.add(unfinished.draft_id);
      return end(unfinished.draft_id);
    },
  };

  function fromDraft(draft: wire.Draft, sessionId: wire.CashSessionId): CartRecord {
    const items = state.catalogue.value?.document.items ?? [];
    return {
      draftId: draft.draft_id,
      revision: draft.revision,
      owner: { staffId: draft.staff_id, sessionId },
      saleType: draft.cart.sale_type,
      selling: null,
      lines: draft.cart.lines.map((line) => ({
        lineId: ends.freshId(),
        menuItemId: line.menu_item_id,
        addOnIds: [...(line.add_on_ids ?? [])].sort(),
        quantity: line.quantity,
        name: items.find((item) => item.menu_item_id === line.menu_item_id)?.name ?? '',
      })),
    };
  }
}

/** The edge names the draft in its words. */
function draftIn(detail: string): wire.DraftId | null {
  return /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(detail)?.[0] ?? null;
}
