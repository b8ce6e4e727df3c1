//! `tillstream verify` must be able to fail: each thing that it checks is
//! damaged in a real database, and exactly the checks that speak of it fail.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;
mod damages;
mod khqr_damages;
mod session_damages;
mod sold;

mod apart;
mod classical;
mod edges;
mod register;
mod waiting;
