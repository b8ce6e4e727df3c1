// Ticket → Invoice: the store's sales, newest first, with those on this device on top.
//
// Guarantees: what the edge listed last stays readable without it; a sale of this
// device is in the list from the moment it is stored. A number that arrives shows in
// the row that is there, without another read. An edge that does not know a filter is
// asked for whole pages, and they are filtered here.
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type * as wire from './api/schema';
import { resultOf, type Outcome } from './api/outcome';
import type { People } from './people';
import { ok } from './result';
import type { State } from './state';
import type { HistoryFilters, HistoryRow, HistoryView, Problem, QueuedSale, Result } from './types';

const PAGE = 50;
/** Rows that are read at once, and how many times at most, where the edge filters by status only. */
const SCAN = 500;
const SCANS = 10;

interface Read {
  readonly filters: HistoryFilters;
  readonly rows: readonly wire.TicketRow[];
  readonly loading: boolean;
  readonly nextBefore: number | null;
  readonly problem: Problem | null;
}

export interface History {
  readonly view: ReadonlySignal<HistoryView>;
  load(filters: HistoryFilters): Promise<Result<null>>;
  more(): Promise<Result<null>>;
  /** Something about a ticket changed at the edge. */
  changed(ticketId: wire.TicketId): Promise<void>;
  numbered(ticketId: wire.TicketId, invoiceNo: number): void;
  clear(): void;
}

export function createHistory(state: State, people: Pick<People, 'asPerson'>): History {
  const nothing: Read = { filters: {}, rows: [], loading: false, nextBefore: null, problem: null };
  const read = signal<Read>(nothing);
  let turn = 0;

  const view = computed<HistoryView>(() => {
    const { filters, rows, loading, nextBefore, problem } = read.value;
    const known = new Set(rows.map((row) => row.ticketId));
    const here = state.queue.value.sales
      .filter((sale) => !known.has(sale.ticketId) && sale.state !== 'sending' && fits(sale, filters))
      .map(rowHere)
      .reverse();
    return { filters, rows: [...here, ...rows.map(rowOf)], loading, more: nextBefore !== null, problem };
  });

  async function page(filters: HistoryFilters, before: number | null): Promise<Result<null>> {
    turn += 1;
    const mine = turn;
    const rows = before === null ? [] : read.value.rows;
    const kept = before === null && same(filters, read.value.filters) ? read.value.rows : rows;
    read.value = { ...read.value, filters, rows: kept, loading: true, problem: null };
    const asked = query(filters, before, state.till.value?.deviceId);
    let outcome = await people.asPerson<wire.TicketPage>({ path: `/v1/tickets?${asked}` });
    if (outcome.kind === 'refused' && outcome.problem.code === 'invalid_query') outcome = await scan(filters, before);
    // Somebody asked for something else meanwhile.
    if (mine !== turn) return ok(null);
    if (outcome.kind !== 'answered') {
      read.value = { ...read.value, loading: false, problem: outcome.problem };
      return resultOf(outcome);
    }
    const { tickets, nextBefore } = outcome.value;
    read.value = { filters, rows: [...rows, ...tickets], loading: false, nextBefore: nextBefore ?? null, problem: null };
    return ok(null);
  }

  async function scan(filters: HistoryFilters, before: number | null): Promise<Outcome<wire.TicketPage>> {
    const tickets: wire.TicketRow[] = [];
    let from = before;
    for (let nth = 0; ; nth += 1) {
      const asked = new URLSearchParams({ limit: String(SCAN) });
      if (filters.status) asked.set('status', filters.status);
      if (from !== null) asked.set('before', String(from));
      const outcome = await people.asPerson<wire.TicketPage>({ path: `/v1/tickets?${asked}` });
      if (outcome.kind !== 'answered') return outcome;
      tickets.push(...outcome.value.tickets.filter((row) => matches(row, filters)));
      from = outcome.value.nextBefore ?? null;
      if (from === null || tickets.length >= PAGE || nth + 1 >= SCANS) {
        return { ...outcome, value: { tickets, nextBefore: from } };
      }
    }
  }

  function patch(ticketId: wire.TicketId, how: (row: wire.TicketRow) => wire.TicketRow): void {
    const { rows } = read.value;
    if (!rows.some((row) => row.ticketId === ticketId)) return;
    read.value = { ...read.value, rows: rows.map((row) => (row.ticketId === ticketId ? how(row) : row)) };
  }

  return {
    view,
    load: (filters) => page(filters, null),

    async more() {
      const { filters, nextBefore, loading } = read.value;
      return nextBefore === null || loading ? ok(null) : page(filters, nextBefore);
    },

    async changed(ticketId) {
      if (read.value.rows.length === 0 && read.value.problem === null) return;
      const path = `/v1/tickets/${encodeURIComponent(ticketId)}`;
      const outcome = await people.asPerson<wire.TicketRow>({ path });
      if (outcome.kind !== 'answered') return;
      const row = outcome.value;
      const { rows, filters } = read.value;
      if (rows.some((one) => one.ticketId === ticketId)) patch(ticketId, () => row);
      // A new sale of the store comes on top where no filter could leave it out.
      else if (Object.keys(filters).length === 0) read.value = { ...read.value, rows: placed(rows, row) };
    },

    numbered(ticketId, invoiceNo) {
      patch(ticketId, (row) => ({ ...row, invoiceNo, status: 'synced', lastError: null }));
    },

    clear() {
      turn += 1;
      read.value = nothing;
    },
  };
}

/** The edge's filters; `text` is a number of an invoice or a part of a ticket. */
export function query(filters: HistoryFilters, before: number | null, deviceId: wire.DeviceId | undefined): string {
  const asked = new URLSearchParams({ limit: String(PAGE) });
  const text = filters.text?.trim() ?? '';
  if (before !== null) asked.set('before', String(before));
  if (filters.status) asked.set('status', filters.status);
  if (/^#?\d{1,12}$/.test(text)) asked.set('invoice', text.replace('#', ''));
  else if (text !== '') asked.set('ticket', text);
  if (filters.from) asked.set('from', filters.from);
  if (filters.until) asked.set('until', filters.until);
  if (filters.mine && deviceId) asked.set('device', deviceId);
  return asked.toString();
}

/** As the edge filters; whose a ticket is, only the edge knows. */
function matches(row: wire.TicketRow, filters: HistoryFilters): boolean {
  const text = filters.text?.trim().replace(/^#/, '') ?? '';
  if (text !== '' && !row.ticketId.includes(text) && String(row.invoiceNo ?? '') !== text) return false;
  if (filters.from && row.createdAt < filters.from) return false;
  return !(filters.until && row.createdAt >= filters.until);
}

function fits(sale: QueuedSale, filters: HistoryFilters): boolean {
  const text = filters.text?.trim() ?? '';
  if (filters.status && filters.status !== 'pending') return false;
  if (text !== '' && !sale.ticketId.includes(text)) return false;
  if (filters.from && sale.at < filters.from) return false;
  return !(filters.until && sale.at >= filters.until);
}

function same(a: HistoryFilters, b: HistoryFilters): boolean {
  return query(a, null, 'x') === query(b, null, 'x');
}

/** Rows are newest first. */
function placed(rows: readonly wire.TicketRow[], row: wire.TicketRow): wire.TicketRow[] {
  const index = rows.findIndex((one) => one.createdAt <= row.createdAt);
  return index < 0 ? [...rows, row] : [...rows.slice(0, index), row, ...rows.slice(index)];
}

function rowOf(row: wire.TicketRow): HistoryRow {
  return {
    ticketId: row.ticketId,
    createdAt: row.createdAt,
    grandTotalUsd: row.grandTotalUsd,
    status: row.status,
    saleStatus: row.saleStatus,
    orderStatus: row.orderStatus,
    invoiceNo: row.invoiceNo ?? null,
    lastError: row.lastError ?? null,
  };
}

function rowHere(sale: QueuedSale): HistoryRow {
  return {
    ticketId: sale.ticketId,
    createdAt: sale.at,
    grandTotalUsd: sale.grandTotalUsd,
    status: 'on_device',
    saleStatus: 'FINALIZED',
    orderStatus: null,
    invoiceNo: null,
    lastError: sale.problem?.detail ?? null,
  };
}
