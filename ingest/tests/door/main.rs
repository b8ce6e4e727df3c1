//! The door from outside: NATS requests and HTTP against real books and a real
//! broker, each test with its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod access;
mod catalogues;
mod commands;
mod http;
mod office;
mod openapi;
mod orders;
mod requests;
mod rows;
mod setup;
