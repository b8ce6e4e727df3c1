//! The check itself: line by line, with no more in memory than two rows.

use std::{
    fmt,
    io::{self, BufRead, Read as _},
    str::FromStr,
};

use csv::StringRecord;
use domain::invoice_chain::{is_lost, verify_row};
use schemas::{Sha256Hash, facts::InvoiceAssignedV1};

/// The longest line that is read, in bytes; a row has some 800.
const MAX_LINE: u64 = 64 * 1024;

/// A row by its number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number.
    pub no: u64,
    /// The hash of the row.
    pub hash: Sha256Hash,
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not NUMBER:HASH");
        let (no, hash) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self { no: no.parse().map_err(|_| wrong())?, hash: hash.parse().map_err(|_| wrong())? })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.no, self.hash)
    }
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1; `None` is the end of the file.
    pub line: Option<u64>,
    /// What.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => write!(f, "end: {}", self.what),
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Rows that could be read.
    pub rows: u64,
    /// Those of them whose sale nobody can prove any more.
    pub lost: u64,
    /// The last of them.
    pub head: Option<Head>,
}

/// Checks a register from its first row on: each against the one before, by
/// [`verify_row`], and whether `expected` is among them. After a finding it goes on
/// from the row as it stands, so that one damage is one finding where it can be.
///
/// # Errors
/// If the file cannot be read.
pub fn check(
    mut file: impl BufRead,
    expected: Option<&Head>,
    found: &mut dyn FnMut(Finding),
) -> io::Result<Checked> {
    let mut format = None;
    let mut before: Option<InvoiceAssignedV1> = None;
    let (mut rows, mut lost, mut number, mut line) = (0, 0, 0, Vec::new());
    let mut seen = expected.is_none_or(|head| head.no == 0);
    loop {
        line.clear();
        if file.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let text = line.trim_ascii();
        let at = |what: String| Finding { line: Some(number), what };
        let format = match &format {
            Some(format) => format,
            None => {
                let format = format.insert(Format::of(text));
                if matches!(format, Format::Csv(_)) {
                    continue;
                }
                format
            }
        };
        let row = match format.row(text) {
            Ok(row) => row,
            Err(why) => {
                found(at(format!("this is no row of a register: {why}")));
                continue;
            }
        };
        rows += 1;
        lost += u64::from(is_lost(&row));
        if let Err(error) = verify_row(before.as_ref(), &row) {
            found(at(error.to_string()));
        }
        if let Some(head) = expected.filter(|head| head.no == row.no) {
            seen = true;
            if head.hash != row.hash {
                found(at(format!("number {} has not the hash {}", row.no, head.hash)));
            }
        }
        before = Some(row);
    }
    let head = before.map(|row| Head { no: row.no, hash: row.hash });
    if !seen && let Some(expected) = expected {
        let last = head.map_or(0, |head| head.no);
        let what = format!("number {} is missing: the last is number {last}", expected.no);
        found(Finding { line: None, what });
    }
    Ok(Checked { rows, lost, head })
}

enum Format {
    JsonLines,
    /// With the names of its columns.
    Csv(StringRecord),
}

impl Format {
    /// What a file with this first line is.
    fn of(line: &[u8]) -> Self {
        if line.starts_with(b"{") {
            Self::JsonLines
        } else {
            Self::Csv(record(line).unwrap_or_default())
        }
    }

    fn row(&self, line: &[u8]) -> Result<InvoiceAssignedV1, String> {
        match self {
            Self::JsonLines => serde_json::from_slice(line).map_err(|error| error.to_string()),
            Self::Csv(names) => {
                let record = record(line)?;
                record.deserialize(Some(names)).map_err(|error| error.to_string())
            }
        }
    }
}

/// A line of CSV; no column of a register holds a line break.
fn record(line: &[u8]) -> Result<StringRecord, String> {
    let mut record = StringRecord::new();
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line)
        .read_record(&mut record)
        .map_err(|error| error.to_string())?;
    Ok(record)
}
