/** A field for an amount: figures only, as the currency writes them; the phone shows its number pad. */
import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Money } from '../i18n/format';
import { entered } from './amount';

interface Props {
  label: string;
  currency: Money;
  text: Signal<string>;
  testId: string;
}

export function AmountField({ label, currency, text, testId }: Props) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="entry figure"
        inputMode={currency === 'USD' ? 'decimal' : 'numeric'}
        autocomplete="off"
        placeholder={currency === 'USD' ? '0.00' : '0'}
        value={text.value}
        onInput={(event) => {
          const field = event.currentTarget;
          const taken = entered(field.value, currency);
          if (taken === null) field.value = text.peek();
          else text.value = taken;
        }}
        data-testid={testId}
      />
    </div>
  );
}
