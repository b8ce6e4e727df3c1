import { describe, expect, it } from 'vitest';
import { failed, heardElsewhere, LONGEST_MS, next, silent, type Silence, type Tried, type Waiting } from './schedule';

const NOW = 1_700_000_000_000;
const queued = (seq: number): Waiting => ({ seq, state: 'queued' });
const aside = (seq: number): Waiting => ({ seq, state: 'set_aside' });
const none = new Map<number, Tried>();
const nobody = new Set<number>();
const until = (notBefore: number): Tried => ({ failures: 1, notBefore });

describe('which sale is sent next', () => {
  it('is the oldest', () => {
    expect(next([queued(7), queued(3), queued(9)], none, nobody, null, NOW)).toEqual({ is: 'send', seq: 3 });
  });

  it('is the next one while the oldest waits for its pause', () => {
    const tried = new Map([[3, until(NOW + 500)]]);
    expect(next([queued(3), queued(7)], tried, nobody, null, NOW)).toEqual({ is: 'send', seq: 7 });
    expect(next([queued(3)], tried, nobody, null, NOW)).toEqual({ is: 'wait', milliseconds: 500 });
    expect(next([queued(3)], tried, nobody, null, NOW + 500)).toEqual({ is: 'send', seq: 3 });
  });

  it('is none that was set aside, unless somebody asks', () => {
    expect(next([aside(1)], none, nobody, null, NOW)).toEqual({ is: 'wait', milliseconds: null });
    expect(next([aside(1), queued(2)], none, nobody, null, NOW)).toEqual({ is: 'send', seq: 2 });
    expect(next([aside(1), queued(2)], none, new Set([1]), null, NOW)).toEqual({ is: 'send', seq: 1 });
  });

  it('is none whose first attempt another part makes', () => {
    expect(next([{ seq: 1, state: 'stored' }], none, nobody, null, NOW)).toEqual({ is: 'wait', milliseconds: null });
  });

  it('is one whose answer is missing', () => {
    expect(next([{ seq: 1, state: 'unsure' }], none, nobody, null, NOW)).toEqual({ is: 'send', seq: 1 });
  });

  it('never waits for longer than the longest pause, whatever the clock does', () => {
    const tried = new Map([[1, until(NOW + 10 * LONGEST_MS)]]);
    expect(next([queued(1)], tried, nobody, null, NOW)).toEqual({ is: 'wait', milliseconds: LONGEST_MS });
  });
});

describe('the pause after failures', () => {
  it('grows to its bound and stays there', () => {
    const pauses: number[] = [];
    let tried: Tried | undefined;
    for (let count = 0; count < 40; count += 1) {
      tried = failed(tried, NOW);
      pauses.push(tried.notBefore - NOW);
    }
    expect(pauses.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(Math.max(...pauses)).toBe(LONGEST_MS);
    expect(tried?.failures).toBe(40);
  });
});

describe('an edge that is not heard', () => {
  const three: Silence = silent(silent(silent(null, NOW), NOW), NOW);

  it('makes all wait, and is tried with the oldest', () => {
    expect(three).toEqual({ failures: 3, failedAt: NOW, until: NOW + 4_000 });
    expect(next([queued(2), queued(1)], none, nobody, three, NOW)).toEqual({ is: 'wait', milliseconds: 4_000 });
    expect(next([queued(2), queued(1)], none, nobody, three, NOW + 4_000)).toEqual({ is: 'send', seq: 1 });
    expect(next([aside(1)], none, nobody, three, NOW)).toEqual({ is: 'wait', milliseconds: null });
  });

  it('is tried soon when something else heard it, but not in a loop', () => {
    let long: Silence | null = null;
    for (let count = 0; count < 20; count += 1) long = silent(long, NOW);
    expect(long?.until).toBe(NOW + LONGEST_MS);
    expect(heardElsewhere(long)?.until).toBe(NOW + 4_000);
    expect(heardElsewhere(silent(null, NOW))?.until).toBe(NOW + 1_000);
    expect(heardElsewhere(null)).toBeNull();
  });
});
