// An edge in memory, by its HTTP contract, for tests of the core.
//
// As the real one: the same ticket and bytes get the same answer, other bytes under a
// ticket are refused, a login that is over is refused, a session that is closed takes
// no sale but one that was completed offline. It can lose requests and answers, answer
// twice, hang, fail and refuse.
import { readFileSync } from 'node:fs';
import type * as wire from '../api/schema';
import type { Simulation } from './simulation';

const golden = new URL('../../../../../crates/domain/tests/golden/carts.json', import.meta.url);
const catalogues = (JSON.parse(readFileSync(golden, 'utf8')) as { catalogues: Record<string, wire.CatalogueV1> }).catalogues;

export const DEVICE = '00000000-0000-0000-0000-0000000000de';
export const SOKHA = '00000000-0000-0000-0000-00000000005f';
export const DARA = '00000000-0000-0000-0000-0000000000da';
export const LATTE = '00000000-0000-0000-0000-000000000101';
export const WATER = '00000000-0000-0000-0000-000000000102';
export const OAT_MILK = '00000000-0000-0000-0000-000000000ad2';
export const CODE = '123456';
export const PIN = '2468';

/** What every KHQR code locks here. */
const LOCKED: wire.Totals = {
  lines: [],
  discounts: { branch_discount_usd: '0.00', branch_discounts: [], branch_id: '', item_discount_total_usd: '0.00' },
  subtotal_usd: '6.10',
  vat: { amount_usd: '0.61', enabled: true, rate_percent: '10' },
  fx_rate_khr_per_usd: '4100',
  grand_total_usd: '6.71',
  grand_total_khr: '27511',
  khr_rounding: { enabled: true, granularity: 1_000, mode: 'UP', rounding_khr: '489' },
  payable_khr: '28000',
};

/** What happens to one post of a sale. */
export type Fate =
  | 'answer'
  | 'lose request'
  | 'lose answer'
  | 'twice'
  | 'hang'
  | 'another page'
  | { readonly status: number; readonly code: string };

export interface Capture {
  readonly ticket: string;
  readonly body: string;
  readonly offlineAt: string | null;
  readonly answer: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string | null;
}

export class FakeEdge {
  power: 'on' | 'off' | 'hangs' = 'on';
  /** Fates of the next posts of sales; then they are answered. */
  readonly fates: Fate[] = [];
  /** Fates by ticket, for ever. */
  readonly cursed = new Map<string, Fate>();
  /** Sales, in the order in which they were captured. */
  readonly captured: Capture[] = [];
  /** Each post of a sale that arrived. */
  readonly posts: { readonly ticket: string; readonly body: string; readonly offlineAt: string | null }[] = [];
  readonly asked: string[] = [];
  readonly sessions: wire.CashSession[] = [];
  readonly closed = new Set<string>();
  readonly held: string[] = [];
  revoked = false;
  /** What customers have paid by KHQR, by the code's digest. */
  readonly paid = new Set<string>();
  readonly numbers = new Map<string, number>();
  draft: wire.Draft | null = null;
  catalogue: wire.CatalogueV1;
  private readonly logins = new Map<string, string>();
  private readonly answers = new Map<string, { readonly body: string | null; readonly response: () => Response }>();
  private readonly watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  private events: { readonly id: string; readonly text: string }[] = [];
  private place = 0;
  private codes = 0;

  constructor(private readonly simulation: Simulation, kind: 'plain' | 'taxed' | 'discounted' = 'taxed') {
    const base = catalogues[kind];
    if (!base) throw new Error(`no catalogue ${kind}`);
    const staff: wire.StaffMember[] = [
      { staff_id: SOKHA, name: 'Sokha', role: 'CASHIER' },
      { staff_id: DARA, name: 'Dara', role: 'MANAGER' },
    ];
    this.catalogue = { ...base, staff };
    this.signOfLife();
  }

  /** The path of a request after which nothing more of it is known here. */
  fetch(input: string, init: RequestInit): Promise<Response> {
    if (this.power === 'off') return Promise.reject(new TypeError('network error'));
    const url = new URL(input, 'http://edge.test');
    this.asked.push(`${init.method ?? 'GET'} ${url.pathname}`);
    if (this.power === 'hangs') return hanging(init.signal);
    const asked = {
      method: init.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? init.body : null,
    };
    if (asked.path === '/v1/sales' && asked.method === 'POST') return this.sale(asked, init.signal);
    return Promise.resolve(this.answer(asked, init.signal));
  }

  /** Tells everybody who watches. */
  tell(update: wire.Update): void {
    this.place += 1;
    const id = `${this.place}.0`;
    const text = `event: ${update.event}\nid: ${id}\ndata: ${JSON.stringify(update)}\n\n`;
    this.events.push({ id, text });
    for (const watcher of this.watchers) watcher.enqueue(new TextEncoder().encode(text));
  }

  /** The box loses its power, or its network. */
  turn(power: 'on' | 'off' | 'hangs'): void {
    this.power = power;
    if (power === 'off') for (const watcher of this.watchers) watcher.error(new TypeError('network error'));
    if (power !== 'on') this.watchers.clear();
  }

  /** The books give a sale its number. */
  number(ticket: string, no: number): void {
    this.numbers.set(ticket, no);
    this.tell({ event: 'invoice_assigned', ticket_id: ticket, invoice_no: no });
  }

  announceHeld(ticket: string): void {
    this.tell({ event: 'held_sale_changed', ticket_id: ticket });
  }

  /** Another catalogue comes from the centre. */
  publish(catalogue: wire.CatalogueV1): void {
    this.catalogue = catalogue;
    const status = { link: 'up', catalogue: this.reference(), storageLevel: 'ok', ticketsLeft: 1_000, freeBytes: 1 };
    this.tell({ event: 'sync_changed', status: status as wire.SyncStatus });
  }

  /** Every login ends. */
  endLogins(): void {
    this.logins.clear();
  }

  get watching(): number {
    return this.watchers.size;
  }

  private signOfLife(): void {
    this.simulation.after(15_000, () => {
      for (const watcher of this.watchers) watcher.enqueue(new TextEncoder().encode(':\n\n'));
      this.signOfLife();
    });
  }

  private sale(asked: Asked, signal: AbortSignal | null | undefined): Promise<Response> {
    const ticket = asked.headers.get('idempotency-key') ?? '';
    const fate = this.cursed.get(ticket) ?? this.fates.shift() ?? 'answer';
    if (fate === 'lose request') return Promise.reject(new TypeError('network error'));
    if (fate === 'hang') return hanging(signal);
    if (fate === 'another page') return Promise.resolve(new Response('<html>', { headers: { 'content-type': 'text/html' } }));
    this.posts.push({ ticket, body: asked.body ?? '', offlineAt: asked.headers.get('completed-offline-at') });
    if (typeof fate === 'object') return Promise.resolve(problem(fate.status, fate.code));
    if (fate === 'twice') this.capture(asked, ticket);
    const answer = this.capture(asked, ticket);
    return fate === 'lose answer' ? Promise.reject(new TypeError('network error')) : Promise.resolve(answer);
  }

  private capture(asked: Asked, ticket: string): Response {
    const token = bearer(asked);
    const offlineAt = asked.headers.get('completed-offline-at');
    const staff = this.logins.get(token);
    const isTills = staff !== undefined || token === 'till-token';
    if (offlineAt === null && this.revoked) return problem(403, 'device_revoked');
    if (offlineAt === null && !staff) return problem(401, 'not_logged_in');
    if (this.revoked || !isTills) {
      if (!this.held.includes(ticket)) this.held.push(ticket);
      return json(202, { ticket_id: ticket, state: 'HELD' });
    }
    const known = this.captured.find((one) => one.ticket === ticket);
    if (known) {
      if (known.body !== asked.body) return problem(422, 'ticket_conflict');
      return new Response(known.answer, { status: 201, headers: { 'content-type': 'application/json' } });
    }
    const sale = JSON.parse(asked.body ?? '') as wire.FinalizeSale;
    const session = this.sessions.find((one) => one.cash_session_id === sale.cash_session_id);
    if (offlineAt === null && (!session || this.closed.has(session.cash_session_id))) return problem(409, 'no_open_session');
    const answer = JSON.stringify({
      ...(sale.shown?.totals ?? {}),
      ticketId: ticket,
      sale_id: crypto.randomUUID(),
      order_id: crypto.randomUUID(),
      status: 'FINALIZED',
      finalized_at: offlineAt ?? new Date(this.simulation.now).toISOString(),
      catalogue: this.reference(),
      tender: { ...sale.tender.received, method: sale.tender.method, received: sale.tender.received.amount, change: '0' },
    });
    this.captured.push({ ticket, body: asked.body ?? '', offlineAt, answer });
    if (sale.draft_id === this.draft?.draft_id) this.draft = null;
    this.tell({ event: 'sale_captured', ticket_id: ticket });
    return new Response(answer, { status: 201, headers: { 'content-type': 'application/json' } });
  }

  private reference(): wire.CatalogueRef {
    return { content_hash: `${this.catalogue.version}`.padStart(64, '0'), version: this.catalogue.version };
  }

  private answer(asked: Asked, signal: AbortSignal | null | undefined): Response {
    const key = asked.headers.get('idempotency-key');
    const before = key === null ? undefined : this.answers.get(key);
    if (before) return before.body === asked.body ? before.response() : problem(422, 'idempotency_key_conflict');
    const response = this.route(asked, signal);
    if (key !== null && response.ok) {
      const kept = response.clone();
      this.answers.set(key, { body: asked.body, response: () => kept.clone() });
    }
    return response;
  }

  private route(asked: Asked, signal: AbortSignal | null | undefined): Response {
    const what = `${asked.method} ${asked.path}`;
    const body = asked.body === null ? null : (JSON.parse(asked.body) as unknown);
    const token = bearer(asked);
    if (what === 'POST /v1/devices/pair') {
      const { code, deviceId } = body as wire.PairDevice;
      if (code !== CODE) return problem(403, 'wrong_pairing_code');
      return json(201, { deviceId, pairedAt: new Date(this.simulation.now).toISOString(), token: 'till-token' });
    }
    if (what === 'GET /v1/sync') return json(200, { link: 'up' });
    if (what === 'POST /v1/logout') {
      this.logins.delete(token);
      return new Response(null, { status: 204 });
    }
    const staff = this.logins.get(token);
    if (this.revoked) return problem(403, 'device_revoked');
    if (!staff && token !== 'till-token') return problem(401, 'not_logged_in');
    switch (what) {
      case 'POST /v1/login': {
        const { staffId, pin } = body as wire.LogIn;
        if (pin !== PIN) return problem(401, 'wrong_pin');
        const fresh = `login-${crypto.randomUUID()}`;
        this.logins.set(fresh, staffId);
        const at = new Date(this.simulation.now).toISOString();
        const expiresAt = new Date(this.simulation.now + 16 * 3_600_000).toISOString();
        return json(201, { deviceId: DEVICE, staffId, token: fresh, loggedInAt: at, expiresAt });
      }
      case 'GET /v1/catalogue':
        return json(200, this.catalogue, { etag: `"${this.reference().content_hash}"` });
      case 'GET /v1/stock':
        return json(200, { items: [] });
      case 'GET /v1/updates':
        return this.updates(asked, signal);
    }
    return staff ? this.asStaff(what, asked, body, staff) : problem(401, 'not_logged_in');
  }

  private asStaff(what: string, asked: Asked, body: unknown, staff: string): Response {
    switch (what) {
      case 'POST /v1/cash-sessions': {
        const asks = body as wire.OpenCashSession;
        const open = this.sessions.some((one) => one.staff_id === staff && !this.closed.has(one.cash_session_id));
        if (open) return problem(409, 'session_already_open');
        const session = { ...asks, cash_session_id: crypto.randomUUID(), opened_at: new Date(this.simulation.now).toISOString() };
        this.sessions.push(session);
        return json(201, session);
      }
      case 'GET /v1/cash-sessions':
        return json(200, this.sessions.filter((one) => !this.closed.has(one.cash_session_id)));
      case 'PUT /v1/draft': {
        const put = body as wire.PutDraft;
        if (this.draft && (this.draft.draft_id !== put.draft_id || this.draft.staff_id !== staff)) {
          return problem(409, 'draft_of_another_context', `draft ${this.draft.draft_id} is of another till, session or person`);
        }
        const at = new Date(this.simulation.now).toISOString();
        this.draft = { ...put, device_id: DEVICE, staff_id: staff, item_count: 1, subtotal_usd: '1.00', created_at: at, updated_at: at };
        return json(200, this.draft);
      }
      case 'GET /v1/draft':
        if (!this.draft) return problem(404, 'draft_not_found');
        if (this.draft.staff_id !== staff) {
          return problem(409, 'draft_of_another_context', `draft ${this.draft.draft_id} is of another till, session or person`);
        }
        return json(200, this.draft);
      case 'DELETE /v1/draft':
        if (this.draft?.draft_id !== asked.query.get('draft')) return problem(404, 'draft_not_found');
        this.draft = null;
        return new Response(null, { status: 204 });
      case 'POST /v1/khqr': {
        const { ticket_id, currency } = body as wire.NewKhqr;
        const md5 = `md5-${ticket_id}-${(this.codes += 1)}`;
        const at = new Date(this.simulation.now).toISOString();
        return json(201, {
          ticket_id, currency, md5, amount: '6.71', payload: 'payload', to_account_id: 'cafe@bank',
          catalogue: this.reference(), created_at: at, expires_at: at, totals: LOCKED,
        });
      }
      case 'GET /v1/orders':
        return json(200, { orders: [] });
      case 'GET /v1/void-requests':
        return json(200, { void_requests: [] });
      case 'GET /v1/held-sales':
        if (staff !== DARA) return problem(403, 'approver_required');
        return json(200, { held_sales: this.held.map((ticket_id) => ({ ticket_id, state: 'HELD' })).reverse() });
      case 'GET /v1/notifications':
        return json(200, { notifications: [] });
      case 'GET /v1/tickets':
        return json(200, { tickets: this.captured.map((one) => this.ticket(one)).reverse() });
    }
    const checks = /^\/v1\/khqr\/(.+)\/check$/.exec(asked.path)?.[1];
    if (checks) {
      const at = new Date(this.simulation.now).toISOString();
      const proof = { khqr_hash: 'h', khqr_to_account_id: 'cafe@bank', khqr_confirmed_at: at };
      const state = this.paid.has(checks) ? { state: 'paid', ...proof } : { state: 'not_paid_yet' };
      return json(200, { ...state, md5: checks, ticket_id: '', superseded: false, checked_at: at });
    }
    const receipt = /^\/v1\/sales\/(.+)\/receipt$/.exec(asked.path)?.[1];
    const printed = this.captured.find((one) => one.ticket === receipt);
    if (printed) {
      const no = this.numbers.get(printed.ticket);
      return json(200, { ticketId: printed.ticket, invoice: no === undefined ? null : { no, chain_hash: '' }, status: 'FINALIZED' });
    }
    const ticket = /^\/v1\/tickets\/(.+)$/.exec(asked.path)?.[1];
    const sale = this.captured.find((one) => one.ticket === ticket);
    if (sale) return json(200, this.ticket(sale));
    const closes = /^\/v1\/cash-sessions\/(.+)\/close$/.exec(asked.path)?.[1];
    if (closes) {
      if (this.draft?.cash_session_id === closes) return problem(409, 'draft_active');
      this.closed.add(closes);
      return json(200, { cash_session_id: closes });
    }
    return problem(404, 'not_found');
  }

  private ticket({ ticket, body }: Capture): wire.TicketRow {
    const sale = JSON.parse(body) as wire.FinalizeSale;
    return {
      ticketId: ticket,
      createdAt: sale.shown?.at ?? '',
      grandTotalUsd: sale.shown?.totals.grand_total_usd ?? '',
      orderStatus: 'IN_PREP',
      saleStatus: 'FINALIZED',
      status: this.numbers.has(ticket) ? 'synced' : 'pending',
      invoiceNo: this.numbers.get(ticket) ?? null,
    };
  }

  private updates(asked: Asked, signal: AbortSignal | null | undefined): Response {
    const last = asked.headers.get('last-event-id');
    const missed = last === null ? [] : this.events.slice(this.events.findIndex((one) => one.id === last) + 1);
    let mine: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        mine = controller;
        this.watchers.add(controller);
        for (const { text } of missed) controller.enqueue(new TextEncoder().encode(text));
      },
      cancel: () => void this.watchers.delete(mine),
    });
    signal?.addEventListener('abort', () => {
      this.watchers.delete(mine);
      mine.error(new DOMException('aborted', 'AbortError'));
    });
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  }
}

function bearer(asked: Asked): string {
  return (asked.headers.get('authorization') ?? '').replace('Bearer ', '');
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
}

function problem(status: number, code: string, detail = code): Response {
  const body = JSON.stringify({ type: 'about:blank', title: code, status, code, detail });
  return new Response(body, { status, headers: { 'content-type': 'application/problem+json' } });
}

function hanging(signal: AbortSignal | null | undefined): Promise<Response> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });
}
