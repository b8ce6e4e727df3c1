//! One store lives through its data: its days begin and end, it sells, and its
//! line goes and comes.

use std::sync::Arc;

use anyhow::Context;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{data_time::DataTime, schedule::Step, speed::Speed, stores::OpenStore, till::Tills};

/// When the replay began, in our time and in the data's.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    /// Ours.
    pub at: Instant,
    /// The data's.
    pub data: DataTime,
}

/// Runs the store's steps in their order. As many sales are under way at a time as
/// there are tills; none is when a day ends; at full speed the line changes only
/// when none is, so that what the data has before a change was sold before it.
///
/// # Errors
/// If a drawer cannot be opened or closed, or a sale's task panics. Sales that
/// were refused are counted by the tills.
pub async fn replay(
    store: &OpenStore,
    tills: Arc<Tills>,
    steps: Vec<(DataTime, Step)>,
    speed: Speed,
    beginning: Beginning,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let mut selling = JoinSet::new();
    for (at, step) in steps {
        let due = speed.pause(at.since(beginning.data)).map(|pause| beginning.at + pause);
        tokio::select! {
            () = wait_until(due) => {}
            () = shutdown.cancelled() => break,
        }
        match step {
            Step::Sell(receipt) => {
                let till = tills.till_for(&receipt).await?;
                let tills = tills.clone();
                selling.spawn(async move { tills.sell(&receipt, till).await });
                while let Some(sold) = selling.try_join_next() {
                    sold.context("a till broke down")?;
                }
            }
            Step::Cut | Step::Restore => {
                if due.is_none() {
                    finish(&mut selling).await?;
                }
                if step == Step::Cut {
                    tills.cut(&store.line).await;
                } else {
                    tills.restore(&store.line).await;
                }
            }
            Step::Open(staff) => tills.open_day(at, &staff).await?,
            Step::Close => {
                finish(&mut selling).await?;
                tills.close_day().await?;
            }
        }
    }
    finish(&mut selling).await
}

async fn wait_until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

async fn finish(selling: &mut JoinSet<()>) -> anyhow::Result<()> {
    while let Some(sold) = selling.join_next().await {
        sold.context("a till broke down")?;
    }
    Ok(())
}
