//! What tests stand on: a throw-away Postgres with the books' schema, a
//! throw-away nats-server, a service as a child process, a line between them
//! that can be cut, and a writer of entries that an edge could have written.
//!
//! Everything here is the test's own, on free ports, and is gone when it is
//! dropped; what a killed test left is removed by the next one. Everything
//! panics with a sentence instead of returning an error: a test has nobody to
//! pass it on to.
#![expect(clippy::panic, reason = "a test that cannot be set up fails")]

mod books;
mod company;
mod edge_schema;
mod journal_writer;
mod menu;
mod nats;
mod scratch;
mod service;
mod wait;

pub use books::{Books, damage};
pub use company::{Company, Store, enrol_edge, seed_company};
pub use edge_schema::EdgeSchema;
pub use journal_writer::{JournalWriter, cash_usd};
pub use menu::{SAMPLE_KHQR_ACCOUNT, sample_catalogue, sample_code, sample_id, sample_pin};
pub use nats::Nats;
pub use scratch::scratch_dir;
pub use service::{Service, ServicePlan, bin};
pub use supervise::{
    Flow, Line,
    bakong::{BakongStandIn, Behaviour, EMAIL as BAKONG_EMAIL, Payment},
    free_port,
};
pub use wait::{BOUND, wait_until};

// Raw access for tests that damage things or look behind the door.
pub use async_nats;
pub use sqlx;

/// Unwraps what a test cannot go on without, saying what was being done.
trait OrFail<T> {
    #[track_caller]
    fn or_fail(self, doing: &str) -> T;
}

impl<T, E: std::fmt::Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, doing: &str) -> T {
        self.unwrap_or_else(|error| panic!("cannot {doing}: {error}"))
    }
}
