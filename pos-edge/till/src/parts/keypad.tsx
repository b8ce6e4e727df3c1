/** A pad of keys for fingers; the keyboard does the same wherever the focus is. */
import { useLayoutEffect } from 'preact/hooks';
import type { Money } from '../i18n/format';
import { words } from '../i18n/language';
import { padKey, type PadKey } from './amount';
import { Icon } from './icon';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

interface Props {
  /** What is typed: it says which keys there are. */
  kind: Money | 'PIN';
  onKey(key: PadKey): void;
  /** Enter. */
  onDone?: () => void;
}

export function Keypad({ kind, onKey, onDone }: Props) {
  useKeyboard(kind, onKey, onDone);
  const extra = kind === 'USD' ? '.' : kind === 'KHR' ? '000' : null;
  return (
    <div class="keypad" role="group" aria-label={words.value.pay.received} data-testid={`keypad-${kind}`}>
      {DIGITS.map((digit) => (
        <Key key={digit} of={digit} onKey={onKey} />
      ))}
      {extra ? (
        <Key of={extra} onKey={onKey} />
      ) : (
        <button type="button" class="act key" aria-label={words.value.common.clear} onClick={() => onKey('clear')}>
          <Icon name="close" />
        </button>
      )}
      <Key of="0" onKey={onKey} />
      <button
        type="button"
        class="act key"
        aria-label={words.value.common.erase}
        data-testid="key-erase"
        onClick={() => onKey('erase')}
      >
        <Icon name="erase" />
      </button>
    </div>
  );
}

function Key({ of, onKey }: { of: PadKey; onKey(key: PadKey): void }) {
  return (
    <button type="button" class="act key" data-testid={`key-${of}`} onClick={() => onKey(of)}>
      {of}
    </button>
  );
}

function useKeyboard(kind: Money | 'PIN', onKey: (key: PadKey) => void, onDone?: () => void) {
  useLayoutEffect(() => {
    const heard = (event: KeyboardEvent) => {
      const target = event.target as Element | null;
      if (target?.closest('input:not([type=radio]), textarea, select, dialog')) return;
      const key = padKey(event, kind);
      if (key) {
        event.preventDefault();
        onKey(key);
      } else if (event.key === 'Enter' && onDone && !target?.closest('button, a, summary')) {
        event.preventDefault();
        onDone();
      }
    };
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  });
}
