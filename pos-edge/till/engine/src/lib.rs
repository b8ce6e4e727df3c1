//! The rules of money in the till's page: `domain` as WebAssembly, called with
//! JSON and answering in JSON.
//!
//! Guarantees: it computes nothing by itself, every figure comes from `domain`,
//! the code that prices at the edge and compares at the centre. The same call
//! gives the same answer. No input makes it panic: whatever cannot be done is an
//! answer with a stable code. It keeps catalogues that were loaded, by handle,
//! and nothing else; a reload of the page starts with none.

mod abi;
mod acts;
mod answer;

pub use acts::{Act, Engine};
