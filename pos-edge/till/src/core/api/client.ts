// The one place that talks to the edge.
//
// Guarantees: every call ends within its time, with an `Outcome`; it throws nothing.
// Nothing is retried here: who calls holds the idempotency key and knows whether to.
import type { Clock } from '../clock';
import type { Ports } from '../ports';
import { said } from '../result';
import { classify, unknown, type Outcome } from './outcome';

/** How long an ordinary call may take, to the last byte of its answer. */
export const PATIENCE_MS = 8_000;

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root, with its query. */
  readonly path: string;
  readonly token?: string | null;
  /** The bytes as they are to be sent. */
  readonly text?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
}

/** Told of each call: whether the edge was heard. */
export interface Heard {
  (heard: boolean): void;
}

export interface Client {
  call<T>(call: Call): Promise<Outcome<T>>;
}

export function createClient(ports: Pick<Ports, 'fetch' | 'after'>, clock: Clock, heard: Heard): Client {
  return {
    async call<T>(call: Call): Promise<Outcome<T>> {
      const abort = new AbortController();
      let timedOut = false;
      const cancel = ports.after(call.patienceMs ?? PATIENCE_MS, () => {
        timedOut = true;
        abort.abort();
      });
      try {
        const response = await ports.fetch(call.path, { ...request(call), signal: abort.signal });
        const text = await response.text();
        const outcome = classify(response.status, response.headers, text);
        const isEdge = !(outcome.kind === 'unknown' && outcome.why === 'not_the_edge');
        if (isEdge) clock.heard(response.headers.get('date'));
        heard(isEdge);
        return outcome as Outcome<T>;
      } catch (error) {
        heard(false);
        return timedOut
          ? unknown('timeout', `no answer to ${call.path} in time`)
          : unknown('network', said(error));
      } finally {
        cancel();
      }
    },
  };
}

function request(call: Call): RequestInit {
  const headers: Record<string, string> = { accept: 'application/json', ...call.headers };
  if (call.token) headers['authorization'] = `Bearer ${call.token}`;
  if (call.key) headers['idempotency-key'] = call.key;
  if (call.text !== undefined) headers['content-type'] = 'application/json';
  return {
    method: call.method ?? 'GET',
    headers,
    // What answers for the edge in its place is not followed.
    redirect: 'error',
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    ...(call.text === undefined ? {} : { body: call.text }),
  };
}
