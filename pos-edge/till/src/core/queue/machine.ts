// What becomes of a sale on this device: pure, so that every case is one row of a
// table (machine.test.ts).
//
//   stored ──answered──▶ gone             stored: written down; its first attempt is under
//     │ ──refused──▶ gone, not complete   way or was cut off. Its cart waits for it.
//     └─unknown──▶ queued (cash)          queued: complete, a fact; sent for ever.
//                  unsure (KHQR)          unsure: paid by KHQR, and the edge's answer is
//   queued ──answered, held──▶ gone       missing: the same bytes are sent until it is there.
//     │ ──refused──▶ set_aside            set_aside: the edge refused what was complete or
//     └─unknown, no login──▶ queued       paid: kept for a person, never deleted by itself.
//   unsure: as queued
//
// A crash amid the first attempt leaves `stored` behind; whoever finds it without an
// owner takes the attempt's outcome for unknown. In every state but `stored` the cart
// is ended: whatever becomes of one sale, the next customer can be served.
import type { Problem } from '../types';

export type Method = 'CASH' | 'KHQR';
export type KeptState = 'stored' | 'unsure' | 'queued' | 'set_aside';

export type SaleEvent =
  /** The edge has it: 201, now or before. */
  | { readonly is: 'answered' }
  /** The edge keeps it for a manager: 202. */
  | { readonly is: 'held' }
  | { readonly is: 'refused'; readonly status: number; readonly problem: Problem }
  | { readonly is: 'unknown'; readonly problem: Problem };

export type Step =
  | { readonly to: 'gone'; readonly why: 'answered' | 'held' | 'refused' }
  | { readonly to: KeptState; readonly problem: Problem | null };

/** Refusals that are about who asks, not about the sale. */
const ABOUT_WHO = new Set<string>(['not_logged_in', 'device_revoked', 'device_unknown', 'login_locked']);

export function step(state: KeptState, method: Method, event: SaleEvent): Step {
  switch (event.is) {
    case 'answered':
    case 'held':
      return { to: 'gone', why: event.is };
    case 'unknown':
      if (state === 'stored') return { to: method === 'CASH' ? 'queued' : 'unsure', problem: null };
      return { to: state, problem: event.problem };
    case 'refused':
      // It was done, and is kept at the centre only.
      if (event.problem.code === 'pruned') return { to: 'gone', why: 'answered' };
      return refused(state, event.problem);
  }
}

function refused(state: KeptState, problem: Problem): Step {
  switch (state) {
    case 'stored':
      return { to: 'gone', why: 'refused' };
    case 'unsure':
    case 'queued':
      return ABOUT_WHO.has(problem.code) ? { to: state, problem } : { to: 'set_aside', problem };
    case 'set_aside':
      return { to: 'set_aside', problem };
  }
}
