//! Printing on stdout. That nobody reads any more (`verify | head -1`) is no
//! failure: the job is done all the same.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

/// Prints a line.
pub fn line(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}
