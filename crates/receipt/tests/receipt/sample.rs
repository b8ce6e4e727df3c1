//! Sales that have one of everything.

use receipt::{Language, Line, Numbered, Receipt, View};
use schemas::{Sha256Hash, events::SaleFinalizedV1};
use serde_json::{Value, json};
use time::UtcOffset;

/// Khmer for "iced coffee with milk": has subscripts and vowels on all sides.
pub const KHMER_NAME: &str = "កាហ្វេទឹកដោះគោទឹកកក";

/// The golden sale, changed.
pub fn sale(change: impl FnOnce(&mut Value)) -> SaleFinalizedV1 {
    let golden = include_str!("../../../../schemas/golden/sale.finalized.v1.json");
    let mut sale: Value = serde_json::from_str(golden).unwrap();
    change(&mut sale);
    serde_json::from_value(sale).unwrap()
}

pub fn numbered() -> Numbered {
    Numbered {
        no: 344,
        printed: Some("MEK-2026-000344".to_owned()),
        chain_hash: Sha256Hash::from_bytes([0xa7; 32]),
    }
}

/// Paid by KHQR, with a number, printed again, and undone since.
pub fn voided_copy() -> Receipt {
    let sale = sale(|sale| {
        sale["lines"][0]["name"] = json!(KHMER_NAME);
        sale["seller"]["tin"] = Value::Null;
        sale["khr_rounding"]["enabled"] = json!(false);
        sale["vat"]["enabled"] = json!(false);
        sale["tender"] = json!({
            "method": "KHQR", "currency": "USD", "received": "12.27", "change": "0",
            "khqr": {
                "khqr_md5": "d41d8cd98f00b204e9800998ecf8427e",
                "khqr_hash": "8465d722d7d5065f2886f0a474a4d34dc6a7855355b611836f7b6111228893e9",
                "khqr_to_account_id": "mekong@bank",
                "khqr_confirmed_at": "2026-11-21T09:29:58.000000Z",
            },
        });
    });
    Receipt::from_entry(&sale, Some(&numbered()), true)
        .with_status(schemas::events::SaleStatus::Voided)
}

/// A ticket of the golden sale.
pub fn ticket() -> Receipt {
    Receipt::from_entry(&sale(|_| {}), None, false)
}

/// As it is seen in Phnom Penh.
pub fn view(language: Language) -> View {
    View { language, offset: UtcOffset::from_hms(7, 0, 0).unwrap() }
}

/// Lines as a person would read them.
pub fn read(lines: &[Line]) -> String {
    let shown = |line: &Line| match line {
        Line::Title(text) => format!("# {text}"),
        Line::Centered(text) => format!("  {text}"),
        Line::Notice(text) => format!("! {text}"),
        Line::Strong(text) => format!("**{text}**"),
        Line::Text(text) => text.clone(),
        Line::Pair { what, figure, strong: false } => format!("{what} | {figure}"),
        Line::Pair { what, figure, strong: true } => format!("**{what} | {figure}**"),
        Line::Detail(what, None) => format!("    {what}"),
        Line::Detail(what, Some(figure)) => format!("    {what} | {figure}"),
        Line::Rule => "---".to_owned(),
    };
    lines.iter().map(shown).collect::<Vec<_>>().join("\n")
}
