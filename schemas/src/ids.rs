//! The registry of ids: one newtype for each thing that has one, so that a
//! branch can never be passed where a tenant is meant.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Text that is not the id it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not valid: {why}")]
pub struct InvalidId {
    /// The type that refused, e.g. `TicketId`.
    pub what: &'static str,
    /// Why, in words for the person who sent it.
    pub why: String,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID as this kind of id.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself, for storage.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// The id that always belongs to `name` within `namespace` (UUID v5):
            /// the same cause gives the same id on every replay.
            pub fn derived(namespace: Uuid, name: &str) -> Self {
                Self(Uuid::new_v5(&namespace, name.as_bytes()))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|error| InvalidId {
                    what: stringify!($name),
                    why: error.to_string(),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )+};
}

uuid_ids! {
    /// A company: owner of branches, of the catalogue and of invoice series.
    TenantId,
    /// One store of a company.
    BranchId,
    /// One epoch of a branch's edge daemon. A replaced box gets a new one, so
    /// `(edge, seq)` names a journal entry for good.
    EdgeId,
    /// A till: a tablet, phone or laptop that sells.
    DeviceId,
    /// A member of staff.
    StaffId,
    /// A cash session: one person at one drawer, from float to count.
    CashSessionId,
    /// A customer known by name.
    CustomerId,
    /// A sale.
    SaleId,
    /// The kitchen's order of a sale.
    OrderId,
    /// An item of the menu.
    MenuItemId,
    /// A category of the menu.
    CategoryId,
    /// An add-on of a menu item.
    AddOnId,
    /// A discount rule.
    DiscountId,
    /// A stock item: what recipes use up.
    StockItemId,
    /// A movement of money in or out of a drawer.
    CashMovementId,
    /// A request to undo a sale.
    VoidRequestId,
    /// A command of the centre's to an edge.
    CommandId,
    /// A cart that is not sold yet.
    DraftId,
    /// Something that somebody should notice.
    NotificationId,
    /// An invoice: derived from series and number, so that it can be rebuilt.
    InvoiceId,
    /// A series of invoice numbers, gapless by itself.
    SeriesId,
    /// Something that was booked but that a person should look at.
    ExceptionId,
    /// A token of a program that calls the centre's HTTP API.
    TokenId,
    /// A back office's decision about an entry in quarantine.
    DecisionId,
}

/// The idempotency key of a sale: 1 to 128 visible ASCII characters
/// (`!` to `~`), unique within a tenant. The ones tillstream mints look like
/// `pos-<unix ms>-<random>`; foreign ones are taken as they are.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[!-~]{1,128}$"))]
#[schema(value_type = String, min_length = 1, max_length = 128, pattern = "^[!-~]{1,128}$")]
pub struct TicketId(String);

impl TicketId {
    /// The longest ticket id taken, in characters.
    pub const MAX_LEN: usize = 128;

    /// Checks `text` and takes it as a ticket id.
    ///
    /// # Errors
    /// [`InvalidId`] if it is empty, longer than [`Self::MAX_LEN`], or holds
    /// anything but visible ASCII.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        let invalid = |why: &str| InvalidId { what: "ticket id", why: why.to_owned() };
        if text.is_empty() {
            return Err(invalid("it is empty"));
        }
        if text.len() > Self::MAX_LEN {
            return Err(invalid("it is longer than 128 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("only visible ASCII characters are allowed"));
        }
        Ok(Self(text))
    }

    /// Mints `pos-<unix ms>-<20 hex digits>`: 80 random bits.
    pub fn mint(now: crate::Timestamp, random: [u8; 10]) -> Self {
        Self(format!("pos-{}-{}", now.unix_millis(), hex::encode(random)))
    }

    /// The ticket as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TicketId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl FromStr for TicketId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<TicketId> for String {
    fn from(ticket: TicketId) -> Self {
        ticket.0
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({})", self.0)
    }
}
