/**
 * The one line of status: whether all sales are in the books, and if not, how many wait,
 * since when, and that they are safe. Pure.
 */
import type { EdgeLink, QueueView, Room, SyncStatus } from '../core';
import { clock } from '../i18n/format';
import type { Words } from '../i18n/en';

/** `good`: nothing to know. `calm`: something waits and is safe. `person`: somebody should look. */
export type Tone = 'good' | 'calm' | 'person';

export interface Known {
  readonly link: EdgeLink;
  readonly queue: QueueView;
  readonly sync: SyncStatus | null;
  readonly room: Room;
}

/** Sales that the store has and the books do not. */
export function unconfirmed(sync: SyncStatus | null): number {
  return sync ? Math.max(0, sync.captured - sync.confirmed) : 0;
}

export function status({ link, queue, sync, room }: Known, say: Words['status']): { tone: Tone; text: string } {
  const { waiting, setAside, oldestAt } = queue;
  const pending = unconfirmed(sync);
  if (!link.reachable) {
    const since = clock((waiting > 0 ? oldestAt : null) ?? link.since);
    return { tone: 'calm', text: waiting > 0 ? say.edgeAwayPending(waiting, since) : say.edgeAway(since) };
  }
  if (setAside > 0) return { tone: 'person', text: say.setAside(setAside) };
  if (waiting > 0) return { tone: 'calm', text: say.sendingQueue(waiting) };
  if (room.edge && room.edge.level !== 'ok') return { tone: 'person', text: say.roomLow };
  if (sync && (sync.link === 'down' || sync.link === 'recovering')) {
    const since = sync.oldestUnconfirmedAt;
    const text = pending > 0 && since ? say.lineDownPending(pending, clock(since)) : say.lineDown;
    return { tone: 'calm', text };
  }
  return { tone: 'good', text: pending > 0 ? say.onTheWay(pending) : say.allSafe };
}
