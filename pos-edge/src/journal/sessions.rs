//! Cash sessions. The open ones are also kept in memory: there is at most one
//! for each till and person.

use schemas::{
    CashSessionId, DeviceId, Khr, Sha256Hash, TicketId, Timestamp, Usd, edge_api::CashSession,
};
use sqlx::SqliteConnection;

use super::{
    captures::NewSession,
    columns::{decimal_out, hash_out, place_in, uuid_out},
    error::JournalError,
    state::Shared,
};

/// A cash session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// The session.
    pub session: CashSession,
    /// The person's name when it was opened.
    pub staff_name: String,
}

/// A cash session, open or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session.
    pub session: CashSession,
    /// The person's name when it was opened.
    pub staff_name: String,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// How many sales came after its close.
    pub supplements: u32,
}

/// A session, open or closed.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    id: CashSessionId,
) -> Result<Option<KnownSession>, JournalError> {
    let key = id.as_uuid();
    let row = sqlx::query!(
        "SELECT device_id, staff_id, staff_name, opened_at, opening_float_usd, opening_float_khr,
                closed_at, supplements
         FROM cash_session WHERE cash_session_id = ?",
        key,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(KnownSession {
            session: CashSession {
                cash_session_id: id,
                device_id: uuid_out(&row.device_id)?.into(),
                staff_id: uuid_out(&row.staff_id)?.into(),
                opened_at: Timestamp::from_unix_micros(row.opened_at),
                opening_float_usd: Usd(decimal_out(&row.opening_float_usd)?),
                opening_float_khr: Khr(decimal_out(&row.opening_float_khr)?),
            },
            staff_name: row.staff_name,
            closed_at: row.closed_at.map(Timestamp::from_unix_micros),
            supplements: u32::try_from(row.supplements).unwrap_or(u32::MAX),
        })
    })
    .transpose()
}

/// Reads the open sessions into memory.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    shared: &Shared,
) -> Result<(), JournalError> {
    let rows = sqlx::query!(
        "SELECT cash_session_id AS \"cash_session_id!\", device_id, staff_id, staff_name,
                opened_at, opening_float_usd, opening_float_khr
         FROM cash_session WHERE status = 'OPEN'"
    )
    .fetch_all(connection)
    .await?;
    let mut sessions = std::collections::HashMap::with_capacity(rows.len());
    for row in rows {
        let session = CashSession {
            cash_session_id: uuid_out(&row.cash_session_id)?.into(),
            device_id: uuid_out(&row.device_id)?.into(),
            staff_id: uuid_out(&row.staff_id)?.into(),
            opened_at: Timestamp::from_unix_micros(row.opened_at),
            opening_float_usd: Usd(decimal_out(&row.opening_float_usd)?),
            opening_float_khr: Khr(decimal_out(&row.opening_float_khr)?),
        };
        sessions
            .insert(session.cash_session_id, OpenSession { session, staff_name: row.staff_name });
    }
    *shared.write_sessions() = sessions;
    Ok(())
}

/// The open sessions of a till, or of all, oldest first.
pub(super) fn list(shared: &Shared, device: Option<DeviceId>) -> Vec<CashSession> {
    let mut sessions: Vec<CashSession> = shared
        .read_sessions()
        .values()
        .map(|open| &open.session)
        .filter(|session| device.is_none_or(|device| session.device_id == device))
        .cloned()
        .collect();
    sessions.sort_by_key(|session| (session.opened_at, session.cash_session_id));
    sessions
}

/// Writes a session that entry `seq` opened.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    seq: u64,
    new: &NewSession,
) -> Result<(), JournalError> {
    write(connection, seq, new, false).await
}

async fn write(
    connection: &mut SqliteConnection,
    seq: u64,
    new: &NewSession,
    imported: bool,
) -> Result<(), JournalError> {
    let seq = place_in(seq);
    let session = &new.session;
    let (id, device, staff) = (
        session.cash_session_id.as_uuid(),
        session.device_id.as_uuid(),
        session.staff_id.as_uuid(),
    );
    let (key, request_hash) = (new.key.as_str(), new.request_hash.as_bytes().as_slice());
    let opened_at = session.opened_at.unix_micros();
    let float_usd = session.opening_float_usd.to_string();
    let float_khr = session.opening_float_khr.to_string();
    sqlx::query!(
        "INSERT INTO cash_session (cash_session_id, seq, idempotency_key, request_hash, device_id,
                                   staff_id, staff_name, opened_at, opening_float_usd,
                                   opening_float_khr, imported)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        seq,
        key,
        request_hash,
        device,
        staff,
        new.staff_name,
        opened_at,
        float_usd,
        float_khr,
        imported,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes a session that an imported entry `seq` opened: beside one that its till and
/// person may have open.
pub(super) async fn insert_imported(
    connection: &mut SqliteConnection,
    seq: u64,
    session: &CashSession,
    staff_name: String,
) -> Result<(), JournalError> {
    let id = session.cash_session_id;
    let key = TicketId::parse(format!("imported-{id}"))
        .map_err(|error| JournalError::Storage(error.to_string()))?;
    let new = NewSession {
        key,
        request_hash: Sha256Hash::ZERO,
        session: session.clone(),
        staff_name,
        payload: Vec::new(),
    };
    write(connection, seq, &new, true).await
}

/// The hash of the request under a key, and the payload of the entry it made.
pub(super) async fn by_key(
    connection: &mut SqliteConnection,
    key: TicketId,
) -> Result<Option<(Sha256Hash, Vec<u8>)>, JournalError> {
    let key = key.as_str();
    let row = sqlx::query!(
        "SELECT cash_session.request_hash, entry.payload
         FROM cash_session JOIN entry USING (seq) WHERE idempotency_key = ?",
        key,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((hash_out(&row.request_hash)?, row.payload))).transpose()
}

/// Whether somebody has a session open on a till.
pub(super) fn open_for(
    shared: &Shared,
    device: DeviceId,
    staff: schemas::StaffId,
) -> Option<CashSessionId> {
    shared
        .read_sessions()
        .values()
        .map(|open| &open.session)
        .find(|session| session.device_id == device && session.staff_id == staff)
        .map(|session| session.cash_session_id)
}
