/**
 * Paying: cash in dollars or riel, or KHQR. The exact amount is there from the start, so
 * one tap completes the sale; quick amounts and the pad are for the rest. What is too
 * little and what goes back are the engine's words.
 */
import { useComputed, useSignal, type Signal } from '@preact/signals';
import { priced, finalize, quickCash, tryTender, type Offer, type Totals } from '../core';
import { khr, money, usd, type Money } from '../i18n/format';
import { words } from '../i18n/language';
import { Refused, told, useAct, type Act } from '../parts/act';
import { amountOf, typed, type PadKey } from '../parts/amount';
import { Choice } from '../parts/choice';
import { Keypad } from '../parts/keypad';
import { announce } from '../parts/live';
import { SideHead } from '../parts/side-head';
import { beside } from '../route';
import { Khqr } from './khqr';
import { sold } from './sold';

type Way = 'USD' | 'KHR' | 'KHQR';

export function Pay() {
  const way = useSignal<Way>('USD');
  const act = useAct();
  const now = priced.value;
  const say = words.value.pay;
  if (now.state !== 'priced') {
    return (
      <div class="pane">
        <SideHead title={say.title} back={say.back} />
        <p class="soft pane-body">{words.value.problems.cart_empty}</p>
      </div>
    );
  }
  const complete = async (offer: Offer) => {
    const done = await act.run(() => finalize(offer));
    if (!done) return;
    sold.value = { ticketId: done.value.ticketId, queued: done.value.queued };
    announce(done.value.queued ? words.value.receipt.soldQueued : words.value.receipt.sold);
    beside({ open: 'receipt', ticket: done.value.ticketId }, true);
  };
  return (
    <div class="pane" data-testid="payment">
      <SideHead title={say.title} back={say.back} />
      <Owed totals={now.totals} />
      <Choice
        label={say.how}
        name="way"
        chosen={way.value}
        options={[
          { value: 'USD', text: say.cashUsd },
          { value: 'KHR', text: say.cashKhr },
          { value: 'KHQR', text: say.khqr },
        ]}
        onChoose={(value) => {
          act.clear();
          way.value = value;
        }}
      />
      {way.value === 'KHQR' ? (
        <Khqr act={act} onComplete={() => void complete({ method: 'KHQR' })} />
      ) : (
        <Cash key={way.value} currency={way.value} act={act} onComplete={complete} />
      )}
    </div>
  );
}

function Owed({ totals }: { totals: Totals }) {
  return (
    <div class="owed" role="group" aria-label={words.value.pay.owed}>
      <span class="soft">{words.value.pay.owed}</span>
      <span class="owed-figures">
        <span class="huge figure" data-testid="owed-usd">
          {usd(totals.grand_total_usd)}
        </span>
        <span class="big figure" data-testid="owed-khr">
          {khr(totals.payable_khr)}
        </span>
      </span>
    </div>
  );
}

interface CashProps {
  currency: Money;
  act: Act;
  onComplete(offer: Offer): Promise<void>;
}

function Cash({ currency, act, onComplete }: CashProps) {
  const say = words.value.pay;
  // What was typed; `null` while nothing was, and the exact amount stands.
  const text = useSignal<string | null>(null);
  const quick = quickCash(currency);
  const exact = quick[0]?.amount ?? '0';
  const received = text.value === null ? exact : amountOf(text.value);
  const tender = useComputed(() => {
    // Read so that a change of the cart is seen.
    void priced.value;
    const given = text.value === null ? (quickCash(currency)[0]?.amount ?? '0') : amountOf(text.value);
    return tryTender({ amount: given, currency });
  });
  const result = tender.value;

  const press = (key: PadKey) => {
    act.clear();
    text.value = typed(text.peek() ?? '', key, currency);
  };
  const complete = () => {
    if (result.ok) void onComplete({ method: 'CASH', received: { amount: received, currency } });
  };

  return (
    <div class="cash">
      <Quick amounts={quick} exact={exact} currency={currency} text={text} received={received} />
      <div class="given">
        <div class="given-row">
          <span>{say.received}</span>
          <span class="big figure" data-testid="received">
            {money(received, currency)}
          </span>
        </div>
        <div class="given-row change" role="status" data-testid="change-row">
          {result.ok ? (
            <>
              <span>{say.change}</span>
              <span class="huge figure" data-testid="change">
                {money(result.value.change, currency)}
              </span>
            </>
          ) : (
            <span class="soft" data-testid="tender-problem">
              {told(result.problem)}
            </span>
          )}
        </div>
      </div>
      <Keypad kind={currency} onKey={press} onDone={complete} />
      <div class="side-foot">
        <Refused problem={act.problem.value} />
        <button
          type="button"
          class="act main wide pay-button"
          disabled={!result.ok || act.busy.value}
          data-testid="finalize"
          onClick={complete}
        >
          {act.busy.value ? words.value.common.busy : say.go}
        </button>
      </div>
    </div>
  );
}

interface QuickProps {
  amounts: readonly { amount: string }[];
  exact: string;
  currency: Money;
  text: Signal<string | null>;
  received: string;
}

function Quick({ amounts, exact, currency, text, received }: QuickProps) {
  const say = words.value.pay;
  return (
    <div class="quick" role="group" aria-label={say.quick} data-testid="quick">
      {amounts.map(({ amount }) => (
        <button
          key={amount}
          type="button"
          class="act"
          aria-pressed={received === amount}
          data-testid="quick-amount"
          data-amount={amount}
          onClick={() => (text.value = amount)}
        >
          {amount === exact && <span class="small">{say.exact} </span>}
          {money(amount, currency)}
        </button>
      ))}
    </div>
  );
}
