/** What was sold: Ticket → Invoice, with filters. A row opens its receipt. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { edgeLink, history, loadHistory, loadMoreHistory, type HistoryFilters, type HistoryRow, type TicketStatus } from '../core';
import { shortTicket, usd, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused } from '../parts/act';
import { Choice } from '../parts/choice';
import { dayOf, localDay } from '../parts/day';
import { Icon } from '../parts/icon';
import { beside } from '../route';

const STATUSES = ['all', 'pending', 'synced', 'error'] as const;
type Shown = (typeof STATUSES)[number];

export function History() {
  const say = words.value.history;
  const { filters, rows, loading, more, problem } = history.value;

  // Read anew when the edge is back: what this device showed meanwhile is as of then.
  const { reachable } = edgeLink.value;
  useEffect(() => {
    void loadHistory(history.peek().filters);
  }, [reachable]);

  return (
    <section class="page stack" aria-labelledby="history-title" data-testid="history">
      <h1 id="history-title" tabIndex={-1}>
        {say.title}
      </h1>
      <Filters filters={filters} />
      <Refused problem={problem} />
      {rows.length > 0 && (
        <table class="table">
          <caption class="unseen">{say.title}</caption>
          <thead>
            <tr>
              <th scope="col">{say.time}</th>
              <th scope="col">{say.ticket}</th>
              <th scope="col">{say.invoice}</th>
              <th scope="col" class="end">
                {say.total}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.ticketId} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {rows.length === 0 && !loading && !problem && <p class="soft">{say.nothing}</p>}
      {loading && <p role="status">{words.value.common.busy}</p>}
      {more && !loading && (
        <button type="button" class="act wide" data-testid="history-more" onClick={() => void loadMoreHistory()}>
          {words.value.common.more}
        </button>
      )}
    </section>
  );
}

function Filters({ filters }: { filters: HistoryFilters }) {
  const say = words.value.history;
  const text = useSignal(filters.text ?? '');
  const day = useSignal(filters.from ? localDay(filters.from) : '');
  const show = (changed: { status?: Shown; mine?: boolean }) => {
    const status = changed.status ?? filters.status ?? 'all';
    const mine = changed.mine ?? filters.mine ?? false;
    const typed = text.peek().trim();
    void loadHistory({
      ...(status === 'all' ? {} : { status: status satisfies TicketStatus }),
      ...(mine ? { mine } : {}),
      ...(typed ? { text: typed } : {}),
      ...dayOf(day.peek()),
    });
  };
  return (
    <form
      class="filters"
      role="search"
      aria-label={say.filter}
      data-testid="history-filters"
      onSubmit={(event) => {
        event.preventDefault();
        show({});
      }}
    >
      <Choice
        label={say.filter}
        name="history-status"
        chosen={(filters.status ?? 'all') as Shown}
        options={STATUSES.map((value) => ({
          value,
          text: value === 'all' ? words.value.common.all : say.statuses[value],
        }))}
        onChoose={(status) => show({ status })}
      />
      <div class="filter-row">
        <input
          type="search"
          class="entry"
          aria-label={say.search}
          placeholder={say.search}
          autocomplete="off"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            show({});
          }}
          data-testid="history-search"
        />
        <input
          type="date"
          class="entry day"
          aria-label={say.day}
          value={day.value}
          onChange={(event) => {
            day.value = event.currentTarget.value;
            show({});
          }}
          data-testid="history-day"
        />
        <label class="option inline">
          <input
            type="checkbox"
            checked={filters.mine ?? false}
            onChange={(event) => show({ mine: event.currentTarget.checked })}
            data-testid="history-mine"
          />
          <span>{say.mine}</span>
        </label>
      </div>
    </form>
  );
}

function Row({ row }: { row: HistoryRow }) {
  const say = words.value.history;
  return (
    <tr
      class="history-row"
      data-testid="history-row"
      data-ticket={row.ticketId}
      data-status={row.status}
      data-invoice={row.invoiceNo ?? ''}
    >
      <td class="soft figure">{when(row.createdAt, language.value)}</td>
      <td>
        <button
          type="button"
          class="link cover"
          title={row.ticketId}
          aria-label={say.open(shortTicket(row.ticketId))}
          data-testid="history-open"
          onClick={() => beside({ open: 'receipt', ticket: row.ticketId })}
        >
          {shortTicket(row.ticketId)}
        </button>
        {row.saleStatus !== 'FINALIZED' && (
          <span class={row.saleStatus === 'VOIDED' ? 'badge no' : 'badge calm'}>{say.saleStates[row.saleStatus]}</span>
        )}
      </td>
      <td data-testid="history-invoice">
        <Invoice row={row} />
      </td>
      <td class={row.saleStatus === 'VOIDED' ? 'end figure struck' : 'end figure'}>{usd(row.grandTotalUsd)}</td>
    </tr>
  );
}

function Invoice({ row }: { row: HistoryRow }) {
  const say = words.value.history;
  if (row.invoiceNo !== null) {
    return (
      <span class="to-number">
        <Icon name="arrow" size={16} />
        <span class="strong figure">{row.invoiceNo}</span>
      </span>
    );
  }
  const text = row.status === 'on_device' ? say.onDevice : row.status === 'error' ? say.statuses.error : say.follows;
  return (
    <span class="badge calm" title={row.lastError ?? undefined}>
      {text}
    </span>
  );
}
