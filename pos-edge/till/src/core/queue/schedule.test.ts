import { describe, expect, it } from 'vitest';
import { failed, LONGEST_MS, next, type Tried, type Waiting } from './schedule';

const NOW = 1_700_000_000_000;
const queued = (seq: number): Waiting => ({ seq, state: 'queued' });
const aside = (seq: number): Waiting => ({ seq, state: 'set_aside' });
const none = new Map<number, Tried>();
const nobody = new Set<number>();
const until = (notBefore: number): Tried => ({ failures: 1, notBefore, network: false });

describe('which sale is sent next', () => {
  it('is the oldest', () => {
    expect(next([queued(7), queued(3), queued(9)], none, nobody, NOW)).toEqual({ is: 'send', seq: 3 });
  });

  it('is the next one while the oldest waits for its pause', () => {
    const tried = new Map([[3, until(NOW + 500)]]);
    expect(next([queued(3), queued(7)], tried, nobody, NOW)).toEqual({ is: 'send', seq: 7 });
    expect(next([queued(3)], tried, nobody, NOW)).toEqual({ is: 'wait', milliseconds: 500 });
    expect(next([queued(3)], tried, nobody, NOW + 500)).toEqual({ is: 'send', seq: 3 });
  });

  it('is none that was set aside, unless somebody asks', () => {
    expect(next([aside(1)], none, nobody, NOW)).toEqual({ is: 'wait', milliseconds: null });
    expect(next([aside(1), queued(2)], none, nobody, NOW)).toEqual({ is: 'send', seq: 2 });
    expect(next([aside(1), queued(2)], none, new Set([1]), NOW)).toEqual({ is: 'send', seq: 1 });
  });

  it('is none whose first attempt another part makes', () => {
    expect(next([{ seq: 1, state: 'stored' }], none, nobody, NOW)).toEqual({ is: 'wait', milliseconds: null });
  });

  it('is one whose answer is missing', () => {
    expect(next([{ seq: 1, state: 'unsure' }], none, nobody, NOW)).toEqual({ is: 'send', seq: 1 });
  });

  it('never waits for longer than the longest pause, whatever the clock does', () => {
    const tried = new Map([[1, until(NOW + 10 * LONGEST_MS)]]);
    expect(next([queued(1)], tried, nobody, NOW)).toEqual({ is: 'wait', milliseconds: LONGEST_MS });
  });
});

describe('the pause after failures', () => {
  it('grows to its bound and stays there', () => {
    const pauses: number[] = [];
    let tried: Tried | undefined;
    for (let count = 0; count < 40; count += 1) {
      tried = failed(tried, false, NOW);
      pauses.push(tried.notBefore - NOW);
    }
    expect(pauses.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(Math.max(...pauses)).toBe(LONGEST_MS);
    expect(tried?.failures).toBe(40);
  });
});
