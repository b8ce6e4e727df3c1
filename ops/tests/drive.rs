//! `tillstream drive` as a user runs it: on a stack of its own, with an outage
//! and bad rows, down to the figures that it prints.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

const OUTLETS: &str = "outlet,name,city\n3,Astoria,New York\n5,Downtown,New York\n";
const PRODUCTS: &str =
    "product,name,category,price\n1,Filter coffee,Coffee,2.50\n2,Croissant,Bakery,3.25\n";
const RECEIPTS: usize = 60;

/// 60 receipts of two lines at each of two outlets, one every minute from seven
/// on; then a receipt with a bad row and one of an outlet that is not there.
fn sales() -> String {
    let mut text = String::from("outlet,receipt,at,staff,product,quantity,unit_price\n");
    for minute in 0..RECEIPTS {
        for outlet in [3, 5] {
            let at = format!("2019-04-01T{:02}:{:02}:00", 7 + minute / 60, minute % 60);
            // The second product is sold at two prices.
            let price = if minute % 2 == 0 { "3.25" } else { "2.60" };
            writeln!(text, "{outlet},R{minute},{at},{},1,2,2.50", minute % 3).unwrap();
            writeln!(text, "{outlet},R{minute},{at},{},2,1,{price}", minute % 3).unwrap();
        }
    }
    text + "3,BAD,2019-04-01T09:00:00,1,1,ERROR,2.50\n3,BAD,2019-04-01T09:00:00,1,2,1,3.25\n\
            9,R1,2019-04-01T09:00:00,1,2,1,3.25\n"
}

fn write_files(folder: &Path, sales: &str) {
    fs::write(folder.join("sales.csv"), sales).unwrap();
    fs::write(folder.join("products.csv"), PRODUCTS).unwrap();
    fs::write(folder.join("outlets.csv"), OUTLETS).unwrap();
}

fn drive(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.current_dir(folder).args(["drive", "--sales", "sales.csv", "--json"]);
    command.args(["--products", "products.csv", "--outlets", "outlets.csv"]).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn everything_is_sold_and_numbered_through_an_outage_and_past_bad_rows() {
    let folder = TempDir::new().unwrap();
    write_files(folder.path(), &sales());
    let (done, out, err) = drive(folder.path(), &["--with-stack", "--outage", "5:07:10-07:40"]);
    assert!(done, "{err}");
    let figures: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(figures["captured"], 120);
    assert_eq!(figures["confirmed"], 120);
    assert_eq!(figures["numbered"], 120);
    assert_eq!((figures["first_no"].clone(), figures["last_no"].clone()), (1.into(), 120.into()));
    // 120 × 5.00, and 60 × 3.25, and 60 × 2.60.
    assert_eq!(figures["total_usd"], "951.00");
    assert_eq!(figures["rejected_rows"], 3);
    assert_eq!(figures["verify_ok"], true);
    for times in ["capture_ms", "numbered_ms"] {
        let quantile = |which| figures[times][which].as_f64().unwrap();
        assert!(quantile("p50") > 0.0 && quantile("p50") <= quantile("p99"), "{out}");
    }
    assert_eq!(figures.as_object().unwrap().len(), 10, "{out}");
    for line in [
        "sales.csv:242: quantity is ERROR",
        "sales.csv:243: its receipt has a bad row: line 242",
        "sales.csv:244: outlet 9 is not in the outlets' list",
        "The books are whole",
    ] {
        assert!(err.contains(line), "{line}\n{err}");
    }
}

#[test]
fn what_cannot_be_driven_is_refused_before_anything_is_sold() {
    let folder = TempDir::new().unwrap();
    write_files(folder.path(), &sales());
    let refused = |arguments: &[&str]| {
        let (done, out, err) = drive(folder.path(), arguments);
        assert!(!done && out.is_empty(), "{arguments:?}: {out}{err}");
        err
    };
    assert!(refused(&["--speed", "warp"]).contains("is no speed"));
    assert!(refused(&["--outage", "5:noon"]).contains("is no outage"));
    let nowhere = folder.path().join("nowhere").display().to_string();
    assert!(refused(&["--data-dir", &nowhere]).contains("no stack runs"));
    fs::write(folder.path().join("sales.csv"), "what,is,this\n1,2,3\n").unwrap();
    assert!(refused(&["--with-stack"]).contains("has no column outlet"));
}
