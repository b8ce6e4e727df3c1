// Which sale is sent next, and when: pure (schedule.test.ts).
//
// Guarantees: oldest first; nothing waits for longer than `LONGEST_MS`. While the edge is
// not heard all wait together, so that their order stands when it is back; one that the
// edge does not take, while it takes others, waits for its own growing pause. What was
// set aside is sent only when a person asks, or somebody logs in, or the page is opened.
import type { KeptState } from './machine';

export const FIRST_MS = 1_000;
export const LONGEST_MS = 60_000;
/** The edge is heard again: how long after the last failure it is tried at the latest. */
const HEARD_MS = 4_000;

export interface Waiting {
  readonly seq: number;
  readonly state: KeptState;
}

/** What the sender remembers of one sale. */
export interface Tried {
  /** Failures in a row. */
  readonly failures: number;
  /** Not before this moment, in milliseconds since 1970. */
  readonly notBefore: number;
}

/** What the sender remembers of the edge, while it is not heard. */
export interface Silence {
  /** Attempts in a row. */
  readonly failures: number;
  /** When the last one failed. */
  readonly failedAt: number;
  /** Nothing is sent before this moment. */
  readonly until: number;
}

export type Next =
  | { readonly is: 'send'; readonly seq: number }
  /** Nothing is due; look again after so long, or when woken (`null`). */
  | { readonly is: 'wait'; readonly milliseconds: number | null };

export function next(
  sales: readonly Waiting[],
  tried: ReadonlyMap<number, Tried>,
  asked: ReadonlySet<number>,
  silence: Silence | null,
  now: number,
): Next {
  // A clock that was set back must not make anything wait for longer than it would.
  const quiet = silence ? Math.min(silence.until - now, LONGEST_MS) : 0;
  let soonest: number | null = null;
  for (const sale of [...sales].sort((a, b) => a.seq - b.seq)) {
    if (sale.state === 'set_aside' && !asked.has(sale.seq)) continue;
    // The tab that sells it makes its first attempt.
    if (sale.state === 'stored') continue;
    const notBefore = tried.get(sale.seq)?.notBefore ?? 0;
    const wait = Math.max(quiet, Math.min(notBefore - now, LONGEST_MS));
    if (wait <= 0) return { is: 'send', seq: sale.seq };
    soonest = soonest === null ? wait : Math.min(soonest, wait);
  }
  return { is: 'wait', milliseconds: soonest };
}

/** The edge does not take it: one more failure. */
export function failed(before: Tried | undefined, now: number): Tried {
  const failures = (before?.failures ?? 0) + 1;
  return { failures, notBefore: now + pause(failures) };
}

/** The edge is not heard: one more failure. */
export function silent(before: Silence | null, now: number): Silence {
  const failures = (before?.failures ?? 0) + 1;
  return { failures, failedAt: now, until: now + pause(failures) };
}

/** Something else heard the edge: it is tried soon, but not in a loop. */
export function heardElsewhere(silence: Silence | null): Silence | null {
  if (!silence) return null;
  const soon = silence.failedAt + Math.min(pause(silence.failures), HEARD_MS);
  return { ...silence, until: Math.min(silence.until, soon) };
}

function pause(failures: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), LONGEST_MS);
}
