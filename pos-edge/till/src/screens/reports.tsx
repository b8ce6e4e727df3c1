/** X and Z: the sums of a drawer, as the store box has made them. Nothing is added up here. */
import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { zReport, type DrawerSums, type SessionReport, type Supplement, type XReport, type ZReport } from '../core';
import { count, isNegative, isZero, money, negated, shortTicket, usd, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Said } from '../parts/act';
import { Icon } from '../parts/icon';
import { deviceName } from '../parts/people';

export function XShown({ report }: { report: XReport }) {
  const say = words.value.drawer;
  const id = useId();
  return (
    <article class="card stack report" aria-labelledby={id} data-testid="x-shown">
      <ReportHead id={id} title={say.x} line={say.asOf(when(report.as_of, language.value))} />
      <Silent devices={report.silent_devices} />
      <Sums report={report} />
      {report.pending_voids > 0 && <p class="soft">{say.pendingVoids(report.pending_voids)}</p>}
    </article>
  );
}

export function ZShown({ report }: { report: ZReport }) {
  const say = words.value.drawer;
  const id = useId();
  const late = useSignal<readonly Supplement[]>([]);
  useEffect(() => {
    void zReport(report.cash_session_id).then((result) => {
      if (result.ok) late.value = result.value.supplements;
    });
  }, [report.cash_session_id]);
  return (
    <article class="card stack report" aria-labelledby={id} data-testid="z-shown">
      <ReportHead id={id} title={say.z} line={say.closedAt(when(report.closed_at, language.value))} />
      <Silent devices={report.silent_devices} />
      <Sums report={report.z} counted={report.counted} />
      {report.rejected_voids.length > 0 && <p class="soft">{say.rejectedVoids(report.rejected_voids.length)}</p>}
      {late.value.length > 0 && (
        <section class="stack" data-testid="supplements">
          <h3>{say.supplements}</h3>
          <ul>
            {late.value.map((sale) => (
              <li key={sale.sale_id} class="row">
                <span title={sale.ticket_id}>
                  {words.value.receipt.ticket(shortTicket(sale.ticket_id))} · {when(sale.finalized_at, language.value)}
                </span>
                <span class="figure">{usd(sale.grand_total_usd)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}

function ReportHead({ id, title, line }: { id: string; title: string; line: string }) {
  return (
    <header class="report-head">
      <div>
        <h2 id={id}>{title}</h2>
        <p class="soft">{line}</p>
      </div>
      <button type="button" class="act quiet no-print" data-testid="report-print" onClick={() => globalThis.print()}>
        <Icon name="print" size={20} />
        {words.value.receipt.print}
      </button>
    </header>
  );
}

function Silent({ devices }: { devices: readonly string[] }) {
  if (devices.length === 0) return null;
  return <Said testId="silent">{words.value.drawer.silent(devices.map(deviceName).join(', '))}</Said>;
}

interface Counted {
  usd: string;
  khr: string;
  difference_usd: string;
  difference_khr: string;
}

function Sums({ report, counted }: { report: SessionReport; counted?: Counted }) {
  const say = words.value.drawer;
  return (
    <>
      <dl>
        <Row name={say.sales(report.sale_count)} figure={usd(report.sales_usd)} testId="report-sales" strong />
        {report.sales.map((sums) => (
          <Row
            key={`${sums.method}.${sums.currency}`}
            name={`${words.value.receipt.methods[sums.method]} ${sums.currency} (${count(sums.count)})`}
            figure={money(sums.amount, sums.currency)}
          />
        ))}
        <Row name={say.vat} figure={usd(report.vat_usd)} />
        {report.void_count > 0 && (
          <Row name={say.voided(report.void_count)} figure={usd(negated(report.voids_usd))} testId="report-voids" />
        )}
      </dl>
      <div class="drawers">
        {report.drawers.map((sums) => (
          <DrawerShown key={sums.currency} sums={sums} counted={counted} />
        ))}
      </div>
      {report.first_ticket && report.last_ticket && (
        <p class="soft small" title={`${report.first_ticket} – ${report.last_ticket}`}>
          {say.tickets}: {shortTicket(report.first_ticket)} – {shortTicket(report.last_ticket)}
        </p>
      )}
    </>
  );
}

function DrawerShown({ sums, counted }: { sums: DrawerSums; counted: Counted | undefined }) {
  const say = words.value.drawer;
  const dollars = sums.currency === 'USD';
  const write = (figure: string) => money(figure, sums.currency);
  const difference = counted && (dollars ? counted.difference_usd : counted.difference_khr);
  return (
    <section aria-label={say.currencies[sums.currency]} data-testid={`drawer-${sums.currency}`}>
      <h3>{say.currencies[sums.currency]}</h3>
      <dl>
        <Row name={say.sums.opening} figure={write(sums.opening_float)} />
        <Row name={say.sums.sales} figure={write(sums.sales)} />
        <Row name={say.sums.in} figure={write(sums.paid_in)} />
        <Row name={say.sums.out} figure={write(negated(sums.paid_out))} />
        <Row name={say.sums.refunds} figure={write(negated(sums.refunds))} />
        <Row name={say.expected} figure={write(sums.expected)} testId={`expected-${sums.currency}`} strong />
        {counted && <Row name={say.counted} figure={write(dollars ? counted.usd : counted.khr)} />}
        {difference !== undefined && (
          <Row
            name={say.difference}
            figure={`${isZero(difference) || isNegative(difference) ? '' : '+'}${write(difference)}`}
            testId={`difference-${sums.currency}`}
            strong
          />
        )}
      </dl>
    </section>
  );
}

function Row({ name, figure, strong = false, testId }: { name: string; figure: string; strong?: boolean; testId?: string }) {
  return (
    <div class={strong ? 'row strong' : 'row'}>
      <dt>{name}</dt>
      <dd class="figure" data-testid={testId}>
        {figure}
      </dd>
    </div>
  );
}
