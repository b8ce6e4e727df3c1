//! Is anything stuck? What waited when we came must be gone before long; if the
//! books are said to be settled, everything must.

use std::time::Duration;

use anyhow::Context;
use store::{
    Pool,
    verify::{self, Check, Mark},
};
use tokio::time::Instant;

use super::Strictness;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Watches what waits until it is gone or has waited for too long.
pub(super) async fn check(pool: &Pool, strictness: Strictness) -> anyhow::Result<Check> {
    let promise = if strictness.settled {
        "nothing waits in the outbox, for a number or to be published"
    } else {
        "nothing is stuck in the outbox, without a number or unpublished"
    };
    let mut conn = pool.acquire().await.context("the books cannot be reached")?;
    let mark = if strictness.settled { Mark::END } else { verify::mark(&mut conn).await? };
    let begin = Instant::now();
    let waiting = loop {
        let waiting = verify::waiting_since(&mut conn, &mark).await?;
        let frozen_only = waiting.numbering > 0 && waiting.numbering == waiting.frozen;
        if waiting.is_nothing() || frozen_only || begin.elapsed() >= strictness.stuck_after {
            break waiting;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let waited = strictness.stuck_after.as_secs();
    let mut check = Check::new("waiting", promise)
        .counting("in the outbox", waiting.outbox)
        .counting("without a number", waiting.numbering)
        .counting("unpublished", waiting.unpublished);
    if waiting.outbox > 0 {
        check.wrong(|| format!("{} facts are in the outbox after {waited} s", waiting.outbox));
    }
    if waiting.frozen > 0 {
        check.wrong(|| format!("{} sales wait for a series that is frozen", waiting.frozen));
    }
    if waiting.numbering > waiting.frozen {
        let others = waiting.numbering - waiting.frozen;
        check.wrong(|| format!("{others} sales have no number after {waited} s"));
    }
    if waiting.unpublished > 0 {
        check.wrong(|| format!("{} facts are unpublished after {waited} s", waiting.unpublished));
    }
    Ok(check)
}
