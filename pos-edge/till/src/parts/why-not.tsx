/** Why nothing can be put into the cart, and the way out of it. */
import { queue, selling } from '../core';
import { words } from '../i18n/language';
import { go } from '../route';

export function WhyNot() {
  const now = selling.value;
  if (now.can || now.why === 'sale_in_progress') return null;
  const drawer = now.why === 'session_needed';
  return (
    <div class="said why-not" id="why-not" tabIndex={-1} role="status" data-testid="why-not" data-why={now.why}>
      <span>{drawer ? words.value.cart.needsSession : words.value.problems[now.why]}</span>
      {drawer && (
        <button type="button" class="act main" data-testid="why-not-open" onClick={() => go('drawer')}>
          {words.value.cart.openDrawer}
        </button>
      )}
      {now.why === 'device_storage_full' && queue.value.waiting > 0 && (
        <button type="button" class="act" onClick={() => go('sync')}>
          {words.value.status.details}
        </button>
      )}
    </div>
  );
}
