/** What is told to a screen reader without moving the focus: one polite region. */
import { signal } from '@preact/signals';

const said = signal('');

/** Tells it. The same sentence twice is told twice. */
export function announce(text: string): void {
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

export function LiveRegion() {
  return (
    <div class="unseen" aria-live="polite" aria-atomic="true" data-testid="announcer">
      {said.value}
    </div>
  );
}
