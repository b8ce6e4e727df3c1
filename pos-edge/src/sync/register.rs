//! Tells the centre which register rows of the branch this journal holds, when its
//! books were restored from an older backup and ask for them: numbers that were issued
//! come back as they were. Rows that are told twice are kept once there, and what is
//! not told now is asked for again by the next heartbeat's answer.

use std::time::Duration;

use bus::BusError;
use schemas::{
    requests::{MappingRequestV1, RegisterRowsReplyV1, RegisterRowsV1},
    subjects::CentralRequest,
};

use super::{Edge, heartbeat::Failure};

/// How long the answer to a page may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Pages between two heartbeats: those must go on.
const MAX_PAGES: u32 = 20;

/// Tells the rows after `after`, page by page.
pub(super) async fn tell(edge: &Edge, mut after: u64) -> Result<(), Failure> {
    for _ in 0..MAX_PAGES {
        let rows = edge.journal.register_rows(after, MappingRequestV1::MAX_ROWS).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let told = rows.len();
        let subject = edge.central(CentralRequest::Register);
        let reply: Result<RegisterRowsReplyV1, BusError> =
            bus::requests::request(&edge.bus, subject, &RegisterRowsV1 { rows }, ANSWER_WITHIN)
                .await;
        let next = match reply {
            Ok(reply) => reply.register_after,
            Err(error) => {
                tracing::warn!(%error, "register rows were not told; the centre asks again");
                return Ok(());
            }
        };
        tracing::info!(rows = told, after, "told the centre register rows that its books lost");
        if next <= after {
            return Ok(());
        }
        after = next;
    }
    Ok(())
}
