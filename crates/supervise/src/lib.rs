//! Postgres and nats-server as supervised child processes.
