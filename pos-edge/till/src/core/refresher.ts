// Reads something again when it changed, without piling up.
//
// Guarantees: at most one read runs; however often it is asked for meanwhile, exactly
// one more follows, so that the last thing that is known is newer than the last ask.
export interface Refresher {
  /** Resolves when a read that began after the call has ended. */
  refresh(): Promise<void>;
}

export function createRefresher(read: () => Promise<void>): Refresher {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  function begin(): Promise<void> {
    running = read().finally(() => {
      running = null;
    });
    return running;
  }

  return {
    refresh() {
      if (running === null) return begin();
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = null;
          return begin();
        });
      return next;
    },
  };
}
