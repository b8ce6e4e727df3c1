// The cash session of who is logged in on this device, and its reports.
//
// Guarantees: the session is kept on this device, so that a reload without the edge
// sells on in it. Only the edge opens and closes one. Before a close the sales that
// this device still has are sent, as far as the edge takes them; what comes later is
// a supplement to the Z report, which stands.
import type * as wire from './api/schema';
import { resultOf } from './api/outcome';
import type { People } from './people';
import { createRefresher } from './refresher';
import { no, ok } from './result';
import type { State } from './state';
import { STRICT, type Database } from './storage/database';
import type { Problem, Result } from './types';

const NAME = 'session';

export interface DrawerEnds {
  readonly state: State;
  readonly database: Database;
  readonly people: Pick<People, 'asPerson' | 'actAsPerson'>;
  /** Sends what this device has of a session; resolves when nothing of it waits, or in vain. */
  drain(sessionId: wire.CashSessionId): Promise<void>;
  /** The cart's copy at the edge is what the cart is. */
  flushDraft(): Promise<void>;
  changed(): void;
}

export interface Drawer {
  /** What is stored, at the start. */
  load(): Promise<void>;
  /** From the edge. */
  refresh(): Promise<void>;
  /** The edge says that a session was closed. */
  closed(sessionId: wire.CashSessionId): void;
  open(floatUsd: wire.Usd, floatKhr: wire.Khr): Promise<Result<wire.CashSession>>;
  close(counted: wire.CloseCashSession, sessionId?: wire.CashSessionId): Promise<Result<wire.ZReport>>;
  move(movement: wire.MoveCash): Promise<Result<wire.CashMoved>>;
  x(sessionId?: wire.CashSessionId): Promise<Result<wire.XReport>>;
  z(sessionId: wire.CashSessionId): Promise<Result<wire.ZWithSupplements>>;
  movements(before?: number): Promise<Result<wire.MovementPage>>;
  sessions(): Promise<Result<readonly wire.CashSession[]>>;
}

const NO_SESSION = no('session_needed', 'no cash session is open here');

export function createDrawer(ends: DrawerEnds): Drawer {
  const { state, people } = ends;

  /** Counts what was learnt otherwise: an answer that was asked for before is old. */
  let learnt = 0;

  async function keep(session: wire.CashSession | null): Promise<void> {
    learnt += 1;
    if (state.session.value?.cash_session_id === session?.cash_session_id) return;
    state.session.value = session;
    const transaction = ends.database.transaction('documents', 'readwrite', STRICT);
    await (session ? transaction.store.put(session, NAME) : transaction.store.delete(NAME));
    await transaction.done;
    ends.changed();
  }

  const refresher = createRefresher(async () => {
    const device = state.till.value?.deviceId;
    const staff = state.me.value?.staffId;
    if (!device || !staff) return;
    const path = `/v1/cash-sessions?device=${encodeURIComponent(device)}`;
    const before = learnt;
    const outcome = await people.asPerson<readonly wire.CashSession[]>({ path });
    if (outcome.kind !== 'answered' || state.me.value?.staffId !== staff || learnt !== before) return;
    await keep(outcome.value.find((one) => one.staff_id === staff) ?? null);
  });

  const path = (id: wire.CashSessionId, what: string) => `/v1/cash-sessions/${encodeURIComponent(id)}/${what}`;
  const mine = () => state.session.value?.cash_session_id;

  return {
    async load() {
      const kept = (await ends.database.get('documents', NAME)) as wire.CashSession | undefined;
      const isOurs = kept?.staff_id === state.me.value?.staffId && kept?.device_id === state.till.value?.deviceId;
      state.session.value = kept && isOurs ? kept : null;
    },

    refresh: () => refresher.refresh(),

    closed(sessionId) {
      if (mine() === sessionId) void keep(null);
    },

    async open(opening_float_usd, opening_float_khr) {
      const { me, till } = state;
      if (!me.value || !till.value) return no('not_logged_in', 'nobody is logged in here');
      const body: wire.OpenCashSession = {
        device_id: till.value.deviceId,
        staff_id: me.value.staffId,
        opening_float_usd,
        opening_float_khr,
      };
      const outcome = await people.actAsPerson<wire.CashSession>({ path: '/v1/cash-sessions', body });
      if (outcome.kind === 'answered') await keep(outcome.value);
      // It is open already: an answer was lost, or another tab opened it.
      if (outcome.kind === 'refused' && outcome.problem.code === 'session_already_open') await refresher.refresh();
      return resultOf(outcome);
    },

    async close(body, sessionId = mine()) {
      if (!sessionId) return NO_SESSION;
      await ends.drain(sessionId);
      await ends.flushDraft();
      const outcome = await people.actAsPerson<wire.ZReport>({ path: path(sessionId, 'close'), body });
      if (outcome.kind === 'answered' && mine() === sessionId) await keep(null);
      return resultOf(outcome);
    },

    async move(body) {
      const id = mine();
      if (!id) return NO_SESSION;
      return resultOf(await people.actAsPerson<wire.CashMoved>({ path: path(id, 'movements'), body }));
    },

    async x(id = mine()) {
      if (!id) return NO_SESSION;
      return resultOf(await people.asPerson<wire.XReport>({ path: path(id, 'x') }));
    },

    async z(id) {
      return resultOf(await people.asPerson<wire.ZWithSupplements>({ path: path(id, 'z') }));
    },

    async movements(before) {
      const id = mine();
      if (!id) return NO_SESSION;
      const query = before === undefined ? '' : `?before=${before}`;
      return resultOf(await people.asPerson<wire.MovementPage>({ path: `${path(id, 'movements')}${query}` }));
    },

    async sessions() {
      return resultOf(await people.asPerson<readonly wire.CashSession[]>({ path: '/v1/cash-sessions' }));
    },
  };
}

export function asResult<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string; readonly detail: string },
): Result<T> {
  if (result.ok) return ok(result.value);
  return { ok: false, problem: { code: result.code as Problem['code'], detail: result.detail } };
}
