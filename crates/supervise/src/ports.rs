//! Free TCP ports on the loopback.

use std::{
    hash::{BuildHasher as _, RandomState},
    io,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

/// Below the ports that systems hand to outgoing connections (32768 and up on
/// Linux, 49152 and up elsewhere): such a connection can then not sit on the
/// port of a server that is being restarted.
const PORTS: Range<u16> = 18_000..32_000;

/// How many ports are tried.
const ATTEMPTS: u64 = 200;

/// A port on 127.0.0.1 that nobody listened on a moment ago. Someone may take
/// it before it is used: be ready to ask for another.
///
/// # Errors
/// If none of a good number of random ports is free.
pub fn free_port() -> io::Result<u16> {
    let random = RandomState::new();
    let span = u64::from(PORTS.end - PORTS.start);
    for attempt in 0..ATTEMPTS {
        let offset = u16::try_from(random.hash_one(attempt) % span).unwrap_or(0);
        let port = PORTS.start + offset;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        format!("no free port between {} and {}", PORTS.start, PORTS.end),
    ))
}
