//! What back offices read of a store, page by page and by an index each, and what
//! they write that no edge's entry tells.

mod deeds;
mod oddities;
mod quarantine;
mod registers;
mod reports;
mod sales;
mod sessions;
mod stock;
mod voids;

use schemas::Timestamp;
use uuid::Uuid;

pub use deeds::{Deed, record};
pub use oddities::{audit, exceptions};
pub use quarantine::{QuarantineFilter, quarantined};
pub use registers::{series, series_of};
pub use reports::{
    Days, by_category, by_day, by_item, by_method, company, is_time_zone, set_time_zone,
};
pub use sales::{sales, ticket, tickets};
pub use sessions::z_reports;
pub use stock::{insert_stock_rows, stock_journal, stock_levels};
pub use voids::void_requests;

/// A place in a list that is in the order of time, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The time of a row.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// Which rows of such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// None before this.
    pub from: Timestamp,
    /// None at this or later.
    pub to: Timestamp,
    /// Only those after this place of the list.
    pub after: Place,
    /// At most so many.
    pub limit: u32,
}
