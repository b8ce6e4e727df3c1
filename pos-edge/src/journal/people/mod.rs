//! Paired tills, logins and wrong tries. All of it is also kept in memory: each
//! request looks up its token there.

mod logins;
mod pairings;
mod tries;

use std::collections::HashMap;

use schemas::{
    DeviceId, EntryKind, Sha256Hash, StaffId, Timestamp,
    events::{AuditAction, AuditRecordedV1},
};
use sqlx::SqliteConnection;

use super::{
    append::NewEntry,
    columns::{hash_out, uuid_out},
    error::JournalError,
    state::Shared,
};
use crate::people::{lockout::Tries, tokens::TokenSecret};

pub use logins::NewLogin;
pub use pairings::{NewPairing, Pairing};

pub(super) use logins::{log_in, log_out};
pub(super) use pairings::{code_was_used, pair, pairing_by_key};
pub(super) use tries::record_failure;

/// Someone who is logged in on a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The till.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: StaffId,
    /// The hash of the PIN they gave: with another PIN they are logged out.
    pub pin_hash: String,
    /// When.
    pub logged_in_at: Timestamp,
    /// Until when it is good (exclusive).
    pub expires_at: Timestamp,
}

/// Whose token was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearer {
    /// A till's own.
    Till(DeviceId),
    /// A person's, on a till.
    Person(Login),
}

/// Whose PIN or code is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A person's who has one.
    Person(StaffId),
    /// Nobody's: of someone who does not exist or may not log in.
    Nobody,
    /// The till's pairing code.
    Till,
}

impl Whose {
    /// As a column: the ids of nobody and of the till are no version of UUID
    /// that is ever given to a person.
    fn uuid(self) -> uuid::Uuid {
        match self {
            Self::Person(staff) => staff.as_uuid(),
            Self::Nobody => uuid::Uuid::nil(),
            Self::Till => uuid::Uuid::max(),
        }
    }

    fn of(id: uuid::Uuid) -> Self {
        match id {
            id if id.is_nil() => Self::Nobody,
            id if id.is_max() => Self::Till,
            id => Self::Person(id.into()),
        }
    }
}

/// Who may use this edge, in memory.
#[derive(Debug, Default)]
pub(super) struct Roll {
    secret: Option<TokenSecret>,
    tills: HashMap<Sha256Hash, DeviceId>,
    logins: HashMap<Sha256Hash, Login>,
    tries: HashMap<(DeviceId, Whose), Tries>,
}

/// Why a pairing or login was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleRefusal {
    /// The idempotency key was used for something else.
    #[error("this idempotency key was used with another request")]
    KeyConflict,
    /// The code was used before.
    #[error("this pairing code was used already; ask for a new one")]
    CodeUsed,
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Shared {
    pub(super) fn bearer(&self, token: Sha256Hash) -> Option<Bearer> {
        let roll = self.read_roll();
        roll.logins
            .get(&token)
            .map(|login| Bearer::Person(login.clone()))
            .or_else(|| roll.tills.get(&token).map(|device| Bearer::Till(*device)))
    }

    fn secret(&self) -> Result<TokenSecret, JournalError> {
        let missing = || JournalError::Storage("the secret of tokens is missing".to_owned());
        self.read_roll().secret.clone().ok_or_else(missing)
    }

    /// An entry for the audit log, now.
    pub(super) fn audit(
        &self,
        action: AuditAction,
        device: DeviceId,
        actor: Option<StaffId>,
        detail: Option<String>,
    ) -> Result<NewEntry, JournalError> {
        audit_entry(&AuditRecordedV1 {
            tenant_id: self.identity.tenant_id,
            branch_id: self.identity.branch_id,
            edge_id: self.identity.edge_id,
            action,
            device_id: Some(device),
            actor_id: actor,
            cash_session_id: None,
            draft: None,
            detail,
            at: self.clock.now(),
        })
    }
}

/// An `audit.recorded` entry.
pub(super) fn audit_entry(event: &AuditRecordedV1) -> Result<NewEntry, JournalError> {
    let payload =
        serde_json::to_vec(event).map_err(|error| JournalError::Storage(error.to_string()))?;
    Ok(NewEntry { kind: EntryKind::AuditRecorded, payload })
}

/// Reads everything into memory. Tries that are being made now are not lost:
/// whatever was counted more is kept.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    shared: &Shared,
) -> Result<(), JournalError> {
    let secret =
        sqlx::query_scalar!("SELECT secret FROM token_secret").fetch_one(&mut *connection).await?;
    let tills = sqlx::query!("SELECT token_hash, device_id FROM paired_till")
        .fetch_all(&mut *connection)
        .await?;
    let logins = sqlx::query!(
        "SELECT token_hash, device_id, staff_id, pin_hash, logged_in_at, expires_at
         FROM login WHERE ended = 0"
    )
    .fetch_all(&mut *connection)
    .await?;
    let tries = sqlx::query!("SELECT device_id, whose, failures, last_at FROM failed_try")
        .fetch_all(&mut *connection)
        .await?;
    let mut roll =
        Roll { secret: Some(TokenSecret::new(*hash_out(&secret)?.as_bytes())), ..Roll::default() };
    for row in tills {
        roll.tills.insert(hash_out(&row.token_hash)?, uuid_out(&row.device_id)?.into());
    }
    for row in logins {
        let login = Login {
            device_id: uuid_out(&row.device_id)?.into(),
            staff_id: uuid_out(&row.staff_id)?.into(),
            pin_hash: row.pin_hash,
            logged_in_at: Timestamp::from_unix_micros(row.logged_in_at),
            expires_at: Timestamp::from_unix_micros(row.expires_at),
        };
        roll.logins.insert(hash_out(&row.token_hash)?, login);
    }
    for row in tries {
        let of = (uuid_out(&row.device_id)?.into(), Whose::of(uuid_out(&row.whose)?));
        let last_at = Timestamp::from_unix_micros(row.last_at);
        let failures = u32::try_from(row.failures).unwrap_or(u32::MAX);
        roll.tries.insert(of, Tries { failures, last_at });
    }
    let mut held = shared.write_roll();
    for (of, tries) in std::mem::take(&mut held.tries) {
        let stored = roll.tries.entry(of).or_insert(tries);
        if tries.failures > stored.failures {
            *stored = tries;
        }
    }
    *held = roll;
    Ok(())
}
