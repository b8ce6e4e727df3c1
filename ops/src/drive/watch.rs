//! Hears of numbers as a till does: from its edge's stream of updates. A stream
//! that ends is opened again; what was told in between is found by looking
//! through the tickets.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt};
use schemas::edge_api::Update;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{client::EdgeClient, figures::Numbers};

const REOPEN_AFTER: Duration = Duration::from_millis(200);

/// Starts hearing; ends with `shutdown`.
pub fn hear_numbers(
    edge: EdgeClient,
    numbers: Arc<Numbers>,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let hearing = async {
            loop {
                if let Ok(mut updates) = edge.updates().await {
                    while let Some(update) = updates.next().await {
                        if let Update::InvoiceAssigned { ticket_id, .. } = update {
                            numbers.numbered(ticket_id, Instant::now());
                        }
                    }
                }
                tokio::time::sleep(REOPEN_AFTER).await;
            }
        };
        tokio::select! {
            () = hearing => {}
            () = shutdown.cancelled() => {}
        }
    })
}

/// The numbers of a store's tickets, from the tickets themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbered {
    /// How many tickets have one.
    pub count: u64,
    /// The lowest.
    pub first: Option<u64>,
    /// The highest.
    pub last: Option<u64>,
}

impl Numbered {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            first: self.first.into_iter().chain(other.first).min(),
            last: self.last.max(other.last),
        }
    }
}

/// Looks through all tickets of an edge.
///
/// # Errors
/// If the edge does not list them.
pub async fn numbered(edge: &EdgeClient) -> anyhow::Result<Numbered> {
    let found = edge
        .tickets()
        .try_fold(Numbered::default(), async |found, ticket| {
            let Some(no) = ticket.invoice_no else { return Ok(found) };
            Ok(found.and(Numbered { count: 1, first: Some(no), last: Some(no) }))
        })
        .await?;
    Ok(found)
}
