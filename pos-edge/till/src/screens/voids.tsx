/** Requests to undo sales: those that wait for a manager, and what was decided. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { loadDecidedVoids, voidRequests, type VoidRequestRow } from '../core';
import { shortTicket, usd, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, useAct } from '../parts/act';
import { decides, staffName } from '../parts/people';
import { beside } from '../route';
import { Held } from './held';
import { Decide } from './void-acts';

export function Voids() {
  const say = words.value.voids;
  const pending = voidRequests.value;
  return (
    <section class="page stack" aria-labelledby="voids-title" data-testid="voids">
      <h1 id="voids-title" tabIndex={-1}>
        {say.title}
      </h1>
      <section class="stack" aria-labelledby="voids-pending">
        <h2 id="voids-pending">
          {say.pending}{' '}
          {pending.length > 0 && (
            <span class="badge calm" data-testid="voids-count">
              {pending.length}
            </span>
          )}
        </h2>
        {pending.length === 0 && <p class="soft">{say.nothing}</p>}
        <ul class="stack cards">
          {pending.map((request) => (
            <li key={request.void_request_id} class="card stack" data-testid="void" data-ticket={request.ticket_id}>
              <About request={request} />
              {decides.value ? <Decide request={request} /> : <p class="soft small">{say.onlyManagers}</p>}
            </li>
          ))}
        </ul>
      </section>
      <Held />
      <Decided pending={pending} />
    </section>
  );
}

function About({ request }: { request: VoidRequestRow }) {
  const say = words.value.voids;
  return (
    <div class="about">
      <button
        type="button"
        class="link"
        title={request.ticket_id}
        data-testid="void-open"
        onClick={() => beside({ open: 'receipt', ticket: request.ticket_id })}
      >
        {words.value.receipt.ticket(shortTicket(request.ticket_id))}
      </button>
      <span class="figure strong">{usd(request.grand_total_usd)}</span>
      <p class="about-reason">{request.reason}</p>
      <p class="soft small">
        {say.by(staffName(request.requested_by))} · {when(request.requested_at, language.value)}
      </p>
    </div>
  );
}

/** Read again whenever one of those that waited was decided. */
function Decided({ pending }: { pending: readonly VoidRequestRow[] }) {
  const rows = useSignal<readonly VoidRequestRow[]>([]);
  const act = useAct();
  const say = words.value.voids;
  const key = pending.map((request) => request.void_request_id).join();
  useEffect(() => {
    void act.run(loadDecidedVoids).then((done) => {
      if (done) rows.value = done.value;
    });
  }, [key]);
  return (
    <section class="stack" aria-labelledby="voids-decided">
      <h2 id="voids-decided">{say.decided}</h2>
      <Refused problem={act.problem.value} />
      {rows.value.length === 0 && !act.busy.value && !act.problem.value && <p class="soft">{say.nothingDecided}</p>}
      <ul class="stack cards">
        {rows.value.map((request) => (
          <li key={request.void_request_id} class="card stack" data-testid="void-decided">
            <About request={request} />
            <p>
              <span class={request.status === 'APPROVED' ? 'badge good' : 'badge'}>{say.statuses[request.status]}</span>{' '}
              <span class="soft small">
                {request.decision &&
                  (request.decision.by_close ? say.byClose : say.decidedBy(staffName(request.decision.decided_by)))}
                {request.decision?.remark && ` · ${request.decision.remark}`}
              </span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
