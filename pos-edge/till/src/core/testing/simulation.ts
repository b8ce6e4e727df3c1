// Time and turns for tests of the core: nothing waits for a clock on the wall.
//
// `when` lets everything run that can run; only if nothing can does it move the time to
// the next timer. A condition that does not come true within `HORIZON_MS` of that time
// fails, with its name.
const HORIZON_MS = 30 * 60_000;
/** Turns of the event loop without anything under way after which nothing can run. */
const QUIET_TURNS = 25;

interface Timer {
  readonly due: number;
  readonly act: () => void;
}

export class Simulation {
  now = Date.parse('2026-11-21T09:30:00.000Z');
  private underWay = 0;
  private readonly timers = new Set<Timer>();

  after(milliseconds: number, act: () => void): () => void {
    const timer = { due: this.now + milliseconds, act };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Counts something that runs outside of this thread. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.underWay += 1;
    try {
      return await work;
    } finally {
      this.underWay -= 1;
    }
  }

  /** Runs everything until the condition holds. */
  async when(name: string, condition: () => boolean, horizon = HORIZON_MS): Promise<void> {
    const end = this.now + horizon;
    let quiet = 0;
    while (!condition()) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.underWay > 0 ? 0 : quiet + 1;
      if (quiet < QUIET_TURNS) continue;
      quiet = 0;
      if (!this.step() || this.now > end) throw new Error(`never: ${name}`);
    }
  }

  /** Runs everything that can run now, without moving the time. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.underWay > 0 ? 0 : quiet + 1;
    }
  }

  /** Lets so much time pass, with everything that happens in it. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    await this.when('the time passes', () => {
      const next = this.next();
      if (next && next.due <= end) return false;
      this.now = end;
      return true;
    }, milliseconds);
    await this.settle();
  }

  private next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) if (!first || timer.due < first.due) first = timer;
    return first;
  }

  private step(): boolean {
    const timer = this.next();
    if (!timer) return false;
    this.timers.delete(timer);
    this.now = Math.max(this.now, timer.due);
    timer.act();
    return true;
  }
}
