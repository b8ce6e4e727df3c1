/**
 * Sales that a till completed by itself and that the store box could not take as they
 * came: managers see what was sold and why it is held, and accept or reject it.
 */
import { useSignal } from '@preact/signals';
import { acceptHeld, edgeLink, heldSales, rejectHeld, session, type HeldSaleRow } from '../core';
import { money, shortTicket, usd, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, useAct } from '../parts/act';
import { announce } from '../parts/live';
import { deviceName } from '../parts/people';
import { Reason } from './void-acts';

export function Held() {
  const rows = heldSales.value;
  const say = words.value.held;
  if (rows.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="held-title" data-testid="held">
      <h2 id="held-title">
        {say.title}{' '}
        <span class="badge calm" data-testid="held-count">
          {rows.length}
        </span>
      </h2>
      <p class="soft">{say.hint}</p>
      <ul class="stack cards">
        {rows.map((row) => (
          <li key={row.ticket_id} class="card stack" data-testid="held-sale" data-ticket={row.ticket_id} data-why={row.why}>
            <About row={row} />
            <Decision row={row} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function About({ row }: { row: HeldSaleRow }) {
  const { received } = row.tender;
  return (
    <div class="about">
      <span class="strong" title={row.ticket_id}>
        {words.value.receipt.ticket(shortTicket(row.ticket_id))}
      </span>
      <span class="figure strong">{usd(row.totals.grand_total_usd)}</span>
      <p>{words.value.held.whys[row.why]}</p>
      <p class="small">
        {row.totals.lines.map((line) => `${line.quantity} × ${line.name}`).join(', ')}
      </p>
      <p class="soft small">
        {deviceName(row.device_id)} · {when(row.completed_at, language.value)} ·{' '}
        {words.value.receipt.methods[row.tender.method]} {money(received.amount, received.currency)}
      </p>
    </div>
  );
}

/** A sale whose drawer is unknown here goes into the drawer of who accepts it. */
function Decision({ row }: { row: HeldSaleRow }) {
  const rejecting = useSignal(false);
  const act = useAct();
  const say = words.value.held;
  const here = row.why === 'SESSION_UNKNOWN' || row.why === 'DEVICE_UNKNOWN' ? session.value?.cash_session_id : undefined;
  const needsDrawer = row.why === 'SESSION_UNKNOWN' && !here;
  if (rejecting.value) {
    return (
      <Reason
        label={say.rejectWhy}
        go={say.reject}
        suggestions={[]}
        testId="held-reject-form"
        onCancel={() => (rejecting.value = false)}
        onReason={(reason) => rejectHeld(row.ticket_id, reason)}
        onDone={() => (rejecting.value = false)}
      />
    );
  }
  const accept = async () => {
    const done = await act.run(() => acceptHeld(row.ticket_id, here));
    if (done) announce(words.value.held.accepted);
  };
  return (
    <div class="stack">
      {needsDrawer && <p class="said">{say.needsDrawer}</p>}
      <Refused problem={act.problem.value} />
      <div class="acts">
        <button
          type="button"
          class="act main"
          disabled={act.busy.value || needsDrawer || !edgeLink.value.reachable}
          data-testid="held-accept"
          onClick={() => void accept()}
        >
          {here ? say.acceptHere : say.accept}
        </button>
        <button
          type="button"
          class="act"
          disabled={act.busy.value || !edgeLink.value.reachable}
          data-testid="held-reject"
          onClick={() => (rejecting.value = true)}
        >
          {say.reject}
        </button>
      </div>
    </div>
  );
}
