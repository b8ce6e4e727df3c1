/**
 * A receipt as it is printed: the same lines, in the same order, as the store's printer
 * makes of it. Every figure is the sale's own. It is what the device's printer gets.
 */
import type { ReceiptView } from '../core';
import { dateAndTime, decimal, isZero, money, negated } from '../i18n/format';
import { language, words } from '../i18n/language';

export function Slip({ receipt }: { receipt: ReceiptView }) {
  const say = words.value.receipt;
  const { seller, invoice, vat, khr_rounding: rounding, payment } = receipt;
  return (
    <article class="slip" data-testid="slip" data-ticket={receipt.ticketId} data-source={receipt.source}>
      <header class="slip-head">
        <p class="slip-name">{seller.name}</p>
        <p>{seller.branch_name}</p>
        <p class="slip-address">{seller.address}</p>
        {seller.tin && (
          <p>
            {say.tin}: {seller.tin}
          </p>
        )}
      </header>
      {receipt.status === 'VOIDED' && <p class="slip-mark">{say.voided}</p>}
      {receipt.status === 'VOID_PENDING' && <p class="slip-mark">{say.voidPending}</p>}
      {receipt.copy && <p class="slip-mark">{say.copy}</p>}
      <div class="slip-rule">
        {invoice && (
          <p class="slip-no" data-testid="slip-invoice">
            {say.invoice(invoice.printed ?? String(invoice.no))}
          </p>
        )}
        <p class={invoice ? 'slip-ticket' : 'slip-no slip-ticket'} data-testid="slip-ticket">
          {say.ticket(receipt.ticketId)}
        </p>
        {!invoice && <p data-testid="number-follows">{say.numberFollows}</p>}
        <Row name={say.date} text={dateAndTime(receipt.finalized_at, language.value)} />
        <Row name={say.cashier} text={receipt.cashier_name} />
        <p>{words.value.cart.saleTypes[receipt.sale_type]}</p>
      </div>
      <ol class="slip-rule">
        {receipt.lines.map((line) => (
          <li key={line.line_no}>
            <Row
              name={`${line.quantity} × ${line.name} @ ${decimal(line.unit_price_usd, 2)}`}
              text={decimal(line.base_amount_usd, 2)}
            />
            {line.add_ons.map((addOn) => (
              <p key={addOn.add_on_id} class="slip-sub">
                + {addOn.name} @ {decimal(addOn.price_usd, 2)}
              </p>
            ))}
            {line.discounts.length > 0 && (
              <Row
                sub
                name={line.discounts.map(({ name, percent }) => `${name} ${decimal(percent, 0)} %`).join(', ')}
                text={decimal(negated(line.discount_usd), 2)}
              />
            )}
          </li>
        ))}
      </ol>
      <div class="slip-rule">
        <Row name={say.subtotal} text={decimal(receipt.subtotal_usd, 2)} />
        {receipt.branch_discounts.length > 0 && (
          <Row
            name={receipt.branch_discounts.map(({ name, percent }) => `${name} ${decimal(percent, 0)} %`).join(', ')}
            text={decimal(negated(receipt.branch_discount_usd), 2)}
          />
        )}
        {vat.enabled && (
          <Row name={words.value.totals.vat(decimal(vat.rate_percent, 0))} text={decimal(vat.amount_usd, 2)} />
        )}
        <Row strong name={say.totalUsd} text={decimal(receipt.grand_total_usd, 2)} testId="slip-total" />
        <Row strong name={say.totalKhr} text={decimal(receipt.grand_total_khr, 0)} />
        <Row name={say.rate} text={`1 USD = ${decimal(receipt.fx_rate_khr_per_usd, 0)} KHR`} />
        {rounding.enabled && !isZero(rounding.rounding_khr) && (
          <Row name={say.rounding} text={decimal(rounding.rounding_khr, 0)} />
        )}
        <Row strong name={say.payable} text={decimal(receipt.payable_khr, 0)} />
      </div>
      <div class="slip-rule">
        <Row
          name={`${say.methods[payment.method]} ${payment.currency}`}
          text={figure(payment.received, payment.currency)}
        />
        {payment.method === 'CASH' && (
          <Row name={say.change(payment.currency)} text={figure(payment.change, payment.currency)} testId="slip-change" />
        )}
        {payment.khqr_short_hash && <Row name={say.khqrHash} text={payment.khqr_short_hash} />}
      </div>
    </article>
  );
}

const figure = (amount: string, currency: 'USD' | 'KHR') => decimal(amount, currency === 'USD' ? 2 : 0);

interface RowProps {
  name: string;
  text: string;
  strong?: boolean;
  sub?: boolean;
  testId?: string;
}

function Row({ name, text, strong = false, sub = false, testId }: RowProps) {
  return (
    <p class={`slip-row${strong ? ' strong' : ''}${sub ? ' slip-sub' : ''}`}>
      <span>{name}</span>
      <span class="figure" data-testid={testId}>
        {text}
      </span>
    </p>
  );
}

/** The change of a sale, as it is told to the cashier. */
export function changeOf({ payment }: ReceiptView): string {
  return money(payment.change, payment.currency);
}

