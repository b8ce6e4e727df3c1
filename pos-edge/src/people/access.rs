//! Whose request this is. The token says who they were; the catalogue in use
//! says what they may still do.

use domain::catalogue::CatalogueIndex;
use schemas::{DeviceId, Sha256Hash, StaffId, Timestamp, catalogue::StaffRole, edge_api::HeldWhy};

use super::{OperatorToken, tokens};
use crate::journal::{Bearer, Journal, Login};

/// A person who is logged in on a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The till.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: StaffId,
    /// Their name, as the catalogue in use has it.
    pub staff_name: String,
    /// What they may do, as the catalogue in use has it.
    pub role: StaffRole,
    /// The SHA-256 of the token they sent.
    pub session_token: Sha256Hash,
    /// Until when they stay logged in (exclusive).
    pub expires_at: Timestamp,
}

/// Whose token a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A paired till's own.
    Till(DeviceId),
    /// A person's, on a paired till.
    Person(Actor),
    /// That of the tools of whoever keeps this box.
    Operator,
}

impl Caller {
    /// The till, if it is one.
    pub const fn device_id(&self) -> Option<DeviceId> {
        match self {
            Self::Till(device) => Some(*device),
            Self::Person(actor) => Some(actor.device_id),
            Self::Operator => None,
        }
    }
}

/// Why a token lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is none, it is unknown here, it has ended, or the person is gone.
    #[error("{0}")]
    NotLoggedIn(&'static str),
    /// The till may not be used.
    #[error(transparent)]
    Till(#[from] NoTill),
    /// Nobody can be let in yet.
    #[error("this edge has no catalogue yet: it needs its line once, to fetch one")]
    NoCatalogue,
}

/// Why a till may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTill {
    /// It is not one of this branch, or not any more.
    #[error("till {0} is not in this branch's catalogue")]
    Unknown(DeviceId),
    /// It was revoked.
    #[error("till {0} may no longer be used")]
    Revoked(DeviceId),
}

/// Whose token this is, now.
///
/// # Errors
/// [`AccessError`].
pub fn identify(
    journal: &Journal,
    operator: Option<OperatorToken>,
    token: Option<&str>,
) -> Result<Caller, AccessError> {
    let token = token.ok_or(AccessError::NotLoggedIn("send Authorization: Bearer with a token"))?;
    let unknown = AccessError::NotLoggedIn("this token is not known here; log in again");
    let hash = tokens::hash_of(token).ok_or_else(|| unknown.clone())?;
    if operator.is_some_and(|operator| operator.is(hash)) {
        return Ok(Caller::Operator);
    }
    let bearer = journal.bearer(hash).ok_or(unknown)?;
    let catalogue = journal.catalogue().borrow().clone().ok_or(AccessError::NoCatalogue)?;
    admit(bearer, hash, &catalogue.index, journal.now())
}

/// Who brings a sale that a till completed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deliverer {
    /// A till that may sell: with its own token, or with that of a person who is or was
    /// logged in there. The sale is its till's, whoever is there by now.
    Till(DeviceId),
    /// Anyone else, and why they may not sell.
    Stranger(HeldWhy),
}

/// Who brings a sale that a till completed by itself.
///
/// # Errors
/// [`AccessError`] if there is no token at all, or no catalogue yet.
pub fn identify_deliverer(
    journal: &Journal,
    token: Option<&str>,
) -> Result<Deliverer, AccessError> {
    let token = token.ok_or(AccessError::NotLoggedIn("send Authorization: Bearer with a token"))?;
    let catalogue = journal.catalogue().borrow().clone().ok_or(AccessError::NoCatalogue)?;
    let bearer = tokens::hash_of(token).and_then(|hash| journal.bearer(hash));
    let device = match bearer {
        Some(Bearer::Till(device)) => device,
        Some(Bearer::Person(login)) => login.device_id,
        None => return Ok(Deliverer::Stranger(HeldWhy::TokenUnknown)),
    };
    Ok(match check_till(device, &catalogue.index) {
        Ok(()) => Deliverer::Till(device),
        Err(NoTill::Revoked(_)) => Deliverer::Stranger(HeldWhy::DeviceRevoked),
        Err(NoTill::Unknown(_)) => Deliverer::Stranger(HeldWhy::DeviceUnknown),
    })
}

/// What the catalogue lets the bearer of a token be.
fn admit(
    bearer: Bearer,
    token: Sha256Hash,
    catalogue: &CatalogueIndex,
    now: Timestamp,
) -> Result<Caller, AccessError> {
    match bearer {
        Bearer::Till(device) => {
            check_till(device, catalogue)?;
            Ok(Caller::Till(device))
        }
        Bearer::Person(login) => {
            check_till(login.device_id, catalogue)?;
            person(login, token, catalogue, now).map(Caller::Person)
        }
    }
}

/// Whether a till may be used.
pub(super) fn check_till(device: DeviceId, catalogue: &CatalogueIndex) -> Result<(), NoTill> {
    match catalogue.device(device) {
        None => Err(NoTill::Unknown(device)),
        Some(till) if till.revoked => Err(NoTill::Revoked(device)),
        Some(_) => Ok(()),
    }
}

fn person(
    login: Login,
    token: Sha256Hash,
    catalogue: &CatalogueIndex,
    now: Timestamp,
) -> Result<Actor, AccessError> {
    if now >= login.expires_at {
        return Err(AccessError::NotLoggedIn("the login has expired; log in again"));
    }
    let member = catalogue
        .staff_member(login.staff_id)
        .ok_or(AccessError::NotLoggedIn("you are not on the staff of this branch any more"))?;
    if member.pin_hash.as_ref() != Some(&login.pin_hash) {
        return Err(AccessError::NotLoggedIn("your PIN was changed; log in again"));
    }
    Ok(Actor {
        device_id: login.device_id,
        staff_id: login.staff_id,
        staff_name: member.name.clone(),
        role: member.role,
        session_token: token,
        expires_at: login.expires_at,
    })
}
