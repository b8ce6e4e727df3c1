//! Facts of a branch that a consumer missed, from the books.

use schemas::{
    BranchId,
    requests::{FactsReplyV1, FactsRequestV1, SkippedPlaces},
    subjects::CentralSubject,
};
use store::{Conn, facts, recovery::refill};

use super::must_be_active;
use crate::{Refusal, center::Center};

/// Bodies in one answer, in bytes; a single larger one is given alone.
pub(crate) const MAX_REPLY_BYTES: u64 = 512 * 1024;

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
    asked: FactsRequestV1,
) -> Result<FactsReplyV1, Refusal> {
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let reply = read(&mut books, subject.branch_id, asked).await?;
    center.commit(books).await?;
    Ok(reply)
}

/// The facts of a branch after a place, within the bounds of one answer.
pub(crate) async fn read(
    books: &mut Conn,
    branch: BranchId,
    asked: FactsRequestV1,
) -> Result<FactsReplyV1, Refusal> {
    let limit = asked.limit.clamp(1, FactsRequestV1::MAX_FACTS);
    let head = facts::head(books, branch).await?;
    // Whoever says to have more than there is has none to come.
    let had = asked.after_fact_seq.min(head);
    let skipped = refill::gap_at(books, branch, had + 1)
        .await?
        .map(|(first, last)| SkippedPlaces { first, last });
    let after = skipped.map_or(had, |skipped| skipped.last);
    let facts = facts::after(books, branch, after, limit, MAX_REPLY_BYTES).await?;
    let facts = facts.into_iter().map(facts::PlacedFact::into_reply).collect::<Result<_, _>>()?;
    Ok(FactsReplyV1 { facts, head, skipped })
}
