/**
 * One quiet line: whether all sales are in the books, and if not, how many wait, since
 * when, and that they are safe. It never is an alarm: selling goes on.
 */
import { computed } from '@preact/signals';
import { edgeLink, queue, room, sync } from '../core';
import { clock } from '../i18n/format';
import { words } from '../i18n/language';
import { go } from '../route';

export type Tone = 'good' | 'calm' | 'person';

/** Sales that the store has and the books do not. */
export const unconfirmed = computed(() => {
  const now = sync.value;
  return now ? Math.max(0, now.captured - now.confirmed) : 0;
});

export const statusLine = computed<{ tone: Tone; text: string }>(() => {
  const say = words.value.status;
  const at = (moment: string) => clock(moment);
  const { waiting, setAside, oldestAt } = queue.value;
  const link = edgeLink.value;
  const now = sync.value;

  if (!link.reachable) {
    const text = waiting > 0 ? say.edgeAwayPending(waiting, at(oldestAt ?? link.since)) : say.edgeAway(at(link.since));
    return { tone: 'calm', text };
  }
  if (setAside > 0) return { tone: 'person', text: say.setAside(setAside) };
  if (waiting > 0) return { tone: 'calm', text: say.sendingQueue(waiting) };
  if (now && (now.link === 'down' || now.link === 'recovering')) {
    const since = now.oldestUnconfirmedAt;
    const pending = unconfirmed.value;
    return { tone: 'calm', text: pending > 0 && since ? say.lineDownPending(pending, at(since)) : say.lineDown };
  }
  if (room.value.edge && room.value.edge.level !== 'ok') return { tone: 'person', text: say.roomLow };
  if (unconfirmed.value > 0) return { tone: 'good', text: say.onTheWay(unconfirmed.value) };
  return { tone: 'good', text: say.allSafe };
});

export function StatusLine() {
  const { tone, text } = statusLine.value;
  return (
    <button
      type="button"
      class={`status ${tone}`}
      data-testid="status"
      data-tone={tone}
      title={text}
      onClick={() => go('sync')}
    >
      <span class="dot" aria-hidden="true" />
      <span class="status-text" role="status" data-testid="status-text">
        {text}
      </span>
    </button>
  );
}
