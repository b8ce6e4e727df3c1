//! The sync of a real journal with a real broker and a centre by hand, through
//! what can happen to a line, to a stream and to a notice.
#![expect(clippy::unwrap_used, reason = "tests")]

mod centre;
mod store;

mod commands;
mod delivery;
mod numbers;
mod orders;
mod pruning;
mod standing;
mod wares;

use testkit::Nats;

use centre::{Books, Centre};
use store::{Store, identity, line_to};

/// A store, a centre, and a line to the broker between them.
struct World {
    store: Store,
    centre: Centre,
    line: testkit::Line,
    nats: Nats,
}

async fn world(books: Books) -> World {
    let identity = identity();
    let nats = Nats::new().await;
    let line = line_to(&nats).await;
    let centre = Centre::start(&nats, identity, books).await;
    let store = Store::open(identity).await;
    World { store, centre, line, nats }
}
