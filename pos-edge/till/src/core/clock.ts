// What time it is, as the edge sees it.
//
// A tablet's clock may be wrong by hours. Answers of the edge carry its time in
// whole seconds (`Date`); where the two differ by more than a request can take, the
// difference is kept and added. Discounts with hours and the times on receipts follow
// the edge then, also while it is away.
import type { Timestamp } from './api/schema';

/** A difference that is below this is the request's own time and whole seconds. */
const TOLERATED_MS = 3_000;

export interface Clock {
  /** Now, as the wire says it. */
  now(): Timestamp;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Heeds the `Date` header of an answer. */
  heard(date: string | null): void;
  /** Goes on with a difference that was kept, in milliseconds. */
  begin(offset: number): void;
}

export function createClock(deviceNow: () => number, changed: (offset: number) => void): Clock {
  let current = 0;
  const nowMs = () => deviceNow() + current;
  return {
    nowMs,
    now: () => timestamp(nowMs()),
    begin(kept) {
      current = kept;
    },
    heard(date) {
      const told = date === null ? NaN : Date.parse(date);
      if (Number.isNaN(told) || Math.abs(told - nowMs()) <= TOLERATED_MS) return;
      const direct = told - deviceNow();
      current = Math.abs(direct) <= TOLERATED_MS ? 0 : direct;
      changed(current);
    },
  };
}

/** With microseconds, as the wire always has them. */
export function timestamp(milliseconds: number): Timestamp {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
