//! Whole-system tests against a real Postgres and a real nats-server.
