import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../types';
import { step, type KeptState, type Method, type SaleEvent, type Step } from './machine';

const told = (code: ProblemCode) => ({ code, detail: '' });
const refused = (status: number, code: ProblemCode): SaleEvent => ({ is: 'refused', status, problem: told(code) });
const answered: SaleEvent = { is: 'answered' };
const held: SaleEvent = { is: 'held' };
const lost: SaleEvent = { is: 'unknown', problem: told('edge_unreachable') };
const full: SaleEvent = { is: 'unknown', problem: told('storage_full') };
const changed = refused(409, 'figures_changed' as ProblemCode);
const noLogin = refused(401, 'not_logged_in');
const revoked = refused(403, 'device_revoked');
const pruned = refused(410, 'pruned');

const gone = (why: 'answered' | 'held' | 'refused'): Step => ({ to: 'gone', why });
const stays = (to: KeptState, code: ProblemCode | null): Step => ({ to, problem: code && told(code) });

const TABLE: readonly (readonly [KeptState, Method, string, SaleEvent, Step])[] = [
  ['stored', 'CASH', 'answered', answered, gone('answered')],
  ['stored', 'CASH', 'held', held, gone('held')],
  ['stored', 'CASH', 'lost', lost, stays('queued', null)],
  ['stored', 'CASH', 'edge full', full, stays('queued', null)],
  ['stored', 'CASH', 'refused', changed, gone('refused')],
  ['stored', 'CASH', 'no login', noLogin, gone('refused')],
  ['stored', 'CASH', 'revoked', revoked, gone('refused')],
  ['stored', 'CASH', 'pruned', pruned, gone('answered')],
  ['stored', 'KHQR', 'answered', answered, gone('answered')],
  ['stored', 'KHQR', 'lost', lost, stays('unsure', null)],
  ['stored', 'KHQR', 'refused', changed, gone('refused')],
  ['queued', 'CASH', 'answered', answered, gone('answered')],
  ['queued', 'CASH', 'held', held, gone('held')],
  ['queued', 'CASH', 'lost', lost, stays('queued', 'edge_unreachable')],
  ['queued', 'CASH', 'edge full', full, stays('queued', 'storage_full')],
  ['queued', 'CASH', 'refused', changed, stays('set_aside', 'figures_changed' as ProblemCode)],
  ['queued', 'CASH', 'no login', noLogin, stays('queued', 'not_logged_in')],
  ['queued', 'CASH', 'revoked', revoked, stays('queued', 'device_revoked')],
  ['queued', 'CASH', 'pruned', pruned, gone('answered')],
  ['unsure', 'KHQR', 'answered', answered, gone('answered')],
  ['unsure', 'KHQR', 'held', held, gone('held')],
  ['unsure', 'KHQR', 'lost', lost, stays('unsure', 'edge_unreachable')],
  ['unsure', 'KHQR', 'refused', changed, stays('set_aside', 'figures_changed' as ProblemCode)],
  ['unsure', 'KHQR', 'no login', noLogin, stays('unsure', 'not_logged_in')],
  ['set_aside', 'CASH', 'answered', answered, gone('answered')],
  ['set_aside', 'CASH', 'held', held, gone('held')],
  ['set_aside', 'CASH', 'lost', lost, stays('set_aside', 'edge_unreachable')],
  ['set_aside', 'CASH', 'refused', changed, stays('set_aside', 'figures_changed' as ProblemCode)],
  ['set_aside', 'CASH', 'no login', noLogin, stays('set_aside', 'not_logged_in')],
  ['set_aside', 'KHQR', 'pruned', pruned, gone('answered')],
];

describe('what becomes of a sale', () => {
  it.each(TABLE)('%s, %s: %s', (state, method, _name, event, expected) => {
    expect(step(state, method, event)).toEqual(expected);
  });

  it('is never deleted unless the edge has it or its first attempt was refused', () => {
    for (const [state, , , event] of TABLE) {
      for (const method of ['CASH', 'KHQR'] as const) {
        const taken = step(state, method, event);
        if (taken.to !== 'gone') continue;
        const edgeHasIt = event.is === 'answered' || event.is === 'held' || event === pruned;
        expect(edgeHasIt || (state === 'stored' && event.is === 'refused')).toBe(true);
      }
    }
  });
});
