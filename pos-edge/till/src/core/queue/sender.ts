// Gives the sales of this device to the edge, for ever.
//
// Guarantees: one tab sends at a time (a Web Lock; when that tab dies the next one goes
// on); one sale at a time, oldest first. If an attempt is not heard, a small question to
// the edge tells whether it is away, and all wait in their order, or it is that sale,
// which then waits alone: no sale blocks the others. What is not known to be done is sent again, under the
// same ticket with the same bytes: the edge does it once.
//
// Woken by signals: a new sale, the edge heard again, somebody logged in, a person who
// asks. Between them it waits for the pause of the sale that is due next.
import type { Client } from '../api/client';
import type { SaleReceipt, TicketId } from '../api/schema';
import type { Ports } from '../ports';
import { step, type SaleEvent, type Step } from './machine';
import { post } from './post';
import { failed, heardElsewhere, next, silent, type Silence, type Tried } from './schedule';
import type { QueueStore, StoredSale } from './store';

export const SENDER_LOCK = 'till-sender';

/** The pause after the browser's storage failed. */
const STORAGE_PAUSE_MS = 5_000;

/** `new`: look again. `edge`: it is heard again. `all`: also what was set aside. */
export type Wake = 'new' | 'edge' | 'all';

export interface SenderEnds {
  readonly client: Client;
  readonly store: QueueStore;
  readonly ports: Pick<Ports, 'locks' | 'after' | 'now'>;
  /** What a sale is sent with; `null`: nothing, until somebody logs in. */
  token(sale: StoredSale): string | null;
  /** The edge does not take it any more. */
  tokenEnded(sale: StoredSale, token: string): Promise<void>;
  /** Whether the edge answers anything. */
  answers(): Promise<boolean>;
  /** Told after each step that was stored. */
  moved(sale: StoredSale, step: Step, answer: SaleReceipt | null): void;
  /** The browser's storage failed; it is tried again. */
  storageFailed(error: unknown): void;
}

export interface Sender {
  wake(why: Wake): void;
  /** Ends with the page; in tests, as if the tab had died. */
  stop(): void;
}

export function startSender(ends: SenderEnds): Sender {
  const stopped = new AbortController();
  const tried = new Map<number, Tried>();
  const asked = new Set<number>();
  let silence: Silence | null = null;
  let askAll = true;
  let woken: (() => void) | null = null;
  let pending = false;

  void ends.ports.locks
    .request(SENDER_LOCK, { signal: stopped.signal }, run)
    .catch((error: unknown) => {
      if (!stopped.signal.aborted) throw error;
    });

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      pending = false;
      let wait: number | null;
      try {
        wait = await pass();
      } catch (error) {
        ends.storageFailed(error);
        wait = STORAGE_PAUSE_MS;
      }
      if (!pending && !stopped.signal.aborted) await sleep(wait);
    }
  }

  /** Sends what is due; answers how long to wait then. */
  async function pass(): Promise<number | null> {
    const { sales } = await ends.store.read();
    const left = new Map(sales.map((sale) => [sale.seq, sale]));
    if (askAll) for (const sale of sales) asked.add(sale.seq);
    askAll = false;
    for (;;) {
      const then = next([...left.values()], tried, asked, silence, ends.ports.now());
      if (then.is === 'wait') return then.milliseconds;
      const sale = left.get(then.seq);
      if (!sale || stopped.signal.aborted) return null;
      const { taken, heard } = await sendOne(sale);
      if (taken.to === 'gone') left.delete(sale.seq);
      else left.set(sale.seq, { ...sale, state: taken.to, problem: taken.problem });
      if (!heard && !(await ends.answers())) {
        silence = silent(silence, ends.ports.now());
        continue;
      }
      // If it came back amid this attempt, the same sale is the next one.
      const cameBack = !heard && silence !== null;
      silence = null;
      if (taken.to === 'gone') tried.delete(sale.seq);
      else if (!cameBack) tried.set(sale.seq, failed(tried.get(sale.seq), ends.ports.now()));
    }
  }

  async function sendOne(sale: StoredSale): Promise<{ taken: Step; heard: boolean }> {
    asked.delete(sale.seq);
    const { event, answer, heard } = await attempt(sale);
    const taken = step(sale.state, sale.method, event);
    // Nothing that is worth a write: it waits as before.
    if (stopped.signal.aborted || (!heard && taken.to === sale.state)) return { taken, heard };
    if (await ends.store.move(sale.ticketId, sale.state, taken)) ends.moved(sale, taken, answer);
    return { taken, heard };
  }

  async function attempt(sale: StoredSale): Promise<Attempt> {
    const token = ends.token(sale);
    if (token === null) return { event: noToken(sale.ticketId), answer: null, heard: true };
    const { event, sale: answer, heard } = await post(ends.client, { sale, token });
    if (event.is === 'refused' && event.problem.code === 'not_logged_in') await ends.tokenEnded(sale, token);
    return { event, answer, heard };
  }

  function sleep(milliseconds: number | null): Promise<void> {
    return new Promise((resolve) => {
      const cancel = milliseconds === null ? () => {} : ends.ports.after(milliseconds, () => woken?.());
      woken = () => {
        woken = null;
        cancel();
        resolve();
      };
      if (stopped.signal.aborted) woken();
    });
  }

  return {
    wake(why) {
      if (why === 'edge') silence = heardElsewhere(silence);
      if (why === 'all') {
        silence = null;
        tried.clear();
        askAll = true;
      }
      pending = true;
      woken?.();
    },
    stop() {
      stopped.abort();
      woken?.();
    },
  };
}

interface Attempt {
  readonly event: SaleEvent;
  readonly answer: SaleReceipt | null;
  readonly heard: boolean;
}

function noToken(ticketId: TicketId): SaleEvent {
  const detail = `nobody is logged in who could send ${ticketId}`;
  return { is: 'refused', status: 401, problem: { code: 'not_logged_in', detail } };
}
