//! `tillstream verify-register` on a register as it was exported, and on what
//! somebody made of it.

use std::process::Command;

use ops::commands::verify_register::{Finding, Head, check};
use schemas::facts::InvoiceAssignedV1;
use store::invoices;
use testkit::scratch_dir;

use crate::sold::Sold;

const PLENTY: u32 = 10_000;

/// The rows of some sales' register.
async fn register() -> Vec<InvoiceAssignedV1> {
    let sold = Sold::some().await;
    let mut conn = sold.books.pool.acquire().await.unwrap();
    invoices::after_no(&mut conn, sold.company.series_id, 0, PLENTY).await.unwrap()
}

fn json_lines(rows: &[InvoiceAssignedV1]) -> String {
    rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect()
}

fn table(rows: &[InvoiceAssignedV1]) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in rows {
        table.serialize(row).unwrap();
    }
    String::from_utf8(table.into_inner().unwrap()).unwrap()
}

fn findings(file: &str, head: Option<Head>) -> Vec<Finding> {
    let mut findings = Vec::new();
    check(file.as_bytes(), head.as_ref(), &mut |finding| findings.push(finding)).unwrap();
    findings
}

fn head(row: &InvoiceAssignedV1) -> Head {
    Head { no: row.no, hash: row.hash }
}

/// The line of the row with this index.
fn line(index: usize, names: usize) -> Option<u64> {
    Some(u64::try_from(index + 1 + names).unwrap())
}

#[tokio::test]
async fn every_damage_is_found_in_both_formats_at_its_line() {
    let rows = register().await;
    assert_eq!(rows.len(), 24);
    let last = head(&rows[23]);
    // The names of the columns are a line of CSV.
    for (write, names) in [(json_lines as fn(&[_]) -> String, 0), (table, 1)] {
        assert_eq!(findings(&write(&rows), Some(last)), []);

        let mut changed = rows.clone();
        changed[7].grand_total_usd.0 += rust_decimal::Decimal::ONE;
        let found = findings(&write(&changed), Some(last));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, line(7, names));
        assert!(found[0].what.contains("number 8 was changed"), "{found:?}");

        // Whoever also writes the hash anew breaks the chain after it.
        changed[7].hash = domain::invoice_chain::invoice_hash(&changed[7]);
        let found = findings(&write(&changed), Some(last));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, line(8, names));

        let mut dropped = rows.clone();
        dropped.remove(3);
        let found = findings(&write(&dropped), Some(last));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, line(3, names));
        assert!(found[0].what.contains("number 5 stands where 4 should"), "{found:?}");

        let mut swapped = rows.clone();
        swapped.swap(10, 11);
        let found = findings(&write(&swapped), Some(last));
        let lines: Vec<_> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [line(10, names), line(11, names), line(12, names)], "{found:?}");

        // Only who knows the head sees that the end is missing.
        let short = write(&rows[..20]);
        assert_eq!(findings(&short, None), []);
        let found = findings(&short, Some(last));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, None);
        assert!(found[0].what.contains("number 24 is missing"), "{found:?}");
        // An older head is among the rows of a newer export.
        assert_eq!(findings(&write(&rows), Some(head(&rows[4]))), []);
        let other = Head { no: 5, hash: rows[5].hash };
        assert_eq!(findings(&write(&rows), Some(other))[0].line, line(4, names));

        let torn = write(&rows).replacen(&rows[2].ticket_id.to_string(), "", 1);
        let found = findings(&torn, Some(last));
        assert_eq!(found[0].line, line(2, names), "{found:?}");
        assert!(found[0].what.contains("no row of a register"), "{found:?}");
    }
    assert_eq!(findings("", None), []);
    assert_eq!(findings("", Some(last)).len(), 1);
}

#[tokio::test]
async fn the_command_says_it_with_its_exit_status() {
    let rows = register().await;
    let folder = scratch_dir();
    let file = folder.path().join("register.csv");
    let run = |contents: String, head: &Head| {
        std::fs::write(&file, contents).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_tillstream"))
            .arg("verify-register")
            .arg(&file)
            .args(["--head", &head.to_string()])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let last = head(&rows[23]);
    let (status, said) = run(table(&rows), &last);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(&format!("24 rows, the last is {last}")), "{said}");
    let mut changed = rows.clone();
    changed[0].vat_usd.0 += rust_decimal::Decimal::ONE;
    changed.remove(5);
    let (status, said) = run(table(&changed), &last);
    assert_eq!(status, Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("line 2: ") && lines[1].starts_with("line 7: "), "{said}");
    assert_eq!(lines.len(), 3, "{said}");
}
