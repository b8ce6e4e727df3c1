//! Logging in and out.

use schemas::{DeviceId, Sha256Hash, TicketId, Timestamp, events::AuditAction};
use sqlx::SqliteConnection;

use super::{Bearer, Login, PeopleRefusal, Whose, tries::forget_tries};
use crate::{
    journal::{
        append::append,
        columns::uuid_out,
        error::JournalError,
        state::{Ledger, Shared},
    },
    people::tokens::Token,
};

/// The most that are logged in on one till at once; one more ends the oldest.
const LOGINS_PER_TILL: usize = 64;

/// A person to be logged in, whose PIN was found right.
#[derive(Debug)]
pub struct NewLogin {
    /// The idempotency key.
    pub key: TicketId,
    /// The login.
    pub login: Login,
}

/// See [`crate::journal::Journal::log_in`].
pub(in crate::journal) async fn log_in(
    ledger: &mut Ledger,
    new: NewLogin,
) -> Result<Result<(Token, Login), PeopleRefusal>, JournalError> {
    let shared = ledger.shared.clone();
    let NewLogin { key, login } = new;
    let (device_id, staff_id) = (login.device_id, login.staff_id);
    let token = shared.secret()?.person(device_id, staff_id, &key);
    let hash = token.hash();
    let before = login_by_key(&mut ledger.connection, &key).await?;
    if let Some(before) = before.filter(|before| before.expires_at > login.logged_in_at) {
        forget_tries(ledger, device_id, Whose::Person(staff_id)).await?;
        let same = (before.device_id, before.staff_id, &before.pin_hash)
            == (device_id, staff_id, &login.pin_hash);
        return Ok(if same { Ok((token, before)) } else { Err(PeopleRefusal::KeyConflict) });
    }
    let audit = shared.audit(AuditAction::LoggedIn, device_id, Some(staff_id), None)?;
    let surplus = surplus_logins(&shared, device_id, login.logged_in_at);
    let row = login.clone();
    let ended = surplus.clone();
    append(ledger, vec![audit], move |connection, _| {
        Box::pin(async move {
            let at = row.logged_in_at.unix_micros();
            let expires_at = row.expires_at.unix_micros();
            let (device, staff) = (row.device_id.as_uuid(), row.staff_id.as_uuid());
            let (hash, key) = (hash.as_bytes().as_slice(), key.as_str());
            sqlx::query!("DELETE FROM login WHERE expires_at <= ?", at)
                .execute(&mut *connection)
                .await?;
            for surplus in &ended {
                end(connection, *surplus).await?;
            }
            sqlx::query!(
                "INSERT INTO login (token_hash, idempotency_key, device_id, staff_id, pin_hash,
                                    logged_in_at, expires_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
                hash,
                key,
                device,
                staff,
                row.pin_hash,
                at,
                expires_at,
            )
            .execute(&mut *connection)
            .await?;
            sqlx::query!("DELETE FROM failed_try WHERE device_id = ? AND whose = ?", device, staff)
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    })
    .await?;
    let mut roll = shared.write_roll();
    for surplus in surplus {
        roll.logins.remove(&surplus);
    }
    roll.logins.retain(|_, other| other.expires_at > login.logged_in_at);
    roll.tries.remove(&(device_id, Whose::Person(staff_id)));
    roll.logins.insert(hash, login.clone());
    Ok(Ok((token, login)))
}

/// The oldest logins of a till that make place for one more.
fn surplus_logins(shared: &Shared, device: DeviceId, now: Timestamp) -> Vec<Sha256Hash> {
    let roll = shared.read_roll();
    let mut logins: Vec<(Timestamp, Sha256Hash)> = roll
        .logins
        .iter()
        .filter(|(_, login)| login.device_id == device && login.expires_at > now)
        .map(|(hash, login)| (login.logged_in_at, *hash))
        .collect();
    logins.sort_unstable();
    let surplus = (logins.len() + 1).saturating_sub(LOGINS_PER_TILL);
    logins.into_iter().take(surplus).map(|(_, hash)| hash).collect()
}

async fn login_by_key(
    connection: &mut SqliteConnection,
    key: &TicketId,
) -> Result<Option<Login>, JournalError> {
    let key = key.as_str();
    let row = sqlx::query!(
        "SELECT device_id, staff_id, pin_hash, logged_in_at, expires_at
         FROM login WHERE idempotency_key = ?",
        key,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Login {
            device_id: uuid_out(&row.device_id)?.into(),
            staff_id: uuid_out(&row.staff_id)?.into(),
            pin_hash: row.pin_hash,
            logged_in_at: Timestamp::from_unix_micros(row.logged_in_at),
            expires_at: Timestamp::from_unix_micros(row.expires_at),
        })
    })
    .transpose()
}

/// See [`crate::journal::Journal::log_out`].
pub(in crate::journal) async fn log_out(
    ledger: &mut Ledger,
    token: Sha256Hash,
) -> Result<(), JournalError> {
    let shared = ledger.shared.clone();
    let Some(Bearer::Person(login)) = shared.bearer(token) else { return Ok(()) };
    let audit =
        shared.audit(AuditAction::LoggedOut, login.device_id, Some(login.staff_id), None)?;
    append(ledger, vec![audit], move |connection, _| {
        Box::pin(async move { end(connection, token).await })
    })
    .await?;
    shared.write_roll().logins.remove(&token);
    Ok(())
}

async fn end(connection: &mut SqliteConnection, token: Sha256Hash) -> Result<(), JournalError> {
    let token = token.as_bytes().as_slice();
    sqlx::query!("UPDATE login SET ended = 1 WHERE token_hash = ?", token)
        .execute(connection)
        .await?;
    Ok(())
}
