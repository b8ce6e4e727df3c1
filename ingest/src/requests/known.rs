//! Which entries of another journal, and which tickets, the books have: what an edge
//! that imports must not take again.

use schemas::{
    requests::{KnownReplyV1, KnownRequestV1, KnownTicket},
    subjects::CentralSubject,
};
use store::{adoptions, tickets};

use super::must_be_active;
use crate::{Refusal, center::Center};

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
    asked: &KnownRequestV1,
) -> Result<KnownReplyV1, Refusal> {
    if asked.entries.len().max(asked.tickets.len()) > KnownRequestV1::MAX {
        return Err(Refusal::BadParameter(format!(
            "at most {} entries and tickets are asked for at once",
            KnownRequestV1::MAX
        )));
    }
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let entries = adoptions::archived(&mut books, asked.edge_id, &asked.entries).await?;
    let keys: Vec<_> = asked.tickets.iter().map(|ticket| (subject.tenant_id, ticket)).collect();
    let known = tickets::read(&mut books, &keys).await?;
    center.commit(books).await?;
    let tickets = known.into_iter().map(|ticket| KnownTicket {
        ticket_id: ticket.ticket_id,
        request_hash: ticket.payload_hash,
        edge_id: ticket.edge_id,
        seq: ticket.entry_seq,
    });
    Ok(KnownReplyV1 { entries, tickets: tickets.collect() })
}
