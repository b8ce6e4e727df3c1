//! `tillstream drive` as a user runs it: on a stack of its own, with an outage
//! and bad rows, down to the figures that it prints; and on a stack that runs
//! already, where the figures are compared with the books.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path, process::Command, sync::Arc};

use ops::{
    drive::{Choice, Choices},
    stack::{Stack, StackOptions},
};
use schemas::{Percent, SystemClock};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    scratch_dir,
    sqlx::{self, PgPool},
};

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
    // Three people sell at each outlet, on one day.
    assert_eq!(
        (figures["sessions_closed"].clone(), figures["drawers_off"].clone()),
        (6.into(), 0.into())
    );
    assert_eq!(figures["difference_usd"], "0.00");
    assert_eq!(figures.as_object().unwrap().len(), 18, "{out}");
    for line in [
        "sales.csv:242: quantity is ERROR",
        "sales.csv:243: its receipt has a bad row: line 242",
        "sales.csv:244: outlet 9 is not in the outlets' list",
        "The books are whole",
    ] {
        assert!(err.contains(line), "{line}\n{err}");
    }
}

const DAYS: usize = 3;
const RECEIPTS_A_DAY: usize = 40;

/// Three days of both outlets, three people on each, a receipt every ten minutes;
/// each receipt costs 8.25.
fn days() -> String {
    let mut text = String::from("outlet,receipt,at,staff,product,quantity,unit_price\n");
    for day in 0..DAYS {
        for receipt in 0..RECEIPTS_A_DAY {
            let (hour, minute) = (8 + receipt / 6, receipt % 6 * 10);
            let at = format!("2019-04-{:02}T{hour:02}:{minute:02}:00", day + 1);
            let number = number(day, receipt);
            for outlet in [3, 5] {
                writeln!(text, "{outlet},{number},{at},{},1,2,2.50", receipt % 3).unwrap();
                writeln!(text, "{outlet},{number},{at},{},2,1,3.25", receipt % 3).unwrap();
            }
        }
    }
    text
}

fn number(day: usize, receipt: usize) -> String {
    format!("D{day}R{receipt}")
}

/// How many receipts of an outlet are to become what, on all days or on one.
fn chosen(choices: Choices, outlet: &str, what: Choice, days: std::ops::Range<usize>) -> u64 {
    let numbers = days.flat_map(|day| (0..RECEIPTS_A_DAY).map(move |place| number(day, place)));
    numbers.filter(|number| choices.of(outlet, number) == what).count() as u64
}

/// A count, and a sum as it is printed.
async fn sum(pool: &PgPool, query: &'static str) -> (u64, String) {
    let (count, sum): (i64, String) = sqlx::query_as(query).fetch_one(pool).await.unwrap();
    (u64::try_from(count).unwrap(), sum)
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_voids_khqr_sessions_vat_and_discounts_is_in_the_books() {
    let folder = scratch_dir();
    write_files(folder.path(), &days());
    let data_dir = folder.path().join("stack");
    let options = StackOptions::throw_away(&data_dir);
    let stack = Stack::start(options, Arc::new(SystemClock)).await.unwrap();
    let place = folder.path().to_path_buf();
    let ran = tokio::task::spawn_blocking(move || {
        let data_dir = data_dir.display().to_string();
        // Outlet 5 closes its second day, and opens its third, without a line.
        let outage = "5:2019-04-02T10:00-2019-04-03T09:00";
        let how = ["--voids", "12.5", "--khqr", "40", "--discount", "5", "--vat", "10"];
        drive(&place, &[&how[..], &["--data-dir", &data_dir, "--outage", outage]].concat())
    });
    let (done, out, err) = ran.await.unwrap();
    assert!(done, "{err}");
    let figures: Value = serde_json::from_str(&out).unwrap();
    let said = |what: &str| figures[what].as_u64().unwrap();
    let said_usd = |what: &str| figures[what].as_str().unwrap().to_owned();
    let receipts = (2 * DAYS * RECEIPTS_A_DAY) as u64;
    assert_eq!((said("captured"), said("numbered")), (receipts, receipts));
    assert_eq!((figures["verify_ok"].clone(), said("last_no")), (true.into(), receipts));

    // 8.25 less 5 % is 7.84, and 0.78 of VAT.
    let pool = stack.pool();
    let each = "SELECT count(*), sum(grand_total_usd)::text FROM sale
        WHERE (subtotal_usd, branch_discount_usd, vat_usd, grand_total_usd) = (8.25, 0.41, 0.78, 8.62)";
    assert_eq!(sum(pool, each).await, (receipts, "2068.80".to_owned()));
    assert_eq!(said_usd("total_usd"), "2068.80");

    let choices = Choices {
        voids: Percent::from_basis_points(1_250).unwrap(),
        khqr: Percent::from_basis_points(4_000).unwrap(),
    };
    let of_both = |what| chosen(choices, "3", what, 0..DAYS) + chosen(choices, "5", what, 0..DAYS);
    let voided = "SELECT count(*), sum(s.grand_total_usd)::text FROM sale s
        JOIN void_request v USING (sale_id) JOIN cash_movement m USING (sale_id)
        WHERE s.status = 'VOIDED' AND s.tender_method = 'CASH' AND v.status = 'APPROVED'
            AND m.kind = 'REFUND_CASH' AND m.amount = -s.grand_total_usd";
    let voided = sum(pool, voided).await;
    assert_eq!(voided, (said("voided"), said_usd("voided_usd")));
    assert!(voided.0 > 0 && voided.0 == of_both(Choice::Void), "{out}");
    let standing = "SELECT count(*) FROM sale WHERE status <> 'VOIDED'";
    assert_eq!(count(pool, standing).await as u64, receipts - voided.0);

    let paid = "SELECT count(*), sum(s.grand_total_usd)::text FROM sale s
        JOIN sale_khqr p USING (sale_id) JOIN khqr_intent i ON i.md5 = p.khqr_md5
        WHERE s.tender_method = 'KHQR' AND i.state = 'CLAIMED' AND i.amount = s.tender_received";
    let paid = sum(pool, paid).await;
    assert_eq!(paid, (said("khqr"), said_usd("khqr_usd")));
    assert_eq!(
        count(pool, "SELECT count(*) FROM sale WHERE tender_method = 'KHQR'").await as u64,
        paid.0
    );
    let turned = said("khqr_turned_to_cash");
    assert_eq!(paid.0 + turned, of_both(Choice::Khqr), "{out}");
    // Those who came without a line paid cash; those who came with one did not.
    let (third, first) =
        (chosen(choices, "3", Choice::Khqr, 0..DAYS), chosen(choices, "5", Choice::Khqr, 0..1));
    assert!(first > 0 && paid.0 >= third + first && turned > 0, "{out}");

    // Each of three people has a session on each day.
    let sessions = "SELECT count(*) FROM (SELECT branch_id, opened_by FROM cash_session
        JOIN z_report z USING (cash_session_id, branch_id) WHERE status = 'CLOSED'
        AND z.sale_count > 0 AND (z.difference_usd, z.difference_khr) = (0, 0)
        GROUP BY branch_id, opened_by HAVING count(*) = 3) three";
    assert_eq!(count(pool, sessions).await, 6);
    assert_eq!(
        count(pool, "SELECT count(*) FROM cash_session").await as u64,
        said("sessions_closed")
    );
    assert_eq!((said("sessions_closed"), said("drawers_off")), (18, 0));
    assert_eq!(said_usd("difference_usd"), "0.00");
    assert_eq!(count(pool, "SELECT count(*) FROM exception").await, 0);
    stack.shutdown().await.unwrap();
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
    assert!(refused(&["--khqr", "101"]).contains("is no percentage"));
    let nowhere = folder.path().join("nowhere").display().to_string();
    assert!(refused(&["--data-dir", &nowhere]).contains("no stack runs"));
    fs::write(folder.path().join("sales.csv"), "what,is,this\n1,2,3\n").unwrap();
    assert!(refused(&["--with-stack"]).contains("has no column outlet"));
}
