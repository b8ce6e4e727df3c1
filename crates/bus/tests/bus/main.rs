//! The bus against a real nats-server, each test with its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod entries;
mod facts;
mod fake_server;
mod requests;
mod server;
mod topology;
mod values;
