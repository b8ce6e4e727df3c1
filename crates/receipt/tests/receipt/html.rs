//! The HTML document.

use receipt::{Language, Paper, Receipt};
use serde_json::json;

use crate::sample::{sale, ticket, view, voided_copy};

#[test]
fn a_ticket_on_80_mm() {
    insta::assert_snapshot!(ticket().html(view(Language::En), Paper::Mm80));
}

#[test]
fn a_numbered_voided_copy_in_khmer_on_58_mm() {
    insta::assert_snapshot!(voided_copy().html(view(Language::Km), Paper::Mm58));
}

#[test]
fn whatever_is_stored_says_only_itself() {
    const HOSTILE: &str = "</p><script>alert('1')</script>&amp;\"\u{0}\u{202e}";
    let hostile = sale(|sale| {
        for field in ["name", "branch_name", "address", "tin"] {
            sale["seller"][field] = json!(HOSTILE);
        }
        sale["cashier_name"] = json!(HOSTILE);
        sale["ticket_id"] = json!("<b>'\"&");
        sale["lines"][0]["name"] = json!(HOSTILE);
        sale["lines"][0]["add_ons"][0]["name"] = json!(HOSTILE);
        sale["lines"][0]["discounts"][0]["name"] = json!(HOSTILE);
        sale["discounts"]["branch_discounts"][0]["name"] = json!(HOSTILE);
    });
    let html = Receipt::from_entry(&hostile, None, true).html(view(Language::En), Paper::Mm58);
    let shown = "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;&quot; ";
    assert_eq!(html.matches(shown).count(), 9, "{html}");
    assert_eq!(html.matches("&lt;b&gt;&#39;&quot;&amp;").count(), 2, "in the title and the text");
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(!html.contains(['\u{0}', '\u{202e}']));
}

#[test]
fn a_page_is_as_wide_as_the_roll_and_grows_with_the_sale() {
    let height = |receipt: &Receipt, paper: Paper| -> u32 {
        let html = receipt.html(view(Language::En), paper);
        let (_, size) = html.split_once("@page{size:").unwrap();
        let (width, rest) = size.split_once("mm ").unwrap();
        assert_eq!(width, paper.millimetres().to_string());
        rest.split_once("mm;").unwrap().0.parse().unwrap()
    };
    let many = sale(|sale| {
        let line = sale["lines"][1].clone();
        let lines = sale["lines"].as_array_mut().unwrap();
        lines.extend(std::iter::repeat_n(line, 100));
    });
    let many = Receipt::from_entry(&many, None, false);
    assert!(height(&many, Paper::Mm80) >= height(&ticket(), Paper::Mm80) + 500);
    assert!(height(&many, Paper::Mm58) >= height(&many, Paper::Mm80));
}
