//! The books in Postgres: one function per statement, transactions passed in.
//!
//! What must be atomic takes a [`Conn`]; services own `begin` and `commit`.
//! Never cancel the future of a `begin` or a `commit`: run transactions in a
//! spawned task and let the server's timeouts (see [`pool`]) end them. An error
//! from COMMIT means *unknown*: read again what it would have changed.
//!
//! Nothing here decides anything: rules are in `domain` and in the services'
//! pure cores. Statements over many rows are in `sql/*.sql` and take arrays.

pub mod companies;
pub mod tokens;

pub mod audit;
pub mod cash;
pub mod commands;
pub mod cursors;
pub mod entries;
pub mod exceptions;
pub mod khqr;
pub mod opening_stock;
pub mod orders;
pub mod quarantine;
pub mod reports;
pub mod sales;
pub mod stock;
pub mod tickets;
pub mod voids;

pub mod accounts;
pub mod adoptions;
pub mod doors;
pub mod drawers;
pub mod handovers;
pub mod submissions;

pub mod facts;
pub mod invoices;
pub mod numbering;
pub mod outbox;
pub mod recovery;
pub mod relay;
pub mod replay;
pub mod series;
pub mod verify;

pub mod api_requests;
pub mod back_office;
pub mod backups;
pub mod catalogues;
pub mod heartbeats;
pub mod lease;
pub mod standing;

pub mod bulk;
pub mod classical;

pub mod error;
pub mod pool;
pub mod savepoint;

pub use error::{Error, Failure, classify};
pub use pool::{Role, Settings, connect, connect_as, migrate};

/// A pool of connections to the books.
pub type Pool = sqlx::PgPool;
/// One connection, usually within a transaction.
pub type Conn = sqlx::PgConnection;
/// A transaction; rolled back when dropped without `commit`.
pub type Transaction = sqlx::Transaction<'static, sqlx::Postgres>;

mod columns;
