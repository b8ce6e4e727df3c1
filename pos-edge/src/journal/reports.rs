//! The sums of a session, from what was captured: nothing is priced again.

use domain::sessions::{Opening, Paid, Sold, Span, report};
use schemas::{
    CashSessionId, Currency, TicketId, Timestamp, Usd,
    edge_api::{CashMovement, CashSession, MovementPage, Supplement, XReport},
    events::{LateSale, PaidKind, SessionReport},
};
use sqlx::SqliteConnection;

use super::{
    columns::{name_out, place_in, place_out, units_out, uuid_out},
    contacts,
    error::{JournalError, Refusal},
    sessions,
    state::Ledger,
    void_requests,
};

/// The report of a session up to `as_of`, without supplements.
pub(super) async fn of_session(
    connection: &mut SqliteConnection,
    session: &CashSession,
    as_of: Timestamp,
) -> Result<SessionReport, JournalError> {
    let id = session.cash_session_id;
    let opening = Opening {
        opened_by: session.staff_id,
        opened_at: session.opened_at,
        float_usd: session.opening_float_usd,
        float_khr: session.opening_float_khr,
    };
    let sold = sold_in(connection, id).await?;
    let paid = paid_in(connection, id).await?;
    let span = span_of(connection, id).await?;
    Ok(report(&opening, &sold, &paid, span, as_of))
}

async fn sold_in(
    connection: &mut SqliteConnection,
    session: CashSessionId,
) -> Result<Vec<Sold>, JournalError> {
    let session = session.as_uuid();
    let rows = sqlx::query!(
        "SELECT method, currency, sale_status, count(*) AS \"count!: i64\",
                sum(kept) AS \"kept!: i64\", sum(total_cents) AS \"total!: i64\",
                sum(vat_cents) AS \"vat!: i64\"
         FROM ticket WHERE cash_session_id = ? AND supplement_no IS NULL
         GROUP BY method, currency, sale_status",
        session,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = name_out(&row.currency)?;
            Ok(Sold {
                method: name_out(&row.method)?,
                currency,
                status: name_out(&row.sale_status)?,
                count: place_out(row.count),
                kept: units_out(row.kept, currency),
                total_usd: Usd(units_out(row.total, Currency::Usd)),
                vat_usd: Usd(units_out(row.vat, Currency::Usd)),
            })
        })
        .collect()
}

async fn paid_in(
    connection: &mut SqliteConnection,
    session: CashSessionId,
) -> Result<Vec<Paid>, JournalError> {
    let session = session.as_uuid();
    let rows = sqlx::query!(
        "SELECT kind, currency, sum(amount) AS \"amount!: i64\"
         FROM cash_movement WHERE cash_session_id = ? AND kind IN ('PAID_IN', 'PAID_OUT')
         GROUP BY kind, currency",
        session,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = name_out(&row.currency)?;
            let kind: PaidKind = name_out(&row.kind)?;
            Ok(Paid { kind, currency, amount: units_out(row.amount, currency) })
        })
        .collect()
}

async fn span_of(
    connection: &mut SqliteConnection,
    session: CashSessionId,
) -> Result<Span, JournalError> {
    let session = session.as_uuid();
    let row = sqlx::query!(
        "SELECT (SELECT ticket_id FROM ticket
                 WHERE cash_session_id = ?1 AND supplement_no IS NULL
                 ORDER BY seq LIMIT 1) AS \"first: String\",
                (SELECT ticket_id FROM ticket
                 WHERE cash_session_id = ?1 AND supplement_no IS NULL
                 ORDER BY seq DESC LIMIT 1) AS \"last: String\"",
        session,
    )
    .fetch_one(connection)
    .await?;
    let ticket = |text: Option<String>| {
        text.map(TicketId::parse)
            .transpose()
            .map_err(|error| JournalError::Storage(error.to_string()))
    };
    Ok(Span { first: ticket(row.first)?, last: ticket(row.last)? })
}

/// See [`super::Journal::x_report`].
pub(super) async fn x(ledger: &mut Ledger, id: CashSessionId) -> Result<XReport, Refusal> {
    let session =
        sessions::find(&mut ledger.connection, id).await?.ok_or(Refusal::SessionNotFound(id))?;
    if session.closed_at.is_some() {
        return Err(Refusal::SessionClosed(id));
    }
    let now = ledger.shared.clock.now();
    let session = session.session;
    Ok(XReport {
        cash_session_id: id,
        device_id: session.device_id,
        report: of_session(&mut ledger.connection, &session, now).await?,
        pending_voids: void_requests::pending_in(&mut ledger.connection, id).await?.len() as u64,
        silent_devices: contacts::silent(&ledger.shared, now, session.device_id),
    })
}

/// See [`super::Journal::z_report`].
pub(super) async fn z(
    ledger: &mut Ledger,
    id: CashSessionId,
) -> Result<(Vec<u8>, Vec<Supplement>), Refusal> {
    let connection = &mut ledger.connection;
    let session =
        sessions::find(&mut *connection, id).await?.ok_or(Refusal::SessionNotFound(id))?;
    if session.closed_at.is_none() {
        return Err(Refusal::SessionNotClosed(id));
    }
    let key = id.as_uuid();
    let payload = sqlx::query_scalar!(
        "SELECT entry.payload FROM cash_session JOIN entry ON entry.seq = cash_session.closed_seq
         WHERE cash_session_id = ?",
        key,
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok((payload, supplements(connection, id).await?))
}

async fn supplements(
    connection: &mut SqliteConnection,
    session: CashSessionId,
) -> Result<Vec<Supplement>, JournalError> {
    let session = session.as_uuid();
    let rows = sqlx::query!(
        "SELECT ticket.supplement_no AS \"supplement_no!\", entry.recorded_at, ticket.ticket_id,
                ticket.sale_id, ticket.created_at, ticket.method, ticket.currency, ticket.kept,
                ticket.total_cents, ticket.vat_cents, ticket.sale_status
         FROM ticket JOIN entry USING (seq)
         WHERE ticket.cash_session_id = ? AND ticket.supplement_no IS NOT NULL
         ORDER BY ticket.seq",
        session,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let currency = name_out(&row.currency)?;
            Ok(Supplement {
                late: LateSale {
                    supplement_no: u32::try_from(row.supplement_no).unwrap_or(u32::MAX),
                    received_at: Timestamp::from_unix_micros(row.recorded_at),
                },
                ticket_id: TicketId::parse(row.ticket_id)
                    .map_err(|error| JournalError::Storage(error.to_string()))?,
                sale_id: uuid_out(&row.sale_id)?.into(),
                finalized_at: Timestamp::from_unix_micros(row.created_at),
                method: name_out(&row.method)?,
                currency,
                amount: units_out(row.kept, currency),
                grand_total_usd: Usd(units_out(row.total_cents, Currency::Usd)),
                vat_usd: Usd(units_out(row.vat_cents, Currency::Usd)),
                sale_status: name_out(&row.sale_status)?,
            })
        })
        .collect()
}

/// The largest page of movements.
pub const MAX_MOVEMENTS: usize = 500;

/// See [`super::Journal::cash_movements`].
pub(super) async fn movements(
    connection: &mut SqliteConnection,
    session: CashSessionId,
    before: Option<i64>,
    limit: usize,
) -> Result<MovementPage, JournalError> {
    let limit = limit.clamp(1, MAX_MOVEMENTS);
    let session = session.as_uuid();
    let before = before.unwrap_or(i64::MAX);
    // One more than asked tells whether there is a next page.
    let rows = place_in(limit as u64 + 1);
    let mut rows = sqlx::query!(
        "SELECT seq AS \"seq!: i64\", 'SALE_CASH' AS \"kind!: String\",
                currency AS \"currency!: String\", kept AS \"amount!: i64\",
                ticket_id AS \"ticket_id?: String\", NULL AS \"reason?: String\",
                created_at AS \"at!: i64\"
         FROM ticket WHERE cash_session_id = ?1 AND seq < ?2 AND method = 'CASH'
         UNION ALL
         SELECT moved.seq, moved.kind, moved.currency, moved.amount, ticket.ticket_id,
                moved.reason, moved.at
         FROM cash_movement AS moved LEFT JOIN ticket ON ticket.seq = moved.ticket_seq
         WHERE moved.cash_session_id = ?1 AND moved.seq < ?2
         ORDER BY 1 DESC LIMIT ?3",
        session,
        before,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|row| row.seq);
    let movements = rows
        .into_iter()
        .map(|row| {
            let currency = name_out(&row.currency)?;
            Ok(CashMovement {
                seq: row.seq,
                kind: name_out(&row.kind)?,
                currency,
                amount: units_out(row.amount, currency),
                ticket_id: row
                    .ticket_id
                    .map(TicketId::parse)
                    .transpose()
                    .map_err(|error| JournalError::Storage(error.to_string()))?,
                reason: row.reason,
                at: Timestamp::from_unix_micros(row.at),
            })
        })
        .collect::<Result<_, JournalError>>()?;
    Ok(MovementPage { movements, next_before })
}
