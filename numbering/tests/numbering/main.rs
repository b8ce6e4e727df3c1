//! Numbering against a real Postgres and a real nats-server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod allocating;
mod freezing;
mod running;
mod settings;
mod stage;
