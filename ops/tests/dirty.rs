//! `tillstream drive` on a file of 10,000 rows of which most are spoilt somewhere
//! (`data/coffee/dirty_cafe_sales.csv` beside the project, or where
//! `TILLSTREAM_SHARED` says; skipped without it): each bad row is named with a reason
//! that is true of it, and every other row is sold for what it says.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, env, path::PathBuf, process::Command};

use rust_decimal::Decimal;
use serde_json::Value;
use tempfile::TempDir;

/// The name in the file, and what `drive` calls it.
const COLUMNS: [(&str, &str); 8] = [
    ("Transaction ID", "receipt"),
    ("Item", "product"),
    ("Quantity", "quantity"),
    ("Price Per Unit", "unit_price"),
    ("Total Spent", "total"),
    ("Payment Method", "Payment Method"),
    ("Location", "Location"),
    ("Transaction Date", "at"),
];

fn dirty_file() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = env::var_os("TILLSTREAM_SHARED").map_or_else(beside, PathBuf::from);
    let file = shared.join("data/coffee/dirty_cafe_sales.csv");
    file.exists().then_some(file)
}

/// What may be said of a row, read without `drive`'s own reader: a complaint for each
/// cell that says nothing. The file quotes nothing.
fn complaints(row: &str) -> Vec<String> {
    let cells: Vec<&str> = row.split(',').collect();
    assert_eq!(cells.len(), COLUMNS.len(), "{row}");
    let named = COLUMNS.iter().zip(cells);
    let wrong = named.filter_map(|((_, column), cell)| match cell {
        "" => Some(format!("{column} is missing")),
        "ERROR" | "UNKNOWN" => Some(format!("{column} is {cell}")),
        _ => None,
    });
    wrong.collect()
}

#[test]
fn each_bad_row_of_a_dirty_file_is_named_and_the_others_are_sold() {
    let Some(file) = dirty_file() else {
        eprintln!("SKIPPED: there is no data/coffee/dirty_cafe_sales.csv");
        return;
    };
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.current_dir(folder.path()).args(["drive", "--with-stack", "--json", "--sales"]);
    command.arg(&file).args(["--set", "outlet=Corner", "--set", "staff=1"]);
    for (name, column) in COLUMNS {
        if name == column {
            command.args(["--require", name]);
        } else {
            command.args(["--map", &format!("{column}={name}")]);
        }
    }
    let output = command.args(["--rejected", "rejected.csv"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");

    let text = std::fs::read_to_string(&file).unwrap();
    let mut expected = BTreeMap::new();
    let (mut good, mut total) = (0_u64, Decimal::ZERO);
    for (row, line) in text.lines().zip(1_u64..).skip(1) {
        let complaints = complaints(row);
        if complaints.is_empty() {
            good += 1;
            total += row.split(',').nth(4).unwrap().parse::<Decimal>().unwrap();
        } else {
            expected.insert(line, complaints);
        }
    }
    let mut rejected = csv::Reader::from_path(folder.path().join("rejected.csv")).unwrap();
    let rejected: BTreeMap<u64, String> = rejected
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[1].parse().unwrap(), row[2].to_owned()))
        .collect();
    assert!(rejected.keys().eq(expected.keys()), "other rows are bad");
    for (line, reason) in &rejected {
        assert!(expected[line].contains(reason), "line {line}: {reason}");
    }

    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    for what in ["captured", "confirmed", "numbered", "last_no"] {
        assert_eq!(figures[what], good, "{what}: {said}");
    }
    assert_eq!(figures["total_usd"], format!("{total:.2}"));
    assert_eq!(figures["rejected_rows"], expected.len());
    assert_eq!(figures["verify_ok"], true);
}
