//! The relay against a real Postgres and a real nats-server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod placing;
mod publishing;
mod stage;
