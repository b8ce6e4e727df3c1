/**
 * What a cart comes to: the subtotal, what was taken off and why, the tax, the total in
 * both currencies, and the rounding of riel as its own line. All figures are the
 * engine's or the edge's, as they are.
 */
import type { Totals as Figures } from '../core';
import { decimal, isZero, khr, negated, usd } from '../i18n/format';
import { words } from '../i18n/language';

export function Totals({ totals, live = false }: { totals: Figures; live?: boolean }) {
  const say = words.value.totals;
  const { discounts, vat, khr_rounding: rounding } = totals;
  return (
    <section class="totals" aria-label={say.title} data-testid="totals">
      <dl>
        <Row name={say.subtotal} figure={usd(totals.subtotal_usd)} testId="subtotal" />
        {!isZero(discounts.item_discount_total_usd) && (
          <Row
            name={say.itemDiscounts}
            figure={usd(negated(discounts.item_discount_total_usd))}
            testId="item-discounts"
            soft
          />
        )}
        {discounts.branch_discounts.length > 0 && (
          <Row
            name={discounts.branch_discounts.map(({ name, percent }) => `${name} −${percent} %`).join(', ')}
            figure={usd(negated(discounts.branch_discount_usd))}
            testId="branch-discount"
          />
        )}
        {vat.enabled && <Row name={say.vat(decimal(vat.rate_percent, 0))} figure={usd(vat.amount_usd)} testId="vat" />}
        <Row name={say.total} figure={usd(totals.grand_total_usd)} testId="total-usd" strong />
        <Row
          name={`${say.inRiel} (${say.rate(khr(totals.fx_rate_khr_per_usd))})`}
          figure={khr(totals.grand_total_khr)}
          testId="total-khr"
        />
        {rounding.enabled && !isZero(rounding.rounding_khr) && (
          <Row name={say.rounding} figure={khr(rounding.rounding_khr)} testId="rounding" soft />
        )}
        <Row name={say.payable} figure={khr(totals.payable_khr)} testId="payable-khr" strong />
      </dl>
      {live && (
        <p class="unseen" aria-live="polite" aria-atomic="true">
          {say.live(usd(totals.grand_total_usd), khr(totals.payable_khr))}
        </p>
      )}
    </section>
  );
}

interface RowProps {
  name: string;
  figure: string;
  testId: string;
  strong?: boolean;
  soft?: boolean;
}

function Row({ name, figure, testId, strong = false, soft = false }: RowProps) {
  return (
    <div class={strong ? 'row strong' : soft ? 'row soft' : 'row'}>
      <dt>{name}</dt>
      <dd class="figure" data-testid={testId}>
        {figure}
      </dd>
    </div>
  );
}
