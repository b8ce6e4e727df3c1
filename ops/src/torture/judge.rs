//! The verdict: every check of `verify`, and the harness's own witness beside the
//! books and the stores.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use futures::TryStreamExt;
use schemas::{TicketId, events::SaleStatus};
use serde::Serialize;
use store::verify::{BookedSale, sales_of};

use super::{
    site::Site,
    witness::{Answered, Seen, Undone, Witness},
};
use crate::commands::verify::{self, Strictness, Verdict};

/// The most findings that are told; the rest are counted.
pub(super) const MOST_TOLD: usize = 20;

/// What was found when everything was at rest.
#[derive(Debug, Clone, Serialize)]
pub struct Judgement {
    /// Every check of `verify`.
    pub verify: Verdict,
    /// What the books, or a store, say otherwise than the witness, in words.
    pub findings: Vec<String>,
    /// Sales in the books.
    pub booked: u64,
    /// Sales that were answered to a till.
    pub answered: u64,
}

impl Judgement {
    /// Whether nothing was lost, doubled or misnumbered.
    pub fn ok(&self) -> bool {
        self.verify.ok && self.findings.is_empty()
    }
}

/// The numbers that each store's edge shows for its tickets.
type Shown = HashMap<TicketId, Option<u64>>;

/// Looks at everything; it must be at rest.
pub(super) async fn judge(
    site: &Site,
    witness: &Witness,
    strictness: Strictness,
) -> anyhow::Result<Judgement> {
    let verify = verify::verify(&site.pool, &site.edges(), strictness).await?;
    let mut shown = Shown::new();
    let mut findings = Vec::new();
    let set_aside: u64 = verify.checks.iter().map(|check| check.count("quarantined")).sum();
    if set_aside > 0 {
        findings.push(format!("{set_aside} honest sales are in quarantine"));
    }
    for shop in &site.shops {
        if let Some(why) = shop.sync().await?.held {
            findings.push(format!("the {} is held: {why}", shop.edge.name));
        }
        let edge = shop.operator()?;
        let rows: Vec<_> = edge.tickets().try_collect().await?;
        for row in rows {
            if let Some(no) = row.invoice_no {
                witness.seen().shows(&row.ticket_id, no);
            }
            shown.insert(row.ticket_id, row.invoice_no);
        }
    }
    let mut conn = site.pool.acquire().await.context("the books cannot be reached")?;
    let booked: Vec<BookedSale> = sales_of(&mut conn, site.company.tenant_id).try_collect().await?;
    let seen = witness.seen().clone();
    findings.extend(compare(&seen, &booked, &shown));
    Ok(Judgement {
        verify,
        findings,
        booked: booked.len() as u64,
        answered: seen.answered.len() as u64,
    })
}

/// What does not agree.
fn compare(seen: &Seen, booked: &[BookedSale], shown: &Shown) -> Vec<String> {
    let mut wrong = seen.wrong.clone();
    let mut by_ticket: HashMap<&TicketId, &BookedSale> = HashMap::new();
    let mut by_number: BTreeMap<u64, &TicketId> = BTreeMap::new();
    for sale in booked {
        let ticket = &sale.ticket_id;
        if by_ticket.insert(ticket, sale).is_some() {
            wrong.push(format!("ticket {ticket} is in the books more than once"));
        }
        if !seen.asked.contains_key(ticket) {
            wrong.push(format!("ticket {ticket} is in the books, and nobody asked for it"));
        }
        if let Some(why) = seen.refused.get(ticket) {
            wrong.push(format!("ticket {ticket} is in the books, and was refused: {why}"));
        }
        match sale.invoice_no {
            Some(no) => {
                if let Some(other) = by_number.insert(no, ticket) {
                    wrong.push(format!("No. {no} is that of {other} and of {ticket}"));
                }
            }
            None => wrong.push(format!("ticket {ticket} has no number")),
        }
    }
    for (place, no) in (1..).zip(by_number.keys()) {
        if *no != place {
            wrong.push(format!("No. {place} is missing, the next is No. {no}"));
            break;
        }
    }
    for (ticket, answer) in &seen.answered {
        match by_ticket.get(ticket) {
            Some(sale) => wrong.extend(differences(ticket, answer, sale)),
            None => wrong.push(format!("ticket {ticket} was answered and is not in the books")),
        }
        let number = by_ticket.get(ticket).and_then(|sale| sale.invoice_no);
        if answer.at_edge && number.is_some() && shown.get(ticket).copied().flatten() != number {
            let there = shown.get(ticket);
            wrong.push(format!("ticket {ticket} is No. {number:?}, at its edge {there:?}"));
        }
    }
    for (ticket, no) in &seen.shown {
        let number = by_ticket.get(ticket).and_then(|sale| sale.invoice_no);
        if number != Some(*no) {
            wrong.push(format!("ticket {ticket} was shown as No. {no}, the books say {number:?}"));
        }
    }
    for (ticket, why) in &seen.refused {
        wrong.push(format!("ticket {ticket} was refused though nothing was wrong with it: {why}"));
    }
    wrong
}

/// Where the books say otherwise than the till was told.
fn differences(ticket: &TicketId, answer: &Answered, sale: &BookedSale) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, is_same: bool, told: String, booked: String| {
        if !is_same {
            let text = format!("ticket {ticket}: {what} was told as {told} and booked as {booked}");
            wrong.push(text);
        }
    };
    let (told, booked) = (answer.sale_id, sale.sale_id);
    same("the sale", told == booked, told.to_string(), booked.to_string());
    let (told, booked) = (answer.branch_id, sale.branch_id);
    same("the store", told == booked, told.to_string(), booked.to_string());
    let (told, booked) = (answer.grand_total_usd, sale.grand_total_usd);
    same("the total", told == booked, format!("{told:?}"), format!("{booked:?}"));
    if let Some(told) = answer.payable_khr {
        let booked = sale.payable_khr;
        same("what is paid in riel", told == booked, format!("{told:?}"), format!("{booked:?}"));
    }
    if let Some(told) = &answer.paid {
        let booked =
            (sale.tender_method, sale.tender_currency, sale.tender_received, sale.tender_change);
        let as_told = (told.method, told.currency, told.received, told.change);
        same("the payment", as_told == booked, format!("{as_told:?}"), format!("{booked:?}"));
    }
    let undone = sale.status == SaleStatus::Voided;
    let (told, booked) = (format!("{:?}", answer.undone), format!("{:?}", sale.status));
    same("its void", (answer.undone == Undone::Yes) == undone, told, booked);
    wrong
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rust_decimal::Decimal;
    use schemas::{BranchId, Currency, Khr, SaleId, Usd, events::TenderMethod};
    use uuid::Uuid;

    use super::*;
    use crate::torture::witness::Paid;

    fn ticket(no: u64) -> TicketId {
        TicketId::parse(format!("t{no}")).unwrap()
    }

    fn answered(no: u64) -> Answered {
        Answered {
            branch_id: BranchId::from_uuid(Uuid::nil()),
            sale_id: SaleId::from_uuid(Uuid::from_u128(no.into())),
            grand_total_usd: Usd(Decimal::from(no)),
            payable_khr: Some(Khr(Decimal::from(4_100 * no))),
            paid: Some(Paid {
                method: TenderMethod::Cash,
                currency: Currency::Usd,
                received: Decimal::from(10),
                change: Decimal::from(10 - no),
            }),
            undone: Undone::No,
            at_edge: true,
        }
    }

    fn booked(no: u64) -> BookedSale {
        BookedSale {
            ticket_id: ticket(no),
            branch_id: BranchId::from_uuid(Uuid::nil()),
            sale_id: SaleId::from_uuid(Uuid::from_u128(no.into())),
            status: SaleStatus::Finalized,
            grand_total_usd: Usd(Decimal::from(no)),
            payable_khr: Khr(Decimal::from(4_100 * no)),
            tender_method: TenderMethod::Cash,
            tender_currency: Currency::Usd,
            tender_received: Decimal::from(10),
            tender_change: Decimal::from(10 - no),
            invoice_no: Some(no),
        }
    }

    /// Three sales that were answered, booked, and shown with their numbers; then
    /// what `differ` does to them.
    fn found(differ: impl FnOnce(&mut Seen, &mut Vec<BookedSale>, &mut Shown)) -> Vec<String> {
        let (mut seen, mut sales, mut shown) = (Seen::default(), Vec::new(), Shown::new());
        for no in 1..=3 {
            seen.asks(&ticket(no), BranchId::from_uuid(Uuid::nil()));
            seen.answers(&ticket(no), answered(no));
            seen.shows(&ticket(no), no);
            sales.push(booked(no));
            shown.insert(ticket(no), Some(no));
        }
        differ(&mut seen, &mut sales, &mut shown);
        compare(&seen, &sales, &shown)
    }

    #[test]
    fn what_agrees_is_not_told() {
        assert_eq!(found(|_, _, _| {}), Vec::<String>::new());
        // The same answer again, and a void that the books have too.
        let same = found(|seen, sales, _| {
            seen.answers(&ticket(2), answered(2));
            seen.undoes(&ticket(2));
            seen.answers(&ticket(2), answered(2));
            sales[1].status = SaleStatus::Voided;
        });
        assert_eq!(same, Vec::<String>::new());
    }

    type Differ = fn(&mut Seen, &mut Vec<BookedSale>, &mut Shown);

    #[test]
    fn whatever_does_not_agree_is_told() {
        let cases: [(&str, Differ); 16] = [
            ("t3 was answered and is not in the books", |_, sales, _| drop(sales.pop())),
            ("t2 is in the books more than once", |_, sales, _| {
                sales.push(BookedSale { invoice_no: Some(4), ..booked(2) });
            }),
            ("t4 is in the books, and nobody asked", |_, sales, _| sales.push(booked(4))),
            ("t3 has no number", |_, sales, _| sales[2].invoice_no = None),
            ("No. 1 is that of t1 and of t3", |_, sales, _| sales[2].invoice_no = Some(1)),
            ("No. 3 is missing", |_, sales, _| sales[2].invoice_no = Some(4)),
            ("t1: the sale was told", |_, sales, _| sales[0].sale_id = booked(2).sale_id),
            ("t1: the store was told", |_, sales, _| {
                sales[0].branch_id = BranchId::from_uuid(Uuid::max());
            }),
            ("t1: the total was told", |_, sales, _| sales[0].grand_total_usd = Usd::ZERO),
            ("t1: what is paid in riel", |_, sales, _| sales[0].payable_khr = Khr::ZERO),
            ("t1: the payment was told", |_, sales, _| sales[0].tender_change = Decimal::ZERO),
            ("t1: its void was told", |_, sales, _| sales[0].status = SaleStatus::Voided),
            ("t1: its void was told as Yes", |seen, _, _| seen.undoes(&ticket(1))),
            ("at its edge Some(Some(9))", |_, _, shown| {
                shown.insert(ticket(2), Some(9));
            }),
            ("t2 was shown as No. 2, later as No. 5", |seen, _, _| seen.shows(&ticket(2), 5)),
            ("t2 was refused though", |seen, _, _| seen.refuses(&ticket(2), "no".to_owned())),
        ];
        for (told, differ) in cases {
            let wrong = found(differ);
            assert!(wrong.iter().any(|text| text.contains(told)), "{told}: {wrong:?}");
        }
        let other = Answered { sale_id: booked(3).sale_id, ..answered(1) };
        let wrong = found(|seen, _, _| seen.answers(&ticket(1), other));
        assert!(wrong.iter().any(|text| text.contains("t1 was answered as")), "{wrong:?}");
    }
}
