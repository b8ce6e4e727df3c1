//! The invoices of its branch that an edge has not heard of, from the register
//! itself.

use schemas::{
    requests::{MappingReplyV1, MappingRequestV1},
    subjects::CentralSubject,
};
use store::invoices;

use super::must_be_active;
use crate::{Refusal, center::Center};

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
    asked: MappingRequestV1,
) -> Result<MappingReplyV1, Refusal> {
    let branch = subject.branch_id;
    let limit = asked.limit.clamp(1, MappingRequestV1::MAX_ROWS);
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    // The head first: rows that come meanwhile are beyond it, never missing
    // below it.
    let head = invoices::mapping_head(&mut books, branch).await?;
    let rows =
        invoices::after_mapping_seq(&mut books, branch, asked.after_mapping_seq, limit).await?;
    center.commit(books).await?;
    Ok(MappingReplyV1 { rows, head })
}
