/** What stands beside a section: the cart, the payment, or a receipt. */
import { useEffect, useRef } from 'preact/hooks';
import { route, beside } from '../route';
import { Cart, CartBar } from './cart';
import { Pay } from './pay';
import { ReceiptPane } from './receipt';

export function Beside() {
  const { section, side } = route.value;
  const pane = useRef<HTMLElement>(null);
  const first = useRef(true);
  const key = side.open === 'receipt' ? side.ticket : side.open;

  // What has opened is told to readers, unless a button in it took the focus.
  useEffect(() => {
    if (first.current) {
      first.current = false;
      if (side.open === 'none') return;
    }
    if (side.open === 'none' || pane.current?.contains(document.activeElement)) return;
    pane.current?.querySelector<HTMLElement>('#side-title')?.focus({ preventScroll: true });
  }, [key]);

  useEffect(() => {
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
      const { side: now } = route.peek();
      if (now.open === 'none') return;
      event.preventDefault();
      beside({ open: 'none' });
    };
    addEventListener('keydown', escape);
    return () => removeEventListener('keydown', escape);
  }, []);

  const cart = section === 'sell' && (side.open === 'none' || side.open === 'cart');
  return (
    <>
      {section === 'sell' && side.open === 'none' && <CartBar />}
      <section class="side" aria-labelledby="side-title" ref={pane} data-testid={`side-${cart ? 'cart' : side.open}`}>
        {cart && <Cart />}
        {side.open === 'pay' && <Pay />}
        {side.open === 'receipt' && <ReceiptPane key={side.ticket} ticket={side.ticket} />}
      </section>
    </>
  );
}
