//! A ticket as a till prints it, before its sale has a number.

use std::fmt::Write as _;

use schemas::{
    Currency,
    catalogue::Seller,
    edge_api::SaleReceipt,
    events::{AppliedDiscount, SaleLine, TenderMethod},
};

/// Characters on a line of the roll.
const WIDTH: usize = 42;
/// What stands where the invoice number will.
const NO_NUMBER: &str = "Official invoice number will be\nassigned upon sync.";

/// The ticket as lines of text, in a frame.
pub(super) fn print(seller: &Seller, receipt: &SaleReceipt) -> String {
    let mut roll = Roll::default();
    roll.text(&seller.name);
    roll.text(&seller.branch_name);
    roll.text(&seller.address);
    roll.rule();
    roll.text(receipt.ticket_id.as_str());
    roll.text(&receipt.finalized_at.to_string());
    roll.rule();
    for line in &receipt.totals.lines {
        sale_line(&mut roll, line);
    }
    roll.rule();
    figures(&mut roll, receipt);
    roll.rule();
    roll.text(NO_NUMBER);
    roll.framed()
}

fn sale_line(roll: &mut Roll, line: &SaleLine) {
    let what = format!("{} x {}", line.quantity.get(), line.name);
    roll.figure(&what, &format!("{:.2}", line.base_amount_usd.amount()));
    for add_on in &line.add_ons {
        roll.text(&format!("    + {}", add_on.name));
    }
    if !line.discount_usd.amount().is_zero() {
        let less = format!("-{:.2}", line.discount_usd.amount());
        roll.figure(&format!("    {}", names(&line.discounts)), &less);
    }
}

fn figures(roll: &mut Roll, receipt: &SaleReceipt) {
    let totals = &receipt.totals;
    roll.figure("Subtotal", &format!("{:.2}", totals.subtotal_usd.amount()));
    if !totals.discounts.branch_discount_usd.amount().is_zero() {
        let less = format!("-{:.2}", totals.discounts.branch_discount_usd.amount());
        roll.figure(&names(&totals.discounts.branch_discounts), &less);
    }
    if totals.vat.enabled {
        let vat = format!("VAT {} %", totals.vat.rate_percent);
        roll.figure(&vat, &format!("{:.2}", totals.vat.amount_usd.amount()));
    }
    roll.figure("Total USD", &format!("{:.2}", totals.grand_total_usd.amount()));
    roll.figure("Payable KHR", &totals.payable_khr.amount().normalize().to_string());
    let tender = &receipt.tender;
    let decimals = if tender.currency == Currency::Usd { 2 } else { 0 };
    let code = tender.currency.code();
    let paid = format!("{:.decimals$}", tender.received);
    match tender.method {
        TenderMethod::Cash => {
            roll.figure(&format!("Cash {code}"), &paid);
            roll.figure(&format!("Change {code}"), &format!("{:.decimals$}", tender.change));
        }
        TenderMethod::Khqr => roll.figure(&format!("KHQR {code}"), &paid),
        TenderMethod::Account => roll.figure(&format!("On account {code}"), &paid),
    }
}

fn names(discounts: &[AppliedDiscount]) -> String {
    let names: Vec<String> = discounts
        .iter()
        .map(|discount| format!("{} {} %", discount.name, discount.percent))
        .collect();
    names.join(", ")
}

/// Paper.
#[derive(Default)]
struct Roll(Vec<String>);

impl Roll {
    fn text(&mut self, text: &str) {
        for line in text.lines() {
            self.0.push(line.chars().take(WIDTH).collect());
        }
    }

    fn figure(&mut self, what: &str, figure: &str) {
        let room = WIDTH.saturating_sub(figure.chars().count() + 1);
        let what: String = what.chars().take(room).collect();
        self.0.push(format!("{what:room$} {figure}"));
    }

    fn rule(&mut self) {
        self.0.push("-".repeat(WIDTH));
    }

    fn framed(self) -> String {
        let edge = "─".repeat(WIDTH + 2);
        let mut text = format!("  ┌{edge}┐\n");
        for line in self.0 {
            // Writing to a String does not fail.
            let _ = writeln!(text, "  │ {line:WIDTH$} │");
        }
        text + &format!("  └{edge}┘")
    }
}
