//! The contracts as files: schemas that are what the types are, golden files
//! that stay readable, and the AsyncAPI document. And the small values, that
//! read anything without a panic.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic where it stands")]

mod asyncapi;
mod files;
mod golden;
mod registry;
mod schema_files;
mod values;
mod versions;
