/** The line of status at the top: told to readers when it changes, and the way to the details. */
import { computed } from '@preact/signals';
import { edgeLink, queue, room, sync } from '../core';
import { words } from '../i18n/language';
import { go } from '../route';
import { status } from './status';

const line = computed(() =>
  status({ link: edgeLink.value, queue: queue.value, sync: sync.value, room: room.value }, words.value.status),
);

export function StatusLine() {
  const { tone, text } = line.value;
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
