//! NATS JetStream: connection, topology, publish, consume, start-up checks, retry.
