//! Bakong, the National Bank of Cambodia's payment system: was a KHQR code paid?
//!
//! What is guaranteed:
//! - Only Bakong's own words make a payment: [`Check::Paid`] needs its success code
//!   and a transaction's hash, [`Check::NotFound`] its code for "not found". All
//!   else, from a timeout to a page of HTML, is [`Check::Unknown`] and says why;
//!   nothing unknown is ever read as unpaid.
//! - A check changes nothing at Bakong, but a tenant has about a hundred a day, so
//!   it is not repeated once a request may have arrived. Repeated are only
//!   connections that were not made, and one check whose token was refused, after
//!   the token was renewed.
//! - Every request that may arrive is counted in the [`Budget`] first; with none
//!   left nobody is asked.
//! - A check ends within the settings' time, whatever the other side does.
//! - Neither token nor e-mail address shows in errors, logs or `{:?}`. They are
//!   sent over TLS only, or to this machine.
//!
//! [`matches()`] decides whether a payment is the one that was asked for. A renewed
//! token lives in memory: after a restart that of the settings is tried again. The
//! budget is kept by whoever counts ([`BakongClient::counted_by`]).
//!
//! Source: NBC, *Bakong Open API Document*: `POST /v1/check_transaction_by_md5` and
//! `POST /v1/renew_token`.

mod budget;
mod check;
mod matching;
mod settings;

mod client;

mod answer;
mod transport;

pub(crate) use budget::day_of;
pub use budget::{Budget, BudgetSpent, DailyBudget, MemoryBudget, NoCheck};
pub use check::{Check, Paid, Why};
pub use client::BakongClient;
pub use matching::{Aspect, Expected, Mismatch, matches};
pub use settings::{Settings, SettingsError};
