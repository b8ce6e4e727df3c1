/** The cart: what is in it, how it is consumed, what it comes to, and the way to pay. */
import { useEffect } from 'preact/hooks';
import {
  cart,
  clearCart,
  priced,
  removeLine,
  selling,
  setQuantity,
  setSaleType,
  type CartLineView,
  type SaleLine,
} from '../core';
import { khr, negated, usd } from '../i18n/format';
import { words } from '../i18n/language';
import { told } from '../parts/act';
import { Choice } from '../parts/choice';
import { Icon } from '../parts/icon';
import { Stepper } from '../parts/stepper';
import { Sure } from '../parts/sure';
import { Totals } from '../parts/totals';
import { SideHead } from '../parts/side-head';
import { beside } from '../route';

const SALE_TYPES = ['DINE_IN', 'TAKEAWAY', 'DELIVERY'] as const;

export function Cart() {
  const say = words.value.cart;
  const { lines, saleType, itemCount } = cart.value;
  return (
    <div class="pane cart" data-testid="cart">
      <SideHead title={say.title} back={words.value.common.back}>
        {itemCount > 0 && (
          <>
            <span class="badge" data-testid="cart-count">
              {say.items(itemCount)}
            </span>
            <Sure class="act quiet small" sure={say.clearSure} onSure={() => clearCart()} testId="cart-clear">
              {say.clear}
            </Sure>
          </>
        )}
      </SideHead>
      <Choice
        label={say.saleType}
        name="sale-type"
        chosen={saleType}
        options={SALE_TYPES.map((value) => ({ value, text: say.saleTypes[value] }))}
        onChoose={(value) => void setSaleType(value)}
      />
      <Lines lines={lines} />
      <CartFoot />
    </div>
  );
}

function Lines({ lines }: { lines: readonly CartLineView[] }) {
  const now = priced.value;
  const figures = now.state === 'priced' ? now.totals.lines : [];
  if (lines.length === 0) {
    return (
      <div class="lines none">
        <Icon name="cart" size={40} />
        <p class="soft">{words.value.cart.empty}</p>
      </div>
    );
  }
  return (
    <ul class="lines" tabIndex={0} aria-label={words.value.cart.title}>
      {lines.map((line, index) => (
        <Line key={line.lineId} line={line} figures={figures[index]} />
      ))}
    </ul>
  );
}

function Line({ line, figures }: { line: CartLineView; figures: SaleLine | undefined }) {
  const say = words.value.cart;
  return (
    <li class="line" data-testid="cart-line" data-item={line.menuItemId}>
      <div class="line-what">
        <span class="line-name">{line.name}</span>
        {line.addOns.length > 0 && (
          <span class="soft small">{line.addOns.map((addOn) => `+ ${addOn.name}`).join(', ')}</span>
        )}
        {figures?.discounts.map((discount) => (
          <span key={discount.discount_id} class="badge good" data-testid="line-discount">
            {discount.name} −{discount.percent} %
          </span>
        ))}
        {!line.onMenu && <span class="badge no">{words.value.problems.unknown_item}</span>}
      </div>
      <Stepper
        value={line.quantity}
        label={say.quantity(line.quantity, line.name)}
        less={line.quantity > 1 ? say.less(line.name) : say.remove(line.name)}
        more={say.more(line.name)}
        removes
        onChange={(n) => void (n < 1 ? removeLine(line.lineId) : setQuantity(line.lineId, n))}
      />
      <div class="line-sum">
        <span class="figure strong" data-testid="line-total">
          {figures ? usd(figures.line_total_usd) : ''}
        </span>
        {figures && figures.discounts.length > 0 && (
          <span class="figure soft small" data-testid="line-less">
            {usd(negated(figures.discount_usd))}
          </span>
        )}
        {line.quantity > 1 && (
          <button
            type="button"
            class="act icon quiet"
            aria-label={say.remove(line.name)}
            data-testid="remove"
            onClick={() => void removeLine(line.lineId)}
          >
            <Icon name="trash" size={20} />
          </button>
        )}
      </div>
    </li>
  );
}

function CartFoot() {
  const now = priced.value;
  const say = words.value.cart;
  const payable = now.state === 'priced' && selling.value.can;
  // Ctrl + Enter pays, from wherever the keyboard is; Enter then completes the sale.
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      if (!payable || event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      beside({ open: 'pay' });
    };
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, [payable]);
  return (
    <>
      {now.state === 'unpriced' && (
        <p class="said refused" role="status" data-testid="unpriced">
          {say.notPriced(told(now.problem))}
        </p>
      )}
      {now.state === 'priced' && <Totals totals={now.totals} live />}
      <div class="side-foot">
        <button
          type="button"
          class="act main wide pay-button"
          disabled={!payable}
          aria-keyshortcuts="Control+Enter"
          data-testid="pay"
          onClick={() => beside({ open: 'pay' })}
        >
          {now.state === 'priced' ? say.payTotal(usd(now.totals.grand_total_usd)) : say.pay}
        </button>
      </div>
    </>
  );
}

/** On a phone: the cart in one line at the foot of the menu. */
export function CartBar() {
  const { itemCount } = cart.value;
  const now = priced.value;
  if (itemCount === 0) return null;
  const say = words.value.cart;
  const total = now.state === 'priced' ? usd(now.totals.grand_total_usd) : '';
  return (
    <div class="cart-bar">
      <button
        type="button"
        class="act main wide"
        data-testid="open-cart"
        onClick={() => beside({ open: 'cart' })}
      >
        <span class="bar-count">
          <Icon name="cart" />
          {itemCount}
          <span class="unseen">{say.title}</span>
        </span>
        <span class="figure">{total}</span>
        <span class="figure bar-khr">{now.state === 'priced' ? khr(now.totals.payable_khr) : ''}</span>
        <Icon name="arrow" />
      </button>
    </div>
  );
}
