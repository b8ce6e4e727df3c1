// What an answer means: decided here and nowhere else.
//
// `answered`: the edge did it. `refused`: the edge says no, for a reason with a code;
// nothing happened. `unknown`: nothing can be concluded: no network, no answer in
// time, the edge failed (5xx), or something that is not the edge answered (the page of
// a hotel's Wi-Fi, a proxy). Only an edge that speaks problem+json can refuse.
import { no } from '../result';
import type { Problem, ProblemCode, Result } from '../types';

export type Unknown = 'network' | 'timeout' | 'failed' | 'not_the_edge';

export type Outcome<T> =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly value: T;
      /** The body as it came. */
      readonly text: string;
      readonly headers: Headers;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly problem: Problem }
  | { readonly kind: 'unknown'; readonly why: Unknown; readonly problem: Problem };

/** Statuses below 500 after which the same request may work. */
const PASSING = new Set([408, 425]);

export function classify(status: number, headers: Headers, text: string): Outcome<unknown> {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (status === 204) return { kind: 'answered', status, value: null, text, headers };
  if (status >= 200 && status < 300) {
    const value = type === 'application/json' ? parsed(text) : undefined;
    if (value === undefined) return notTheEdge(`status ${status} with ${type || 'no type'}`);
    return { kind: 'answered', status, value, text, headers };
  }
  const problem = type === 'application/problem+json' ? problemIn(text, headers) : undefined;
  if (status >= 500 || PASSING.has(status)) {
    const told = problem ?? no('edge_unreachable', `the edge answered ${status}`).problem;
    return { kind: 'unknown', why: 'failed', problem: told };
  }
  if (status >= 400 && problem) return { kind: 'refused', status, problem };
  return notTheEdge(`status ${status} with ${type || 'no type'}`);
}

export function unknown(why: Unknown, detail: string): Outcome<never> {
  return { kind: 'unknown', why, problem: no('edge_unreachable', detail).problem };
}

/** For a person who waits for it: done, or why not. */
export function resultOf<T>(outcome: Outcome<T>): Result<T> {
  return outcome.kind === 'answered'
    ? { ok: true, value: outcome.value }
    : { ok: false, problem: outcome.problem };
}

function notTheEdge(what: string): Outcome<never> {
  return { kind: 'unknown', why: 'not_the_edge', problem: no('edge_not_understood', what).problem };
}

function problemIn(text: string, headers: Headers): Problem | undefined {
  const body = parsed(text);
  if (typeof body !== 'object' || body === null) return undefined;
  const { code, detail } = body as { code?: unknown; detail?: unknown };
  if (typeof code !== 'string') return undefined;
  const seconds = Number(headers.get('retry-after') ?? NaN);
  // An edge that is newer than this page may know codes that it does not: they stay.
  const problem = { code: code as ProblemCode, detail: typeof detail === 'string' ? detail : '' };
  return Number.isFinite(seconds) ? { ...problem, retryAfterSeconds: seconds } : problem;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
