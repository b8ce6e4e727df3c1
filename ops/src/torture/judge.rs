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
    for shop in &site.shops {
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
    Ok(Judgement {
        verify,
        findings: compare(&seen, &booked, &shown),
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
