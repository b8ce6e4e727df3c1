/** Counts a drawer by its notes: how many of each, and the engine says what they come to. */
import { useSignal, type Signal } from '@preact/signals';
import { countNotes, notes } from '../core';
import { money, type Money } from '../i18n/format';
import { words } from '../i18n/language';

interface Props {
  currency: Money;
  /** The amount that is counted: set by every change here. */
  text: Signal<string>;
  testId: string;
}

const MOST_DIGITS = 4;

export function CountNotes({ currency, text, testId }: Props) {
  const counts = useSignal<ReadonlyMap<number, string>>(new Map());
  const say = words.value.drawer;
  const all = notes(currency);
  if (all.length === 0) return null;
  const change = (note: number, typed: string) => {
    counts.value = new Map(counts.peek()).set(note, typed);
    const counted = [...counts.peek()].map(([of, n]) => ({ note: of, count: Number(n || '0') }));
    const sum = countNotes(currency, counted);
    if (sum.ok) text.value = sum.value;
  };
  return (
    <details class="notes">
      <summary data-testid={testId}>{say.byNotes(say.currencies[currency])}</summary>
      <ul>
        {all.map((note) => {
          const name = money(String(note), currency);
          return (
            <li key={note}>
              <label class="note-row">
                <span class="figure">{name}</span>
                <span aria-hidden="true">×</span>
                <input
                  class="entry figure"
                  inputMode="numeric"
                  autocomplete="off"
                  placeholder="0"
                  aria-label={say.pieces(name)}
                  value={counts.value.get(note) ?? ''}
                  onInput={(event) => {
                    const field = event.currentTarget;
                    const digits = field.value.replace(/\D/g, '').slice(0, MOST_DIGITS);
                    field.value = digits;
                    change(note, digits);
                  }}
                  data-testid={`${testId}-${note}`}
                />
              </label>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
