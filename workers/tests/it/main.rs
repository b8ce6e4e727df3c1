//! The workers, tested: pure against a model, then on real Postgres, then with
//! a real broker.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod model;

mod admission;
mod booking;
mod convergence;
mod golden_carts;
mod handed;
mod khqr;
mod plan;
mod sessions;
mod voids;

mod conformance;
mod leases;
mod quarantine;
mod replay;

mod shards;
