/** Drawers of others that are still open: a manager looks into them and closes them. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { edgeLink, loadSessions, session, xReport, type CashSession, type XReport, type ZReport } from '../core';
import { when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, useAct } from '../parts/act';
import { decides, deviceName, staffName } from '../parts/people';
import { CloseForm } from './close-form';
import { XShown } from './reports';

export function OtherDrawers({ onClosed }: { onClosed(report: ZReport): void }) {
  const all = useSignal<readonly CashSession[]>([]);
  const { reachable } = edgeLink.value;
  const manages = decides.value;
  const mine = session.value?.cash_session_id;

  const load = async () => {
    const result = await loadSessions();
    if (result.ok) all.value = result.value;
  };
  useEffect(() => {
    if (manages && reachable) void load();
  }, [manages, reachable, mine]);

  const others = all.value.filter((one) => one.cash_session_id !== mine);
  if (!manages || others.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="others-title" data-testid="other-drawers">
      <h2 id="others-title">{words.value.drawer.others}</h2>
      {others.map((one) => (
        <Other
          key={one.cash_session_id}
          session={one}
          onClosed={(report) => {
            onClosed(report);
            void load();
          }}
        />
      ))}
    </section>
  );
}

function Other({ session: one, onClosed }: { session: CashSession; onClosed(report: ZReport): void }) {
  const open = useSignal(false);
  const x = useSignal<XReport | null>(null);
  const act = useAct();
  const say = words.value.drawer;
  const look = async () => {
    const done = await act.run(() => xReport(one.cash_session_id));
    if (done) x.value = done.value;
  };
  return (
    <details
      class="card"
      data-testid="other-drawer"
      data-session={one.cash_session_id}
      onToggle={(event) => (open.value = event.currentTarget.open)}
    >
      <summary>
        {deviceName(one.device_id)} · {staffName(one.staff_id)} · {when(one.opened_at, language.value)}
      </summary>
      {open.value && (
        <div class="stack">
          <Refused problem={act.problem.value} />
          <button type="button" class="act" disabled={act.busy.value} data-testid="other-x" onClick={() => void look()}>
            {say.x}
          </button>
          {x.value && <XShown report={x.value} />}
          <CloseForm session={one} onClosed={onClosed} />
        </div>
      )}
    </details>
  );
}
