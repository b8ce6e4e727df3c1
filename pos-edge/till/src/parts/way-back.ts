/**
 * Where the keyboard goes on when something beside the section is closed: to what opened
 * it, if that is still seen, else to the menu. A focus that somebody has set stays.
 */
import { useEffect, useRef } from 'preact/hooks';

const seen = (element: HTMLElement | null): element is HTMLElement =>
  element !== null && element.isConnected && element.getClientRects().length > 0;

export function useWayBack(open: boolean): void {
  const opener = useRef<HTMLElement | null>(null);
  const was = useRef(open);

  // Asked while it is drawn: after that what had the focus may be gone.
  if (open && !was.current) opener.current ??= focused();

  useEffect(() => {
    const closed = was.current && !open;
    was.current = open;
    if (!closed) return;
    const from = opener.current;
    opener.current = null;
    if (seen(focused())) return;
    const back = [from, document.querySelector<HTMLElement>('.tile[tabindex="0"]')].find(seen);
    back?.focus({ preventScroll: true });
  }, [open]);
}

/** What has the focus; the page itself is nothing. */
function focused(): HTMLElement | null {
  const active = document.activeElement as HTMLElement | null;
  return active === document.body ? null : active;
}
