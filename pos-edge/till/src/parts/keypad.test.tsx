// @vitest-environment jsdom
import { signal } from '@preact/signals';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Money } from '../i18n/format';
import { typed } from './amount';
import { Keypad } from './keypad';

let place: HTMLElement;
const text = signal('');
let done = 0;

function show(kind: Money | 'PIN') {
  text.value = '';
  done = 0;
  const currency = kind === 'PIN' ? 'KHR' : kind;
  act(() =>
    render(
      <>
        <Keypad kind={kind} onKey={(key) => (text.value = typed(text.value, key, currency))} onDone={() => (done += 1)} />
        <input id="field" />
      </>,
      place,
    ),
  );
}

const tap = (id: string) => act(() => place.querySelector<HTMLElement>(`[data-testid="${id}"]`)?.click());
const press = (key: string, at: Element = document.body, more: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  act(() => void at.dispatchEvent(event));
  return event;
};

beforeEach(() => {
  place = document.createElement('div');
  document.body.append(place);
});

afterEach(() => {
  act(() => render(null, place));
  place.remove();
});

describe('a keypad', () => {
  it('types by taps', () => {
    show('USD');
    for (const key of ['1', '2', '.', '5', '0']) tap(`key-${key}`);
    expect(text.value).toBe('12.50');
    tap('key-erase');
    expect(text.value).toBe('12.5');
  });

  it('has the keys of its currency', () => {
    show('KHR');
    expect(place.querySelector('[data-testid="key-."]')).toBeNull();
    tap('key-5');
    tap('key-000');
    expect(text.value).toBe('5000');
  });

  it('hears the keyboard wherever the focus is, from the first moment on', () => {
    show('KHR');
    for (const key of ['4', '1', '0', 'Backspace']) press(key);
    expect(text.value).toBe('41');
    expect(press('7').defaultPrevented).toBe(true);
    press('Enter');
    expect(done).toBe(1);
  });

  it('leaves keys to fields, buttons and the browser', () => {
    show('KHR');
    const field = place.querySelector('#field');
    const button = place.querySelector('[data-testid="key-1"]');
    if (!field || !button) throw new Error('not drawn');
    press('5', field);
    press('Enter', button);
    press('1', document.body, { ctrlKey: true });
    press('a');
    expect([text.value, done]).toEqual(['', 0]);
  });

  it('hears nothing once it is gone', () => {
    show('PIN');
    act(() => render(null, place));
    press('1');
    expect(text.value).toBe('');
  });
});
