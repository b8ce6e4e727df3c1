/** Less and more of something. */
import { Icon } from './icon';

interface Props {
  value: number;
  label: string;
  less: string;
  more: string;
  onChange(value: number): void;
  /** Shows a bin instead of a minus at one: one less is none. */
  removes?: boolean;
}

export function Stepper({ value, label, less, more, onChange, removes = false }: Props) {
  return (
    <div class="stepper" role="group" aria-label={label}>
      <button
        type="button"
        class="act icon"
        aria-label={less}
        data-testid="less"
        disabled={!removes && value <= 1}
        onClick={() => onChange(value - 1)}
      >
        <Icon name={removes && value <= 1 ? 'trash' : 'minus'} size={20} />
      </button>
      <output class="figure" data-testid="quantity">
        {value}
      </output>
      <button type="button" class="act icon" aria-label={more} data-testid="more" onClick={() => onChange(value + 1)}>
        <Icon name="plus" size={20} />
      </button>
    </div>
  );
}
