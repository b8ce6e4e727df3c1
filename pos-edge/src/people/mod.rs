//! Who may use this store's edge: tills that are paired with a one-time code,
//! and people who log in on them with their PIN. All of it works with no line.
//!
//! It guarantees that
//! - what the catalogue in use says of tills and people holds at once, also for
//!   tokens that were given before ([`access`]);
//! - a pairing code works once;
//! - PINs cannot be guessed on a till ([`lockout`]), and how long a refusal
//!   takes does not tell whether a person exists;
//! - what is kept of a token does not let anyone in ([`tokens`]).
//!
//! Pairing, logging in and out, and wrong PINs are `audit.recorded` entries,
//! written in the transaction of what they tell. Decisions are here, storage is
//! the journal's.

pub mod access;
pub mod lockout;
pub mod tokens;

mod log_in;
mod operator;
mod pair;
mod secrets;

use crate::journal::{JournalError, PeopleRefusal};

pub use access::{AccessError, Actor, Caller, Deliverer, NoTill, identify, identify_deliverer};
pub use log_in::log_in;
pub use operator::OperatorToken;
pub use pair::pair;
pub use secrets::SecretChecker;

/// How long a login lasts, in microseconds: 16 hours, longer than any shift.
pub const LOGIN_MICROS: i64 = 16 * 3_600 * 1_000_000;

/// Why a till was not paired or a person not logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// This edge never had a catalogue.
    #[error("this edge has no catalogue yet: it needs its line once, to fetch one")]
    NoCatalogue,
    /// The till may not be used.
    #[error(transparent)]
    Till(#[from] NoTill),
    /// The code is not the one that is out, or none is.
    #[error("this is not the code that is out for this till")]
    WrongCode,
    /// The code is too old.
    #[error("the code that is out for this till has expired; ask for a new one")]
    CodeExpired,
    /// The person and PIN do not belong together.
    #[error("the person or the PIN is wrong")]
    WrongPin,
    /// Too many were wrong.
    #[error("too many wrong tries; nothing can be tried for {} s", seconds(*.wait_micros))]
    Locked {
        /// How long nothing can be tried, in microseconds.
        wait_micros: i64,
    },
    /// The key or the code was used.
    #[error(transparent)]
    Refused(#[from] PeopleRefusal),
}

impl From<JournalError> for PeopleError {
    fn from(error: JournalError) -> Self {
        Self::Refused(error.into())
    }
}

/// Whole seconds, rounded up.
pub fn seconds(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000)
}
