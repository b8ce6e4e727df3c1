//! The rows that are not sold: a few of them shown, all of them counted by reason,
//! and written into a file if one is named.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use anyhow::Context;

use crate::drive::Rejected;

/// Bad rows that are shown; the rest are counted.
const MAX_SHOWN: usize = 20;
/// Reasons that are counted one by one, the most frequent first.
const MAX_REASONS: usize = 20;

/// Tells of them on stderr.
pub(super) fn report_rejected(rejected: &[Rejected]) {
    if rejected.is_empty() {
        return;
    }
    let mut err = std::io::stderr().lock();
    for row in rejected.iter().take(MAX_SHOWN) {
        // A closed stderr is nobody's problem here.
        let _ = writeln!(err, "{}:{}: {}", row.file, row.line, row.reason);
    }
    if rejected.len() > MAX_SHOWN {
        let _ = writeln!(err, "and {} more bad rows; by reason:", rejected.len() - MAX_SHOWN);
        for (reason, rows) in by_reason(rejected).into_iter().take(MAX_REASONS) {
            let _ = writeln!(err, "{rows:>8}  {reason}");
        }
    }
    let _ = writeln!(err, "{} rows are not sold; the rest goes on", rejected.len());
}

/// How many rows each reason has, the most frequent first.
fn by_reason(rejected: &[Rejected]) -> Vec<(&str, usize)> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for row in rejected {
        *counts.entry(&row.reason).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    counts
}

/// Writes all of them: `file,line,reason`.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(path: &Path, rejected: &[Rejected]) -> anyhow::Result<()> {
    let write = || {
        let mut file = csv::Writer::from_path(path)?;
        file.write_record(["file", "line", "reason"])?;
        for row in rejected {
            file.write_record([&row.file, &row.line.to_string(), &row.reason])?;
        }
        file.flush()?;
        Ok::<_, csv::Error>(())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
