//! Throw-away Postgres, nats-server and a fault proxy for tests.
