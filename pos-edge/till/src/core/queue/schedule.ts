// Which sale is sent next, and when: pure (schedule.test.ts).
//
// Guarantees: oldest first; one that failed waits for its own growing pause and the
// others go on; nothing waits for longer than `LONGEST_MS`. What was set aside is
// sent only when a person asks, or somebody logs in, or the page is opened.
import type { KeptState } from './machine';

export const FIRST_MS = 1_000;
export const LONGEST_MS = 60_000;

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
  /** Whether it was the network that failed. */
  readonly network: boolean;
}

export type Next =
  | { readonly is: 'send'; readonly seq: number }
  /** Nothing is due; look again after so long, or when woken (`null`). */
  | { readonly is: 'wait'; readonly milliseconds: number | null };

export function next(
  sales: readonly Waiting[],
  tried: ReadonlyMap<number, Tried>,
  asked: ReadonlySet<number>,
  now: number,
): Next {
  let soonest: number | null = null;
  for (const sale of [...sales].sort((a, b) => a.seq - b.seq)) {
    if (sale.state === 'set_aside' && !asked.has(sale.seq)) continue;
    // The tab that sells it makes its first attempt.
    if (sale.state === 'stored') continue;
    const notBefore = tried.get(sale.seq)?.notBefore ?? 0;
    // A clock that was set back must not make anything wait for longer than it would.
    const wait = Math.min(notBefore - now, LONGEST_MS);
    if (wait <= 0) return { is: 'send', seq: sale.seq };
    soonest = soonest === null ? wait : Math.min(soonest, wait);
  }
  return { is: 'wait', milliseconds: soonest };
}

/** After one more failure. */
export function failed(before: Tried | undefined, network: boolean, now: number): Tried {
  const failures = (before?.failures ?? 0) + 1;
  const pause = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), LONGEST_MS);
  return { failures, notBefore: now + pause, network };
}
