//! What a token allows.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the holder of a token may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Scope {
    /// Sell through the direct door, with what belongs to it: sessions, orders, voids.
    #[serde(rename = "sales:write")]
    SalesWrite,
    /// A paired client: tell of sales that it completed while it had no line, which
    /// are booked whatever speaks against them.
    #[serde(rename = "sales:offline")]
    SalesOffline,
    /// Read all that is in the books.
    #[serde(rename = "books:read")]
    BooksRead,
    /// Change policies, the menu, recipes and discounts.
    #[serde(rename = "catalogue:write")]
    CatalogueWrite,
    /// Approve and reject requests to void.
    #[serde(rename = "voids:decide")]
    VoidsDecide,
    /// Change staff and tills.
    #[serde(rename = "staff:write")]
    StaffWrite,
    /// Book receipts and counts of stock.
    #[serde(rename = "stock:write")]
    StockWrite,
    /// Release entries that could not be booked, or give them up.
    #[serde(rename = "quarantine:decide")]
    QuarantineDecide,
}

/// Text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope")]
pub struct BadScope(String);

impl Scope {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SalesWrite,
        Self::SalesOffline,
        Self::BooksRead,
        Self::CatalogueWrite,
        Self::VoidsDecide,
        Self::StaffWrite,
        Self::StockWrite,
        Self::QuarantineDecide,
    ];

    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SalesWrite => "sales:write",
            Self::SalesOffline => "sales:offline",
            Self::BooksRead => "books:read",
            Self::CatalogueWrite => "catalogue:write",
            Self::VoidsDecide => "voids:decide",
            Self::StaffWrite => "staff:write",
            Self::StockWrite => "stock:write",
            Self::QuarantineDecide => "quarantine:decide",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or_else(|| BadScope(text.to_owned()))
    }
}
