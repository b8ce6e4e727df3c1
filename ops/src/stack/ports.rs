//! Where a stack is reached: a port that was asked for, the usual one, or a
//! free one.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context;

/// The centre's usual port.
const HTTP: u16 = 7_081;

/// The first edge's usual port; the others follow.
const FIRST_EDGE: u16 = 8_410;

/// The ports on 127.0.0.1. A number that is given is taken or refused; without
/// one, the usual port is taken if it is free, else any free one.
#[derive(Debug, Clone, Default)]
pub struct Ports {
    /// Postgres; any free one if not given.
    pub postgres: Option<u16>,
    /// nats-server; any free one if not given.
    pub nats: Option<u16>,
    /// The centre's HTTP API.
    pub http: Option<u16>,
    /// The first edge's HTTP API; the others follow.
    pub first_edge: Option<u16>,
    /// Any free ports instead of the usual ones.
    pub any: bool,
}

impl Ports {
    /// Any free ports, to stay out of everyone's way.
    pub fn free() -> Self {
        Self { any: true, ..Self::default() }
    }

    pub(super) fn http(&self) -> anyhow::Result<SocketAddr> {
        self.choose(self.http, HTTP)
    }

    /// For the edge after `edges` others.
    pub(super) fn edge(&self, edges: usize) -> anyhow::Result<SocketAddr> {
        let place = u16::try_from(edges).context("too many edges")?;
        let asked = self.first_edge.map(|first| first.saturating_add(place));
        self.choose(asked, FIRST_EDGE.saturating_add(place))
    }

    fn choose(&self, asked: Option<u16>, usual: u16) -> anyhow::Result<SocketAddr> {
        let port = match asked {
            Some(port) => port,
            None if !self.any && is_free(usual) => usual,
            None => supervise::free_port().context("there is no free port")?,
        };
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
