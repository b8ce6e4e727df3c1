/** A button for what cannot be taken back: the first tap asks, the second does it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

interface Props {
  children: ComponentChildren;
  sure: string;
  onSure(): void;
  class?: string;
  testId: string;
  disabled?: boolean;
}

export function Sure({ children, sure, onSure, class: look = 'act', testId, disabled = false }: Props) {
  const asked = useSignal(false);
  return (
    <button
      type="button"
      class={asked.value ? `${look} asked` : look}
      disabled={disabled}
      data-testid={testId}
      onBlur={() => {
        asked.value = false;
      }}
      onClick={() => {
        if (asked.value) onSure();
        asked.value = !asked.value;
      }}
    >
      {asked.value ? sure : children}
    </button>
  );
}
