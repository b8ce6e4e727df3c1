/**
 * Paying by KHQR: a code for the customer's bank app, and a tap that asks whether it was
 * paid. Nothing is asked by itself: a company has about a hundred questions a day. It
 * needs the edge and the line, and says so.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { checkKhqr, edgeLink, khqr, makeKhqr, sync, type KhqrView } from '../core';
import { clock, money, type Money } from '../i18n/format';
import { words } from '../i18n/language';
import { Refused, Said, type Act } from '../parts/act';
import { Choice } from '../parts/choice';
import { qrCode, qrPath } from '../parts/qr';

type State = keyof ReturnType<typeof states>;
const states = () => words.value.pay.states;

export function Khqr({ act, onComplete }: { act: Act; onComplete(): void }) {
  const say = words.value.pay;
  const currency = useSignal<Money>(khqr.peek()?.code.currency ?? 'USD');
  const shown = khqr.value?.current ? khqr.value : null;
  const state = usePaymentState(shown);
  const possible = edgeLink.value.reachable && sync.value?.link !== 'down';
  const paid = state === 'paid';
  return (
    <div class="khqr" data-testid="khqr">
      {!possible && !paid && <Said testId="khqr-needs-line">{say.khqrNeedsLine}</Said>}
      {shown ? (
        <Code view={shown} state={state} />
      ) : (
        <Choice
          label={say.khqrCurrency}
          name="khqr-currency"
          chosen={currency.value}
          options={[
            { value: 'USD', text: words.value.common.usd },
            { value: 'KHR', text: words.value.common.khr },
          ]}
          onChoose={(value) => (currency.value = value)}
        />
      )}
      <div class="side-foot">
        <Refused problem={act.problem.value} />
        {shown && !paid && state !== 'expired' && (
          <button
            type="button"
            class={state === 'failed' ? 'act wide' : 'act main wide pay-button'}
            disabled={act.busy.value || !possible}
            data-testid="khqr-check"
            onClick={() => void act.run(checkKhqr)}
          >
            {act.busy.value ? words.value.common.busy : say.check}
          </button>
        )}
        {shown && paid ? (
          <button
            type="button"
            class="act main wide pay-button"
            disabled={act.busy.value}
            data-testid="finalize"
            onClick={onComplete}
          >
            {act.busy.value ? words.value.common.busy : say.goKhqr}
          </button>
        ) : (
          (!shown || state === 'expired' || state === 'failed') && (
            <button
              type="button"
              class="act main wide pay-button"
              disabled={act.busy.value || !possible}
              data-testid="khqr-make"
              onClick={() => void act.run(() => makeKhqr(currency.peek()))}
            >
              {act.busy.value ? words.value.common.busy : shown ? say.newCode : say.makeCode}
            </button>
          )
        )}
      </div>
    </div>
  );
}

/** What is known of the payment; a code whose time is over has expired, unless it was paid. */
function usePaymentState(view: KhqrView | null): State {
  const over = useSignal(false);
  const until = view?.code.expires_at;
  useEffect(() => {
    over.value = false;
    if (!until) return;
    const left = new Date(until).getTime() - Date.now();
    const timer = setTimeout(() => (over.value = true), Math.max(0, left));
    return () => clearTimeout(timer);
  }, [until]);
  const checked = view?.checked?.state;
  if (checked === 'paid') return 'paid';
  if (over.value) return 'expired';
  return checked ?? 'waiting';
}

function Code({ view, state }: { view: KhqrView; state: State }) {
  const say = words.value.pay;
  const { code, checked } = view;
  const amount = money(code.amount, code.currency);
  return (
    <div class="code">
      <Qr payload={code.payload} label={say.scan(amount)} />
      <p class="huge figure">{amount}</p>
      <p class={state === 'paid' ? 'badge good' : 'badge'} role="status" data-testid="khqr-state" data-state={state}>
        {say.states[state]}
      </p>
      <p class="soft small">
        {state === 'waiting' && `${say.scanHint} `}
        {say.until(clock(code.expires_at))}
        {checked && ` · ${say.checkedAt(clock(checked.checked_at))}`}
      </p>
    </div>
  );
}

/** Dark on white in both themes: bank apps read nothing else. */
function Qr({ payload, label }: { payload: string; label: string }) {
  const code = qrCode(payload);
  if (!code) return <p class="said refused">{words.value.problems.khqr_refused}</p>;
  const side = code.size + 8;
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
      data-testid="khqr-code"
      data-payload={payload}
    >
      <rect width={side} height={side} fill="#fff" />
      <path d={qrPath(code)} fill="#000" />
    </svg>
  );
}
