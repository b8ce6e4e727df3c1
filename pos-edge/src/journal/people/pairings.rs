//! Pairing tills.

use schemas::{DeviceId, TicketId, Timestamp, events::AuditAction};
use sqlx::SqliteConnection;

use super::{PeopleRefusal, Whose, tries::forget_tries};
use crate::{
    journal::{append::append, columns::uuid_out, error::JournalError, state::Ledger},
    people::tokens::Token,
};

/// A till to be paired with a code that was found right.
#[derive(Debug)]
pub struct NewPairing {
    /// The till.
    pub device_id: DeviceId,
    /// The idempotency key.
    pub key: TicketId,
    /// The code's hash, as the catalogue has it.
    pub code_hash: String,
}

/// How a till was paired before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The till.
    pub device_id: DeviceId,
    /// The hash of the code that was used.
    pub code_hash: String,
    /// When.
    pub paired_at: Timestamp,
}

/// How a till was paired under a key.
pub(in crate::journal) async fn pairing_by_key(
    connection: &mut SqliteConnection,
    key: &TicketId,
) -> Result<Option<Pairing>, JournalError> {
    let key = key.as_str();
    let row = sqlx::query!(
        "SELECT device_id, code_hash, paired_at FROM paired_till WHERE idempotency_key = ?",
        key,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Pairing {
            device_id: uuid_out(&row.device_id)?.into(),
            code_hash: row.code_hash,
            paired_at: Timestamp::from_unix_micros(row.paired_at),
        })
    })
    .transpose()
}

/// Whether a code was used.
pub(in crate::journal) async fn code_was_used(
    connection: &mut SqliteConnection,
    code_hash: &str,
) -> Result<bool, JournalError> {
    let used = sqlx::query_scalar!(
        "SELECT count(*) FROM used_pairing_code WHERE code_hash = ?",
        code_hash
    )
    .fetch_one(connection)
    .await?;
    Ok(used > 0)
}

/// See [`crate::journal::Journal::pair`].
pub(in crate::journal) async fn pair(
    ledger: &mut Ledger,
    new: NewPairing,
) -> Result<Result<(Token, Pairing), PeopleRefusal>, JournalError> {
    let shared = ledger.shared.clone();
    let token = shared.secret()?.till(new.device_id, &new.key);
    if let Some(before) = pairing_by_key(&mut ledger.connection, &new.key).await? {
        let same = (before.device_id, &before.code_hash) == (new.device_id, &new.code_hash);
        forget_tries(ledger, new.device_id, Whose::Till).await?;
        return Ok(if same { Ok((token, before)) } else { Err(PeopleRefusal::KeyConflict) });
    }
    if code_was_used(&mut ledger.connection, &new.code_hash).await? {
        return Ok(Err(PeopleRefusal::CodeUsed));
    }
    let now = shared.clock.now();
    let audit = shared.audit(AuditAction::DevicePaired, new.device_id, None, None)?;
    let (device, at) = (new.device_id.as_uuid(), now.unix_micros());
    let whose = Whose::Till.uuid();
    let hash = token.hash();
    let NewPairing { device_id, key, code_hash } = new;
    let kept = code_hash.clone();
    append(ledger, vec![audit], move |connection, _| {
        Box::pin(async move {
            let (hash, key) = (hash.as_bytes().as_slice(), key.as_str());
            sqlx::query!("INSERT INTO used_pairing_code VALUES (?, ?)", code_hash, at)
                .execute(&mut *connection)
                .await?;
            sqlx::query!(
                "INSERT INTO paired_till (device_id, token_hash, code_hash, idempotency_key,
                                          paired_at)
                 VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (device_id) DO UPDATE
                 SET token_hash = excluded.token_hash, code_hash = excluded.code_hash,
                     idempotency_key = excluded.idempotency_key, paired_at = excluded.paired_at",
                device,
                hash,
                code_hash,
                key,
                at,
            )
            .execute(&mut *connection)
            .await?;
            sqlx::query!("UPDATE login SET ended = 1 WHERE device_id = ?", device)
                .execute(&mut *connection)
                .await?;
            sqlx::query!("DELETE FROM failed_try WHERE device_id = ? AND whose = ?", device, whose)
                .execute(&mut *connection)
                .await?;
            Ok(())
        })
    })
    .await?;
    let mut roll = shared.write_roll();
    roll.tills.retain(|_, till| *till != device_id);
    roll.logins.retain(|_, login| login.device_id != device_id);
    roll.tries.remove(&(device_id, Whose::Till));
    roll.tills.insert(token.hash(), device_id);
    let pairing = Pairing { device_id, code_hash: kept, paired_at: now };
    Ok(Ok((token, pairing)))
}
