// Ticket → Invoice: the store's sales, newest first, with those on this device on top.
//
// Guarantees: what the edge listed last stays readable without it; a sale of this
// device is in the list from the moment it is stored. A number that arrives shows in
// the row that is there, without another read; what is told amid a read is not lost by it. The edge filters by status; for the other
// filters its pages are read on until a page is full, and `more` goes on from there.
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type * as wire from './api/schema';
import { resultOf, type Outcome } from './api/outcome';
import { isMintedBy } from './ids';
import type { People } from './people';
import { ok } from './result';
import type { State } from './state';
import type { HistoryFilters, HistoryRow, HistoryView, Problem, QueuedSale, Result } from './types';

const PAGE = 50;
/** Rows that are read at once, and how many times at most, for filters that the edge has not. */
const SCAN = 500;
const SCANS = 10;
/** Numbers that are remembered for reads that were under way when they were told. */
const NUMBERS = 500;

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
  const numbers = new Map<wire.TicketId, number>();
  const missed = new Set<wire.TicketId>();
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
    const outcome = await scan(filters, before);
    // Somebody asked for something else meanwhile.
    if (mine !== turn) return ok(null);
    if (outcome.kind !== 'answered') {
      read.value = { ...read.value, loading: false, problem: outcome.problem };
      return resultOf(outcome);
    }
    const { tickets, nextBefore } = outcome.value;
    read.value = { filters, rows: [...rows, ...tickets], loading: false, nextBefore: nextBefore ?? null, problem: null };
    const again = [...missed];
    missed.clear();
    for (const ticketId of again) void changed(ticketId);
    return ok(null);
  }

  async function scan(filters: HistoryFilters, before: number | null): Promise<Outcome<wire.TicketPage>> {
    const { text, from, until, mine } = filters;
    const limit = text?.trim() || from || until || mine ? SCAN : PAGE;
    const tickets: wire.TicketRow[] = [];
    let place = before;
    for (let nth = 1; ; nth += 1) {
      const asked = new URLSearchParams({ limit: String(limit) });
      if (filters.status) asked.set('status', filters.status);
      if (place !== null) asked.set('before', String(place));
      const outcome = await people.asPerson<wire.TicketPage>({ path: `/v1/tickets?${asked}` });
      if (outcome.kind !== 'answered') return outcome;
      const rows = outcome.value.tickets.map(withNumber);
      tickets.push(...rows.filter((row) => matches(row, filters, state.till.value?.deviceId ?? '')));
      place = outcome.value.nextBefore ?? null;
      // Newest first, but for sales that came late: a whole page of older ones is the end.
      if (from && outcome.value.tickets.every((row) => row.createdAt < from)) place = null;
      if (place === null || tickets.length >= PAGE || nth >= SCANS) {
        return { ...outcome, value: { tickets, nextBefore: place } };
      }
    }
  }

  function patch(ticketId: wire.TicketId, how: (row: wire.TicketRow) => wire.TicketRow): void {
    const { rows } = read.value;
    if (!rows.some((row) => row.ticketId === ticketId)) return;
    read.value = { ...read.value, rows: rows.map((row) => (row.ticketId === ticketId ? how(row) : row)) };
  }

  /** A row that was read before its number was told. */
  function withNumber(row: wire.TicketRow): wire.TicketRow {
    const invoiceNo = numbers.get(row.ticketId);
    return invoiceNo === undefined ? row : { ...row, invoiceNo, status: 'synced', lastError: null };
  }

  async function changed(ticketId: wire.TicketId): Promise<void> {
    if (read.value.loading) missed.add(ticketId);
    if (read.value.rows.length === 0 && read.value.problem === null) return;
    const path = `/v1/tickets/${encodeURIComponent(ticketId)}`;
    const outcome = await people.asPerson<wire.TicketRow>({ path });
    if (outcome.kind !== 'answered') return;
    const row = withNumber(outcome.value);
    const { rows, filters } = read.value;
    if (rows.some((one) => one.ticketId === ticketId)) patch(ticketId, () => row);
    // A new sale of the store comes on top where no filter could leave it out.
    else if (Object.keys(filters).length === 0) read.value = { ...read.value, rows: placed(rows, row) };
  }

  return {
    view,
    load: (filters) => page(filters, null),

    async more() {
      const { filters, nextBefore, loading } = read.value;
      return nextBefore === null || loading ? ok(null) : page(filters, nextBefore);
    },

    changed,

    numbered(ticketId, invoiceNo) {
      numbers.set(ticketId, invoiceNo);
      const [oldest] = numbers.keys();
      if (numbers.size > NUMBERS && oldest !== undefined) numbers.delete(oldest);
      patch(ticketId, withNumber);
    },

    clear() {
      turn += 1;
      numbers.clear();
      missed.clear();
      read.value = nothing;
    },
  };
}

function matches(row: wire.TicketRow, filters: HistoryFilters, deviceId: wire.DeviceId): boolean {
  const text = filters.text?.trim().replace(/^#/, '') ?? '';
  if (text !== '' && !names(row.ticketId, text) && String(row.invoiceNo ?? '') !== text) return false;
  if (filters.mine && !isMintedBy(deviceId, row.ticketId)) return false;
  if (filters.from && row.createdAt < filters.from) return false;
  return !(filters.until && row.createdAt >= filters.until);
}

function fits(sale: QueuedSale, filters: HistoryFilters): boolean {
  const text = filters.text?.trim() ?? '';
  if (filters.status && filters.status !== 'pending') return false;
  if (text !== '' && !names(sale.ticketId, text)) return false;
  if (filters.from && sale.at < filters.from) return false;
  return !(filters.until && sale.at >= filters.until);
}

function same(a: HistoryFilters, b: HistoryFilters): boolean {
  const plain = ({ status, text, from, until, mine = false }: HistoryFilters) =>
    JSON.stringify([status, text?.trim(), from, until, mine]);
  return plain(a) === plain(b);
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

/** Screens show the ends of tickets in capitals: people type what they see. */
function names(ticketId: string, text: string): boolean {
  return ticketId.toLowerCase().includes(text.toLowerCase());
}
