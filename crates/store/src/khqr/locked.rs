//! Carts that codes of the direct door lock, at their price, and what a new code
//! of a ticket must know of the one before.

use schemas::{
    Sha256Hash, TenantId, TicketId, Timestamp, catalogue::CatalogueRef, edge_api::Totals,
    events::DeductionLine,
};
use serde::{Deserialize, Serialize};

use crate::{Conn, Error, columns::digest};

/// A cart as it was priced and locked: its sale is sold at these figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedCart {
    /// What makes the sale's cart the same.
    pub cart_hash: Sha256Hash,
    /// When it was priced.
    pub priced_at: Timestamp,
    /// With what.
    pub catalogue: CatalogueRef,
    /// The figures.
    pub totals: Totals,
    /// What it takes from stock.
    pub deductions: Vec<DeductionLine>,
}

impl LockedCart {
    pub(super) fn to_text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::corrupt("khqr_intent.locked", error))
    }
}

/// The newest code of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestCode {
    /// What makes another cart the same.
    pub cart_hash: Sha256Hash,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether a payment of it is known.
    pub paid: bool,
}

/// The cart that a code locks; `None` if there is no such code, or its edge keeps
/// the cart.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn locked_cart(conn: &mut Conn, md5: &str) -> Result<Option<LockedCart>, Error> {
    let text = sqlx::query_scalar!("SELECT locked::text FROM khqr_intent WHERE md5 = $1", md5)
        .fetch_optional(conn)
        .await?;
    text.flatten()
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::corrupt("khqr_intent.locked", error))
}

/// The newest code of a ticket. Whoever is to write the next one holds
/// [`super::lock_ticket`].
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn newest_of_ticket(
    conn: &mut Conn,
    tenant: TenantId,
    ticket: &TicketId,
) -> Result<Option<NewestCode>, Error> {
    sqlx::query!(
        r#"SELECT cart_hash, created_at, paid_hash IS NOT NULL AS "paid!" FROM khqr_intent
           WHERE tenant_id = $1 AND ticket_id = $2 ORDER BY created_at DESC LIMIT 1"#,
        tenant.as_uuid(),
        ticket.as_str(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(NewestCode {
            cart_hash: digest("khqr_intent.cart_hash", &row.cart_hash)?,
            created_at: row.created_at.into(),
            paid: row.paid,
        })
    })
    .transpose()
}
