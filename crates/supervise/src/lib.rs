//! Postgres and nats-server as child processes of one parent.
//!
//! What is guaranteed:
//! - A child never outlives its parent, however the parent ends, `kill -9`
//!   included: the kernel itself signals the child (`PR_SET_PDEATHSIG`; where
//!   there is no such thing, a watching shell does).
//! - Nothing is adopted: a data directory that another process holds is
//!   refused, one that a dying server still holds is waited for.
//! - What was killed in the middle of anything, its very first start included,
//!   starts again on the same directory.
//!
//! [`Service`] is one of our own programs as such a child, with a log of its own.
//!
//! Both servers listen on 127.0.0.1 only. [`Line`] is the wire between two of
//! them that can be cut, stalled and restored. [`bakong::BakongStandIn`] is no
//! child: it answers in our own process as Bakong would, well and badly.

pub mod bakong;

mod binaries;
mod child;
mod cluster;
mod error;
mod folder;
mod line;
mod nats;
mod ports;
mod postgres;
mod service;

pub use binaries::{MIN_NATS_SERVER, MIN_POSTGRES, nats_server_binary, postgres_binaries};
pub use child::{Child, spawn};
pub use error::SuperviseError;
pub use folder::{may_hold_postgres, postgres_account};
pub use line::{Flow, Line};
pub use nats::{NatsOptions, NatsServer};
pub use nix::sys::signal::Signal;
pub use ports::free_port;
pub use postgres::{Postgres, PostgresOptions};
pub use service::{Service, ServicePlan, program_beside_us};
