//! The centre's HTTP API: what back offices and other clients send and get.
//! Money is a decimal string.

mod access;

pub use access::{BadScope, Scope};
