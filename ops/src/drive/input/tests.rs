#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const OUTLETS: &str = "outlet,name,city\n3,Astoria,Queens\n5,Lower Manhattan,New York\n";
const PRODUCTS: &str =
    "product,name,category,price\n22,Drip Sm,Coffee,2.00\n30,Latte,Coffee,3.00\n31,Tea,,2.50\n";
const HEADER: &str = "outlet,receipt,at,staff,product,quantity,unit_price\n";

struct Files {
    _folder: TempDir,
    paths: [PathBuf; 3],
}

fn files(sales: &str, products: &str, outlets: &str) -> Files {
    let folder = TempDir::new().unwrap();
    let paths =
        [("sales", sales), ("products", products), ("outlets", outlets)].map(|(name, text)| {
            let path = folder.path().join(format!("{name}.csv"));
            std::fs::write(&path, text).unwrap();
            path
        });
    Files { _folder: folder, paths }
}

fn read_sales(rows: &str) -> Input {
    let files = files(&format!("{HEADER}{rows}"), PRODUCTS, OUTLETS);
    read(&listed(&files)).unwrap()
}

fn listed(files: &Files) -> Sources {
    let [sales, products, outlets] = files.paths.clone();
    let columns = Columns::default();
    Sources { sales, products: Some(products), outlets: Some(outlets), columns }
}

fn reasons(input: &Input) -> Vec<(u64, &str)> {
    input.rejected.iter().map(|row| (row.line, row.reason.as_str())).collect()
}

#[test]
fn rows_of_a_receipt_become_one_sale_in_the_order_of_time() {
    let input = read_sales(
        "5,B,2019-04-01T08:00:00,12,22,2,2.00\n\
         3,A,2019-04-01T09:00:00,7,30,1,3.00\n\
         5,A,2019-04-01T07:00:00,12,30,1,2.80\n\
         5,B,2019-04-01T08:00:00,12,31,1,2.5\n",
    );
    let sold: Vec<_> =
        input.receipts.iter().map(|r| (r.outlet, r.number.as_str(), r.lines.len())).collect();
    assert_eq!(sold, [(0, "A", 1), (1, "A", 1), (1, "B", 2)]);
    assert_eq!(input.receipts[1].lines[0].unit_price.to_string(), "2.8");
    assert_eq!((input.rejected.len(), input.sales_rows), (0, 4));
}

#[test]
fn each_bad_row_is_named_with_its_line_and_reason() {
    let good = "5,OK,2019-04-01T07:00:00,12,22,1,2.00\n";
    for (row, reason) in [
        ("5,X,2019-04-01T07:00:00,12,22,ERROR,2.00", "quantity is ERROR"),
        ("5,X,2019-04-01T07:00:00,12,22,,2.00", "quantity is missing"),
        ("5,X,2019-04-01T07:00:00,12,22,1.5,2.00", "quantity is not whole: 1.5"),
        ("5,X,2019-04-01T07:00:00,12,22,0,2.00", "quantity is not between 1 and 9999: 0"),
        ("5,X,2019-04-01T07:00:00,12,22,-2,2.00", "quantity is not between 1 and 9999: -2"),
        ("5,X,2019-04-01T07:00:00,12,22,99999,2.00", "quantity is not between 1 and 9999: 99999"),
        ("5,X,2019-04-01T07:00:00,12,22,two,2.00", "quantity is no number: \"two\""),
        ("5,X,2019-04-01T07:00:00,12,22,1,2.005", "unit_price has more than two decimals: 2.005"),
        ("5,X,2019-04-01T07:00:00,12,22,1,-2", "unit_price is negative: -2"),
        ("5,X,2019-04-01T07:00:00,12,22,1,free", "unit_price is no amount: \"free\""),
        ("5,X,2019-04-01T07:00:00,12,22,1,UNKNOWN", "unit_price is UNKNOWN"),
        ("5,X,yesterday,12,22,1,2.00", "at: \"yesterday\" is no time like 2026-04-01T07:01:20"),
        ("5,X,2019-04-01T07:00:00,,22,1,2.00", "staff is missing"),
        ("5,X,2019-04-01T07:00:00,12,999,1,2.00", "product 999 is not in the products' list"),
        ("9,X,2019-04-01T07:00:00,12,22,1,2.00", "outlet 9 is not in the outlets' list"),
        (",X,2019-04-01T07:00:00,12,22,1,2.00", "outlet is missing"),
        ("5,,2019-04-01T07:00:00,12,22,1,2.00", "receipt is missing"),
        ("5,X,2019-04-01T07:00:00,12,22,1", "it has 6 cells instead of 7"),
    ] {
        let input = read_sales(&format!("{good}{row}\n"));
        assert_eq!(reasons(&input), [(3, reason)], "{row}");
        assert_eq!(input.receipts.len(), 1, "{row}: the rest goes on");
    }
}

#[test]
fn nothing_is_half_sold() {
    let input = read_sales(
        "5,A,2019-04-01T07:00:00,12,22,1,2.00\n\
         5,A,2019-04-01T07:00:00,12,22,ERROR,2.00\n\
         5,A,2019-04-01T07:00:00,12,30,1,3.00\n\
         5,B,2019-04-01T07:00:00,12,30,1,3.00\n\
         5,C,2019-04-01T07:00:00,12,30,1,3.00\n\
         5,C,2019-04-01T07:00:00,12,30\n\
         3,A,2019-04-01T07:00:00,12,30,1,3.00\n",
    );
    let sold: Vec<_> = input.receipts.iter().map(|r| (r.outlet, r.number.as_str())).collect();
    assert_eq!(sold, [(0, "A"), (1, "B")], "the same number elsewhere is another receipt");
    assert_eq!(
        reasons(&input),
        [
            (2, "its receipt has a bad row: line 3"),
            (3, "quantity is ERROR"),
            (4, "its receipt has a bad row: line 3"),
            (6, "its receipt has a bad row: line 7"),
            (7, "it has 5 cells instead of 7"),
        ]
    );
}

#[test]
fn a_row_that_names_no_outlet_spoils_every_receipt_of_its_number() {
    let input = read_sales(
        "5,A,2019-04-01T07:00:00,12,22,1,2.00\n\
         ERROR,A,2019-04-01T07:00:00,12,22,1,2.00\n\
         5,B,2019-04-01T07:00:00,12,30,1,3.00\n",
    );
    assert_eq!(input.receipts.len(), 1);
    assert_eq!(input.rejected.len(), 2);
}

#[test]
fn a_number_that_comes_back_on_another_day_is_not_merged() {
    let input = read_sales(
        "5,1,2019-04-01T07:00:00,12,22,1,2.00\n\
         5,1,2019-04-02T07:00:00,12,22,1,2.00\n\
         5,2,2019-04-02T07:00:00,12,22,1,2.00\n",
    );
    assert_eq!((input.receipts.len(), input.rejected.len()), (1, 2));
}

#[test]
fn columns_may_come_in_any_order_but_must_be_there() {
    let shuffled = "unit_price,note,quantity,product,staff,at,receipt,outlet\n\
                    2.00,,1,22,12,2019-04-01T07:00:00,A,5\n";
    let files = files(shuffled, PRODUCTS, OUTLETS);
    assert_eq!(read(&listed(&files)).unwrap().receipts.len(), 1);
    let error = read(&Sources { sales: files.paths[1].clone(), ..listed(&files) }).unwrap_err();
    assert!(
        error.to_string().ends_with("no column outlet, receipt, at, staff, quantity, unit_price")
    );
}

#[test]
fn bad_rows_of_the_lists_are_named_too_and_what_refers_to_them_is_not_sold() {
    let products = "product,name,category,price\n22,Drip,Coffee,2.00\n30,,Coffee,3.00\n";
    let sales = format!(
        "{HEADER}5,A,2019-04-01T07:00:00,12,22,1,2.00\n5,B,2019-04-01T07:00:00,12,30,1,3.00\n"
    );
    let files = files(&sales, products, OUTLETS);
    let input = read(&listed(&files)).unwrap();
    let files: Vec<_> =
        input.rejected.iter().map(|row| row.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(files, ["products.csv", "sales.csv"]);
    assert_eq!(input.receipts.len(), 1);
}

/// Columns under other names, and without lists: as a stranger's export has them.
#[test]
fn columns_can_be_mapped_and_lists_left_out() {
    let sales = "Number,Item,Qty,Each,Sum,Day,Where\n\
                 T1,Latte,2,1.5,3.0,2023-09-08,Takeaway\n\
                 T2,Latte,2,1.5,4.0,2023-09-08,Takeaway\n\
                 T3,Tea,1,1.5,ERROR,2023-09-08,Takeaway\n\
                 T4,UNKNOWN,1,1.5,1.5,2023-09-08,Takeaway\n\
                 T5,Tea,1,1.5,1.5,2023-09-08,\n\
                 T6,Tea,1,1.5,1.5,2023-09-09,In-store\n";
    let files = files(sales, PRODUCTS, OUTLETS);
    let said = |all: &[&str]| all.iter().map(|text| text.parse().unwrap()).collect();
    let columns = Columns {
        renamed: said(&[
            "receipt=number",
            "product=Item",
            "quantity=Qty",
            "unit_price=Each",
            "total=Sum",
            "at=Day",
        ]),
        fixed: said(&["outlet=Corner", "staff=1"]),
        required: vec!["Where".to_owned()],
    };
    let from = Sources { products: None, outlets: None, columns, ..listed(&files) };
    let input = read(&from).unwrap();
    assert_eq!(
        reasons(&input),
        [
            (3, "total is 4, but 2 × 1.5 is 3"),
            (4, "total is ERROR"),
            (5, "product is UNKNOWN"),
            (6, "Where is missing"),
        ]
    );
    let numbers: Vec<_> = input.receipts.iter().map(|receipt| receipt.number.as_str()).collect();
    assert_eq!(numbers, ["T1", "T6"]);
    assert_eq!(input.products.keys().collect::<Vec<_>>(), ["Latte", "Tea"]);
    assert_eq!(input.outlets.len(), 1);

    let wrong = Columns { required: vec!["Colour".to_owned()], ..from.columns.clone() };
    let error = read(&Sources { columns: wrong, ..from }).unwrap_err();
    assert!(error.to_string().ends_with("no column Colour"), "{error}");
    for wrong in ["receipt", "colour=Red", "receipt="] {
        assert!(wrong.parse::<Said>().is_err(), "{wrong}");
    }
}

/// As other systems write them: carriage returns, blank lines, quotes.
#[test]
fn lines_are_told_right_whatever_ends_them() {
    let sales = format!(
        "{HEADER}5,A,2019-04-01T07:00:00,12,\"22\",1,\"2.00\"\n\n\
         5,B,2019-04-01T07:00:00,12,22,ERROR,2.00\n\
         5,C,2019-04-01T07:00:00,12,22,1,\n"
    );
    for sales in [sales.clone(), sales.replace('\n', "\r\n")] {
        let files = files(&sales, PRODUCTS, &OUTLETS.replace('\n', "\r\n"));
        let input = read(&listed(&files)).unwrap();
        assert_eq!(reasons(&input), [(4, "quantity is ERROR"), (5, "unit_price is missing")]);
        assert_eq!((input.receipts.len(), input.sales_rows), (1, 3));
    }
}
