//! A sale that is written down at the desk, with all that the store reads of it.

use schemas::{CashSessionId, EntryKind, edge_api::Update, events::SaleFinalizedV1};

use crate::journal::{
    captures::NewSale,
    columns::place_in,
    desk::{Desk, Written},
    error::Refusal,
    insert::{NewRows, insert},
    stock, tickets,
};

/// Appends a sale to the journal and to the lists of its session. `event.late` says
/// which supplement to its session's Z report it is, if it is one.
pub(in crate::journal) async fn book(
    desk: &mut Desk<'_>,
    event: &SaleFinalizedV1,
    cash_session_id: CashSessionId,
) -> Result<Written, Refusal> {
    let new = NewSale::of(event, cash_session_id);
    let supplement = event.late.map(|late| late.supplement_no);
    let written = desk.append(EntryKind::SaleFinalized, event).await?;
    let sale_no = desk.captured + 1;
    let place = (place_in(written.seq), written.hash);
    let row = tickets::Insert::of(&new, place, sale_no, supplement)?;
    let taken: Vec<stock::Sold> = stock::taken(&new.stock, written.seq).collect();
    insert(desk.connection, NewRows { entries: &[], tickets: &[row], sold: &taken }).await?;
    desk.captured = sale_no;
    if let Some(number) = supplement {
        let (number, session) = (i64::from(number), cash_session_id.as_uuid());
        sqlx::query!(
            "UPDATE cash_session SET supplements = ? WHERE cash_session_id = ?",
            number,
            session,
        )
        .execute(&mut *desk.connection)
        .await?;
    }
    desk.tell(written.seq, Update::SaleCaptured { ticket_id: event.ticket_id.clone() });
    Ok(written)
}
