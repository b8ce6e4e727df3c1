//! Register rows that an edge holds and books that were restored from an older backup
//! do not: kept as they are told, until `tillstream recover` has weighed them. Told
//! twice, they are kept once.

use schemas::{
    requests::{MappingRequestV1, RegisterRowsReplyV1, RegisterRowsV1},
    subjects::CentralSubject,
};
use store::{
    Conn, invoices,
    recovery::{self, witnesses},
};

use super::must_be_active;
use crate::{Refusal, center::Center};

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
    mut told: RegisterRowsV1,
) -> Result<RegisterRowsReplyV1, Refusal> {
    let (tenant, branch) = (subject.tenant_id, subject.branch_id);
    told.rows.truncate(MappingRequestV1::MAX_ROWS as usize);
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let head = invoices::mapping_head(&mut books, branch).await?;
    let asked = wanted_after(&mut books, subject, head).await?;
    if asked.is_some() {
        // What is not what it says proves nothing.
        told.rows.retain(|row| {
            let ours = (row.tenant_id, row.branch_id) == (tenant, branch);
            ours && domain::invoice_chain::invoice_hash(row) == row.hash
        });
        witnesses::keep(&mut books, &subject.edge_id.to_string(), &told.rows).await?;
    }
    let register_after = wanted_after(&mut books, subject, head).await?.unwrap_or(u64::MAX);
    center.commit(books).await?;
    Ok(RegisterRowsReplyV1 { register_after })
}

/// After which `mapping_seq` the books want to know an edge's rows; `None` if they do
/// not ask.
pub(super) async fn wanted_after(
    books: &mut Conn,
    subject: CentralSubject,
    mapping_head: u64,
) -> Result<Option<u64>, Refusal> {
    if recovery::must_wait(books, subject.tenant_id).await?.is_none() {
        return Ok(None);
    }
    let told = witnesses::told_up_to(books, subject.branch_id, subject.edge_id).await?;
    Ok(Some(told.max(mapping_head)))
}
