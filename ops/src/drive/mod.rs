//! `tillstream drive`: sells a CSV through the edges' HTTP API, as tills would.

mod data_time;
mod input;
mod outage;

pub use data_time::{DataTime, InvalidTime};
pub use input::{Input, InputError, Line, OutletRow, ProductRow, Receipt, Rejected, read};
pub use outage::{Bound, InvalidOutage, Outage};
