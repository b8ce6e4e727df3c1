/** Chooses add-ons and a quantity before an item goes into the cart. */
import { useSignal } from '@preact/signals';
import type { MenuItem } from '../core';
import { usd } from '../i18n/format';
import { words } from '../i18n/language';
import { Sheet } from '../parts/sheet';
import { Stepper } from '../parts/stepper';
import { put } from './put';

export function AddOnsSheet({ item, onClose }: { item: MenuItem; onClose(): void }) {
  const chosen = useSignal<readonly string[]>([]);
  const quantity = useSignal(1);
  const say = words.value.addOns;

  const toggle = (id: string) => {
    const now = chosen.peek();
    chosen.value = now.includes(id) ? now.filter((other) => other !== id) : [...now, id];
  };
  const add = (event: Event) => {
    event.preventDefault();
    if (put(item, chosen.peek(), quantity.peek())) onClose();
  };

  return (
    <Sheet title={item.name} onClose={onClose} testId="add-ons">
      <form class="stack" onSubmit={add}>
        <fieldset>
          <legend class="unseen">{say.title(item.name)}</legend>
          <ul class="options">
            {item.add_ons.map((addOn) => (
              <li key={addOn.add_on_id}>
                <label class="option">
                  <input
                    type="checkbox"
                    checked={chosen.value.includes(addOn.add_on_id)}
                    onChange={() => toggle(addOn.add_on_id)}
                    data-testid="add-on"
                    data-add-on={addOn.add_on_id}
                  />
                  <span class="option-name">{addOn.name}</span>
                  <span class="figure soft">+{usd(addOn.price_usd)}</span>
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
        <div class="sheet-foot">
          <Stepper
            value={quantity.value}
            less={say.less}
            more={say.one}
            label={say.quantity}
            onChange={(n) => (quantity.value = Math.max(1, n))}
          />
          <button class="act main" autofocus data-testid="add-ons-add">
            {say.add}
          </button>
        </div>
      </form>
    </Sheet>
  );
}
