//! What the books have of a branch's former edges, for the one that replaces them.
//!
//! The first answer seals the former edges, in a transaction of its own: what of them is
//! not booked by then is booked by an import only. So every page tells of the same, and
//! an edge that was killed asks from the beginning.

use schemas::{
    events::FormerEdge,
    requests::{AdoptPart, AdoptPlace, AdoptReplyV1, AdoptRequestV1},
    subjects::CentralSubject,
};
use store::adoptions::{self, Page};

use super::must_be_active;
use crate::{Refusal, center::Center};

/// Rows in one answer. An entry with all its escapes is far below a hundredth of what
/// the broker takes in one message.
const ROWS: u32 = 50;
/// Payload in one answer, in bytes, after which the rest of a page is left for the next.
const PAYLOAD_BYTES: usize = 512 * 1024;

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
    asked: AdoptRequestV1,
) -> Result<AdoptReplyV1, Refusal> {
    let former = seal(center, subject).await?;
    let branch = subject.branch_id;
    let mut books = center.begin().await?;
    let begin = adoptions::begin(&mut books, branch, asked.since).await?;
    let place = asked.place.unwrap_or(AdoptPlace { part: AdoptPart::Sessions, after: 0 });
    let page = Page { branch, begin, after: place.after, limit: ROWS };
    let mut reply = AdoptReplyV1 {
        former,
        sessions: Vec::new(),
        sales: Vec::new(),
        online_orders: Vec::new(),
        voids: Vec::new(),
        movements: Vec::new(),
        next: None,
    };
    let given = match place.part {
        AdoptPart::Sessions => {
            let rows = adoptions::sessions(&mut books, page).await?;
            reply.sessions = fitting(rows, |row| {
                row.closed.as_ref().map_or(0, |entry| entry.payload.get().len())
            });
            reply.sessions.len()
        }
        AdoptPart::Sales => {
            let rows = adoptions::sales(&mut books, page).await?;
            reply.sales = fitting(rows, |row| row.entry.payload.get().len());
            reply.sales.len()
        }
        AdoptPart::OnlineOrders => {
            let rows = adoptions::online_orders(&mut books, page).await?;
            reply.online_orders = fitting(rows, |row| row.entry.payload.get().len());
            reply.online_orders.len()
        }
        AdoptPart::Voids => {
            let rows = adoptions::voids(&mut books, page).await?;
            reply.voids = fitting(rows, |entry| entry.payload.get().len());
            reply.voids.len()
        }
        AdoptPart::Movements => {
            let rows = adoptions::movements(&mut books, page).await?;
            reply.movements = fitting(rows, |entry| entry.payload.get().len());
            reply.movements.len()
        }
    };
    center.commit(books).await?;
    reply.next = next(place, given);
    Ok(reply)
}

/// The former edges, sealed.
async fn seal(center: &Center, subject: CentralSubject) -> Result<Vec<FormerEdge>, Refusal> {
    let CentralSubject { tenant_id, branch_id, edge_id, .. } = subject;
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let (former, sealed) = adoptions::former(&mut books, branch_id, edge_id).await?;
    center.commit(books).await?;
    if sealed {
        return Ok(former);
    }
    for edge in &former {
        if !center.drains.is_done(tenant_id, branch_id, edge.edge_id).await? {
            return Err(Refusal::StillArriving);
        }
    }
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let (former, _) = adoptions::former(&mut books, branch_id, edge_id).await?;
    let edges: Vec<_> = former.iter().map(|edge| edge.edge_id).collect();
    let why = format!(
        "it was replaced by edge {edge_id}: what is only on its disk is imported \
         (tillstream journal export, tillstream journal import)"
    );
    adoptions::seal(&mut books, &edges, &why, center.now()).await?;
    center.commit(books).await?;
    Ok(former)
}

/// The first rows, as far as a message goes.
fn fitting<T>(rows: Vec<T>, bytes_of: impl Fn(&T) -> usize) -> Vec<T> {
    let mut bytes = 0;
    rows.into_iter()
        .enumerate()
        .take_while(|(place, row)| {
            bytes += bytes_of(row);
            *place == 0 || bytes <= PAYLOAD_BYTES
        })
        .map(|(_, row)| row)
        .collect()
}

fn next(place: AdoptPlace, given: usize) -> Option<AdoptPlace> {
    if given > 0 {
        return Some(AdoptPlace { after: place.after.saturating_add(given as u64), ..place });
    }
    let part = match place.part {
        AdoptPart::Sessions => AdoptPart::Sales,
        AdoptPart::Sales => AdoptPart::OnlineOrders,
        AdoptPart::OnlineOrders => AdoptPart::Voids,
        AdoptPart::Voids => AdoptPart::Movements,
        AdoptPart::Movements => return None,
    };
    Some(AdoptPlace { part, after: 0 })
}
