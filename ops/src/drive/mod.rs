//! `tillstream drive`: sells a CSV through the edges' HTTP API, as tills would.
//!
//! It guarantees that no receipt is sold twice, however often an edge has to be
//! asked, because a receipt's ticket derives from the run and the receipt; and
//! that no row is dropped in silence ([`Input`]). It keeps nothing: a drive that
//! is interrupted leaves what it sold in the books and is not resumed.

pub mod client;
pub mod drawer;
pub mod figures;
pub mod khqr;
pub mod stores;

mod choices;
mod data_time;
mod days;
mod done;
mod input;
mod outage;
mod progress;
mod replay;
mod run;
mod schedule;
mod speed;
mod till;
mod watch;

pub use choices::{Choice, Choices, InvalidPercent, percent};
pub use data_time::{DataTime, InvalidTime};
pub use done::{Done, Sum};
pub use input::{
    Columns, Input, InputError, Line, OutletRow, ProductRow, Receipt, Rejected, Said, Sources, read,
};
pub use outage::{Bound, InvalidOutage, Outage};
pub use progress::Progress;
pub use run::{Centre, Driven, Job, run};
pub use speed::{InvalidSpeed, Speed};
pub use watch::{Numbered, hear_numbers};
