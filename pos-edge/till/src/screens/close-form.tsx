/** Counts a drawer and closes it: one's own, or by a manager somebody else's. */
import { useSignal } from '@preact/signals';
import { closeSession, edgeLink, queue, session, voidRequests, type CashSession, type ZReport } from '../core';
import { when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, Said, useAct } from '../parts/act';
import { amountOf } from '../parts/amount';
import { AmountField } from '../parts/amount-field';
import { CountNotes } from '../parts/count-notes';
import { announce } from '../parts/live';
import { Sure } from '../parts/sure';

interface Props {
  session: CashSession;
  onClosed(report: ZReport): void;
}

export function CloseForm({ session: { cash_session_id: id }, onClosed }: Props) {
  const usd = useSignal('');
  const khr = useSignal('');
  const act = useAct();
  const say = words.value.drawer;
  const undecided = voidRequests.value.filter((request) => request.cash_session_id === id).length;
  const waiting = session.value?.cash_session_id === id ? queue.value.waiting : 0;
  const counted = usd.value !== '' && khr.value !== '';
  const close = async () => {
    const count = { counted_usd: amountOf(usd.peek()), counted_khr: amountOf(khr.peek()) };
    const done = await act.run(() => closeSession(count, id));
    if (!done) return;
    announce(words.value.drawer.closedAt(when(done.value.closed_at, language.peek())));
    onClosed(done.value);
  };
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()} data-testid="close-form">
      <h2>{say.count}</h2>
      <p class="soft">{say.countHint}</p>
      <div class="pair">
        <AmountField label={`${say.counted} $`} currency="USD" text={usd} testId="counted-usd" />
        <AmountField label={`${say.counted} ៛`} currency="KHR" text={khr} testId="counted-khr" />
      </div>
      <CountNotes currency="USD" text={usd} testId="notes-usd" />
      <CountNotes currency="KHR" text={khr} testId="notes-khr" />
      {undecided > 0 && <Said testId="close-voids">{say.pendingVoids(undecided)}</Said>}
      {waiting > 0 && <Said testId="close-queued">{say.queued(waiting)}</Said>}
      <Refused problem={act.problem.value} />
      <Sure
        class="act main wide"
        sure={say.closeSure}
        onSure={() => void close()}
        testId="close-session"
        disabled={act.busy.value || !counted || !edgeLink.value.reachable}
      >
        {act.busy.value ? words.value.common.busy : say.close}
      </Sure>
    </form>
  );
}
