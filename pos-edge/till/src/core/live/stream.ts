// What happens in the store, told by the edge as it happens.
//
// Guarantees: while the page is open there is one stream or an attempt at one; it
// resumes where the last one ended (`Last-Event-ID`), and `opened` is told each time,
// so that whoever holds state reads it afresh: what was missed for longer than the edge
// keeps is not lost. A stream without a sign of life for `SILENCE_MS` is given up: a
// box without power says nothing. There is no polling.
import type { Ports } from '../ports';
import { createEventReader, type ServerEvent } from './events';

/** The edge sends a sign of life every 15 seconds. */
export const SILENCE_MS = 35_000;
/** How long the edge may take to begin an answer. */
const OPENING_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 3_000;

export interface StreamEnds {
  readonly ports: Pick<Ports, 'fetch' | 'after'>;
  /** The token to watch with; `null`: there is none, nothing is watched. */
  token(): string | null;
  opened(): void;
  told(event: ServerEvent): void;
  /** The stream ended or could not be had; `status` if the edge refused this token. */
  lost(status: number | null, token: string): void;
}

export interface Stream {
  /** Begins, or begins again with the token that holds now. */
  restart(): void;
  /** Tries at once if it waits. */
  wake(): void;
  stop(): void;
}

export function createStream(ends: StreamEnds): Stream {
  let lastId: string | null = null;
  let current: AbortController | null = null;
  let waiting: (() => void) | null = null;
  let stopped = false;

  async function watch(run: AbortController): Promise<void> {
    let failures = 0;
    while (!run.signal.aborted) {
      const token = ends.token();
      if (token === null) return;
      const began = await once(run, token);
      if (run.signal.aborted) return;
      ends.lost(began.status, token);
      failures = began.opened ? 0 : failures + 1;
      await pause(run, Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
    }
  }

  /** One stream, to its end. */
  async function once(run: AbortController, token: string): Promise<{ opened: boolean; status: number | null }> {
    const abort = new AbortController();
    const giveUp = () => abort.abort();
    run.signal.addEventListener('abort', giveUp);
    let cancel = ends.ports.after(OPENING_MS, giveUp);
    const alive = () => {
      cancel();
      cancel = ends.ports.after(SILENCE_MS, giveUp);
    };
    let opened = false;
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
      if (lastId !== null) headers['last-event-id'] = lastId;
      const response = await ends.ports.fetch('/v1/updates', {
        headers, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: abort.signal,
      });
      const type = response.headers.get('content-type') ?? '';
      if (!response.ok || !type.startsWith('text/event-stream') || !response.body) {
        await response.body?.cancel();
        return { opened, status: type.startsWith('application/problem+json') ? response.status : null };
      }
      opened = true;
      alive();
      ends.opened();
      await read(response.body, alive);
    } catch {
      // However it ended, the next one resumes.
    } finally {
      cancel();
      run.signal.removeEventListener('abort', giveUp);
    }
    return { opened, status: null };
  }

  async function read(body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
    const events = createEventReader();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      for (const event of events.take(decoder.decode(value, { stream: true }))) {
        ends.told(event);
        if (event.id !== '') lastId = event.id;
      }
    }
  }

  function pause(run: AbortController, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        cancel();
        run.signal.removeEventListener('abort', over);
        waiting = null;
        resolve();
      };
      const cancel = ends.ports.after(milliseconds, over);
      run.signal.addEventListener('abort', over);
      waiting = over;
      if (run.signal.aborted) over();
    });
  }

  return {
    restart() {
      current?.abort();
      if (stopped) return;
      current = new AbortController();
      void watch(current);
    },
    wake() {
      waiting?.();
    },
    stop() {
      stopped = true;
      current?.abort();
    },
  };
}
