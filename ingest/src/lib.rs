//! The centre's door: heartbeat, catalogue, mapping resync, facts.
