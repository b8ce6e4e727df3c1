/** One of a few: real radio buttons in a row. */
interface Props<T extends string> {
  label: string;
  name: string;
  options: readonly { value: T; text: string }[];
  chosen: T;
  onChoose(value: T): void;
  disabled?: boolean;
}

export function Choice<T extends string>({ label, name, options, chosen, onChoose, disabled = false }: Props<T>) {
  return (
    <fieldset class="choice-set" disabled={disabled} data-testid={name}>
      <legend class="unseen">{label}</legend>
      <div class="choice">
        {options.map(({ value, text }) => (
          <label key={value}>
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === chosen}
              onChange={() => onChoose(value)}
              data-testid={`${name}-${value}`}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
