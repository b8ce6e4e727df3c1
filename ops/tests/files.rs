//! Each file that a command reads, with arbitrary bytes in it, or nearly right: a clear
//! error or findings, and never a panic.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, io::Cursor, path::Path, process::Command};

use ops::{
    commands::verify_register::check,
    drive::{self, Columns, Sources},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use testkit::scratch_dir;

/// How often each file is made odd.
const TRIES: u64 = 3_000;
/// How often the three files of a drive are.
const DRIVES: u64 = 400;
/// How often a process reads one.
const RUNS: u64 = 12;

const SALES: &str = "outlet,receipt,at,staff,product,quantity,unit_price\n\
    1,10,2026-04-01T08:00:00,7,3,2,2.50\n1,10,2026-04-01T08:00:00,7,4,1,3.00\n";
const PRODUCTS: &str = "product,name,category,price\n3,Latte,Coffee,2.50\n4,Tea,,3.00\n";
const OUTLETS: &str = "outlet,name,city\n1,Riverside,Phnom Penh\n";
const REGISTER: &str = "{\"series_id\":\"1\",\"no\":1,\"hash\":\"00\"}\nno,printed,hash\n1,1,ff\n";
const SETTINGS: &str = "listen = \"127.0.0.1:0\"\n[nats]\nurl = \"nats://127.0.0.1:1\"\n\
    [books]\nurl = \"postgres://u:p@127.0.0.1:1/d\"\n";

/// Some bytes of a text changed, doubled or lost; or nothing but noise.
fn odd(random: &mut StdRng, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if random.random_ratio(1, 4) {
        return (0..random.random_range(0..400)).map(|_| random.random()).collect();
    }
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..bytes.len().max(1));
        match random.random_range(0..4) {
            0 if at < bytes.len() => bytes[at] = random.random(),
            1 => {
                bytes.insert(at, *b",\"\n\0.9-e{[".get(random.random_range(0..10)).unwrap_or(&b','))
            }
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.extend_from_within(at.min(bytes.len())..),
        }
    }
    bytes
}

#[test]
fn an_odd_register_is_findings_or_an_error() {
    let mut random = StdRng::seed_from_u64(1);
    let mut found = 0_u64;
    for _ in 0..TRIES {
        let bytes = odd(&mut random, REGISTER);
        // What cannot be read is told; what can is checked.
        let read = check(Cursor::new(bytes), None, &mut |_| found += 1);
        found += u64::from(read.is_err());
    }
    assert!(found > TRIES / 2, "{found}");
}

#[test]
fn odd_sales_are_rejected_row_by_row_or_as_a_whole() {
    let dir = scratch_dir();
    let file = |name: &str| dir.path().join(name);
    let mut random = StdRng::seed_from_u64(2);
    let mut rejected = 0;
    for turn in 0..DRIVES {
        let texts = [("sales", SALES), ("products", PRODUCTS), ("outlets", OUTLETS)];
        for (place, (name, text)) in (0..).zip(texts) {
            let is_odd = turn % 3 == place;
            let bytes = if is_odd { odd(&mut random, text) } else { text.as_bytes().to_vec() };
            fs::write(file(name), bytes).unwrap();
        }
        let from = Sources {
            sales: file("sales"),
            products: Some(file("products")),
            outlets: Some(file("outlets")),
            columns: Columns::default(),
        };
        match drive::read(&from) {
            Ok(input) => {
                let sold: usize = input.receipts.iter().map(|receipt| receipt.lines.len()).sum();
                let rows = usize::try_from(input.sales_rows).unwrap();
                let of_sales =
                    input.rejected.iter().filter(|row| row.file.contains("sales")).count();
                assert_eq!(sold + of_sales, rows, "no row is dropped in silence");
                rejected += usize::from(!input.rejected.is_empty());
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                rejected += 1;
            }
        }
    }
    assert!(rejected > 40, "{rejected}");
}

/// What a command says of a file, and its exit status.
fn run(arguments: &[&str], file: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    let ran = command.args(arguments).arg(file).output().unwrap();
    (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

#[test]
fn the_command_ends_with_a_line_and_a_status() {
    let dir = scratch_dir();
    let file = dir.path().join("odd");
    let mut random = StdRng::seed_from_u64(3);
    for _ in 0..RUNS {
        fs::write(&file, odd(&mut random, REGISTER)).unwrap();
        let (status, said) = run(&["verify-register"], &file);
        assert!(matches!(status, Some(0 | 1)) && !said.contains("panicked"), "{said}");
        fs::write(&file, odd(&mut random, SETTINGS)).unwrap();
        let (status, said) = run(&["edge", "--config"], &file);
        assert!(matches!(status, Some(1 | 2)) && !said.contains("panicked"), "{said}");
        assert!(!said.trim().is_empty(), "it says why");
    }
    for path in ["/", "/nowhere/to/be/found", "/dev/null"] {
        let (status, said) = run(&["verify-register"], Path::new(path));
        assert!(matches!(status, Some(0 | 1)) && !said.contains("panicked"), "{path}: {said}");
    }
}
