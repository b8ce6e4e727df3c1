//! Hears at once that the centre has something for this store, such as an online
//! order, and asks for it by a heartbeat. A notice that is lost costs the time to the
//! next heartbeat and nothing else.

use std::sync::Arc;

use schemas::subjects;

use super::{Edge, board::Part};

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let subject = subjects::wake_edge(edge.journal.identity().edge_id);
    let mut notices = bus::notices::subscribe(&edge.bus, &subject).await?;
    edge.board.tell_error(Part::Wakes, None);
    while notices.next().await.is_some() {
        edge.board.ask.notify_one();
    }
    anyhow::bail!("the notices ended")
}
