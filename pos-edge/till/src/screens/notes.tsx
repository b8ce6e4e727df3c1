/** What a person should know: voids that wait or were decided, and room on the store box. */
import { markSeen, notifications, type NotificationRow, type Result } from '../core';
import { count, shortTicket, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, useAct } from '../parts/act';
import { beside } from '../route';

export function Notes() {
  const say = words.value.notes;
  const rows = notifications.value;
  const act = useAct();
  return (
    <section class="page stack narrow" aria-labelledby="notes-title" data-testid="notes">
      <h1 id="notes-title" tabIndex={-1}>
        {say.title}
      </h1>
      {rows.length === 0 && <p class="soft">{say.nothing}</p>}
      {rows.length > 1 && (
        <>
          <Refused problem={act.problem.value} />
          <button
            type="button"
            class="act"
            disabled={act.busy.value}
            data-testid="notes-all"
            onClick={() => void act.run(() => seeAll(rows))}
          >
            {say.allSeen}
          </button>
        </>
      )}
      <ul class="stack">
        {rows.map((row) => (
          <Note key={row.notification_id} row={row} />
        ))}
      </ul>
    </section>
  );
}

/** One after the other; the first that is refused ends it. */
async function seeAll(rows: readonly NotificationRow[]): Promise<Result<null>> {
  for (const row of rows) {
    const result = await markSeen(row.notification_id);
    if (!result.ok) return result;
  }
  return { ok: true, value: null };
}

function Note({ row }: { row: NotificationRow }) {
  const act = useAct();
  const say = words.value.notes;
  const kinds: Record<string, string> = say.kinds;
  const kind = row.key.split(':')[0] ?? '';
  const ticket = row.ticket_id;
  return (
    <li class="card note" data-testid="note" data-kind={kind}>
      <div>
        <p class="strong">{kinds[kind] ?? say.kinds.other}</p>
        {row.tickets_left != null && <p>{say.left(count(row.tickets_left))}</p>}
        <p class="soft small">{when(row.at, language.value)}</p>
        <Refused problem={act.problem.value} />
      </div>
      <div class="acts">
        {ticket && (
          <button
            type="button"
            class="act"
            title={ticket}
            data-testid="note-open"
            onClick={() => beside({ open: 'receipt', ticket })}
          >
            {words.value.receipt.ticket(shortTicket(ticket))}
          </button>
        )}
        <button
          type="button"
          class="act quiet"
          disabled={act.busy.value}
          data-testid="note-seen"
          onClick={() => void act.run(() => markSeen(row.notification_id))}
        >
          {say.seen}
        </button>
      </div>
    </li>
  );
}
