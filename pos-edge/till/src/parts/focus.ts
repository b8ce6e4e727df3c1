/** Takes the focus when it is shown: given as a `ref`, one function for all, so once each. */
export function takesFocus(element: HTMLElement | null): void {
  element?.focus({ preventScroll: true });
}

/** The same, and the page moves to it. */
export function takesFocusInView(element: HTMLElement | null): void {
  element?.focus();
  element?.closest('form')?.scrollIntoView({ block: 'nearest' });
}
