//! A sale that came after the close of its session: a supplement to the Z
//! report, which stands.

use schemas::events::LateSale;

use super::book;
use crate::journal::{
    captures::{Captured, NewLateSale},
    desk::Desk,
    error::Refusal,
    held,
    pruned::Key,
    sessions, tickets,
};

/// Captures a late sale under the next number of its session's supplements.
pub(in crate::journal) async fn late_sale(
    desk: &mut Desk<'_>,
    late: &NewLateSale,
) -> Result<Captured, Refusal> {
    let sale = &late.sale;
    match tickets::sale(desk.connection, sale.ticket_id.clone()).await? {
        Some((hash, payload)) if hash == sale.request_hash => {
            return Ok(Captured { payload, replayed: true });
        }
        Some(_) => return Err(Refusal::KeyConflict),
        None => {}
    }
    if let Some(pruned) = desk.pruned(Key::Ticket(sale.ticket_id.as_str())).await? {
        return Err(pruned.refusal(sale.request_hash));
    }
    held::refuse(desk.connection, &sale.ticket_id, sale.request_hash).await?;
    desk.may_write()?;
    desk.has_room(sale.method)?;
    let id = sale.cash_session_id;
    let no_session = |why: &str| Refusal::NoOpenSession(format!("cash session {id} {why}"));
    let session = sessions::find(desk.connection, id)
        .await?
        .ok_or_else(|| no_session("is not one of this store"))?;
    let Some(closed_at) = session.closed_at else {
        return Err(no_session("is open: the sale is no late one"));
    };
    if session.session.device_id != sale.device_id {
        return Err(no_session("was another till's"));
    }
    if !(session.session.opened_at..=closed_at).contains(&sale.finalized_at) {
        return Err(no_session("was not open when the sale was completed"));
    }
    let supplement_no = session.supplements.saturating_add(1);
    let mut event = late.event.clone();
    event.late = Some(LateSale { supplement_no, received_at: desk.now });
    Ok(book(desk, &event, id).await?.into())
}
