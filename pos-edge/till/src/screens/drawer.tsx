/**
 * The cash session of who is logged in: open it with a count, look (X), move cash, close
 * it with a count (Z). Managers close the drawers of others here too.
 */
import { useSignal } from '@preact/signals';
import {
  edgeLink,
  moveCash,
  openSession,
  session,
  xReport,
  type CashSession,
  type PaidKind,
  type XReport,
  type ZReport,
} from '../core';
import { when, type Money } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, Said, useAct } from '../parts/act';
import { amountOf } from '../parts/amount';
import { AmountField } from '../parts/amount-field';
import { Choice } from '../parts/choice';
import { CountNotes } from '../parts/count-notes';
import { announce } from '../parts/live';
import { go } from '../route';
import { CloseForm } from './close-form';
import { OtherDrawers } from './other-drawers';
import { XShown, ZShown } from './reports';

export function Drawer() {
  const closed = useSignal<ZReport | null>(null);
  const now = session.value;
  const say = words.value.drawer;
  return (
    <section class="page stack narrow" aria-labelledby="drawer-title" data-testid="drawer">
      <h1 id="drawer-title" tabIndex={-1}>
        {say.title}
      </h1>
      {!edgeLink.value.reachable && <Said testId="drawer-needs-edge">{say.needsEdge}</Said>}
      {closed.value && <ZShown report={closed.value} />}
      {now ? (
        <Open session={now} onClosed={(report) => (closed.value = report)} />
      ) : (
        <OpenForm onOpened={() => (closed.value = null)} />
      )}
      <OtherDrawers onClosed={(report) => (closed.value = report)} />
    </section>
  );
}

function OpenForm({ onOpened }: { onOpened(): void }) {
  const usd = useSignal('');
  const khr = useSignal('');
  const act = useAct();
  const say = words.value.drawer;
  const open = async (event: Event) => {
    event.preventDefault();
    const done = await act.run(() => openSession(amountOf(usd.peek()), amountOf(khr.peek())));
    if (!done) return;
    announce(words.value.drawer.openedAt(when(done.value.opened_at, language.peek())));
    onOpened();
    go('sell');
  };
  return (
    <form class="card stack" onSubmit={(event) => void open(event)} data-testid="open-form">
      <h2>{say.closed}</h2>
      <p class="soft">{say.openHint}</p>
      <div class="pair">
        <AmountField label={`${say.float} $`} currency="USD" text={usd} testId="float-usd" />
        <AmountField label={`${say.float} ៛`} currency="KHR" text={khr} testId="float-khr" />
      </div>
      <CountNotes currency="USD" text={usd} testId="notes-usd" />
      <CountNotes currency="KHR" text={khr} testId="notes-khr" />
      <Refused problem={act.problem.value} />
      <button
        class="act main wide"
        disabled={act.busy.value || !edgeLink.value.reachable}
        data-testid="open-session"
      >
        {act.busy.value ? words.value.common.busy : say.open}
      </button>
    </form>
  );
}

function Open({ session: now, onClosed }: { session: CashSession; onClosed(report: ZReport): void }) {
  const x = useSignal<XReport | null>(null);
  const act = useAct();
  const say = words.value.drawer;
  const look = async () => {
    const done = await act.run(() => xReport());
    if (done) x.value = done.value;
  };
  return (
    <>
      <div class="card stack">
        <h2 data-testid="session-open">{say.openedAt(when(now.opened_at, language.value))}</h2>
        <p class="soft">{say.xHint}</p>
        <Refused problem={act.problem.value} />
        <button
          type="button"
          class="act"
          disabled={act.busy.value || !edgeLink.value.reachable}
          data-testid="x-report"
          onClick={() => void look()}
        >
          {act.busy.value ? words.value.common.busy : say.x}
        </button>
      </div>
      {x.value && <XShown report={x.value} />}
      <MoveForm />
      <CloseForm session={now} onClosed={onClosed} />
    </>
  );
}

function MoveForm() {
  const kind = useSignal<PaidKind>('PAID_IN');
  const currency = useSignal<Money>('USD');
  const amount = useSignal('');
  const reason = useSignal('');
  const moved = useSignal(false);
  const act = useAct();
  const say = words.value.drawer;
  const move = async (event: Event) => {
    event.preventDefault();
    moved.value = false;
    const done = await act.run(() =>
      moveCash({
        kind: kind.peek(),
        currency: currency.peek(),
        amount: amountOf(amount.peek()),
        reason: reason.peek().trim(),
      }),
    );
    if (!done) return;
    moved.value = true;
    amount.value = '';
    reason.value = '';
  };
  return (
    <details class="card">
      <summary data-testid="move-cash">{say.move}</summary>
      <form class="stack" onSubmit={(event) => void move(event)}>
        <Choice
          label={say.move}
          name="move-kind"
          chosen={kind.value}
          options={(['PAID_IN', 'PAID_OUT'] as const).map((value) => ({ value, text: say.kinds[value] }))}
          onChoose={(value) => (kind.value = value)}
        />
        <Choice
          label={say.amount}
          name="move-currency"
          chosen={currency.value}
          options={(['USD', 'KHR'] as const).map((value) => ({ value, text: say.currencies[value] }))}
          onChoose={(value) => {
            currency.value = value;
            amount.value = '';
          }}
        />
        <AmountField label={say.amount} currency={currency.value} text={amount} testId="move-amount" />
        <div class="field">
          <label for="move-reason">{words.value.common.reason}</label>
          <input
            id="move-reason"
            class="entry"
            value={reason.value}
            maxLength={200}
            autocomplete="off"
            required
            onInput={(event) => (reason.value = event.currentTarget.value)}
            data-testid="move-reason"
          />
        </div>
        <Refused problem={act.problem.value} />
        {moved.value && (
          <p class="said" role="status" data-testid="moved">
            {say.moved}
          </p>
        )}
        <button
          class="act wide"
          disabled={act.busy.value || !edgeLink.value.reachable || amount.value === '' || reason.value.trim() === ''}
          data-testid="move-go"
        >
          {act.busy.value ? words.value.common.busy : say.kinds[kind.value]}
        </button>
      </form>
    </details>
  );
}
