//! What a test can ask of the stage.
//!
//! | command | does | answers |
//! |---|---|---|
//! | `cut-line`, `mend-line` | the store's line to the centre | |
//! | `kill-edge` | `SIGKILL` | |
//! | `start-edge` | the same port and disk again | when it serves |
//! | `pause-edge`, `resume-edge` | it stands still, connections stay open | |
//! | `sell-elsewhere N` | the other store sells | its tickets |
//! | `numbered TICKET` | waits for its number | `{no, number}` |
//! | `books` | the store's sales in the books, newest first | `[{ticket, sale, no, status}]` |
//! | `exceptions` | what a person should look at, in the store | `[{kind, detail}]` |
//! | `pay MD5 AMOUNT CURRENCY ACCOUNT` | a customer pays a KHQR code | |
//! | `raise-prices` | everything costs 0.10 more from now on | the catalogue's version |
//! | `verify` | waits until nothing is on its way, then every check | `{ok, failed}` |
//! | `quit` | ends | nothing |

use std::time::Duration;

use anyhow::{Context, bail};
use ops::{
    commands::verify::{Strictness, verify},
    company::Shopper,
    drive::drawer::hand_over,
};
use rust_decimal::Decimal;
use schemas::{
    TicketId, Timestamp, Usd,
    edge_api::{FinalizeSale, TenderOffer},
    events::TenderMethod,
};
use serde_json::{Value, json};
use store::{
    back_office::{self, Place, Span},
    catalogues, invoices,
};
use supervise::bakong::Payment;
use uuid::Uuid;

use crate::stage::{Stage, look, now};

/// How long a number, or the last sale on its way, may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most rows of the books that are looked at.
const MOST_ROWS: u32 = 10_000;

/// Does what a line of stdin says.
///
/// # Errors
/// If it cannot be done; the stage goes on.
pub(crate) async fn obey(stage: &mut Stage, words: &[&str]) -> anyhow::Result<Value> {
    match *words {
        ["cut-line"] => stage.line.cut(),
        ["mend-line"] => stage.line.restore(),
        ["kill-edge"] => stage.edge.kill()?,
        ["pause-edge"] => stage.edge.pause()?,
        ["resume-edge"] => stage.edge.resume()?,
        ["start-edge"] => {
            stage.edge.restart()?;
            stage.serves().await?;
        }
        ["sell-elsewhere", count] => return sell_elsewhere(stage, count.parse()?).await,
        ["numbered", ticket] => return numbered(stage, &TicketId::parse(ticket)?).await,
        ["books"] => return books(stage).await,
        ["exceptions"] => return exceptions(stage).await,
        ["pay", md5, amount, currency, account] => {
            let payment = Payment {
                from_account_id: Some("customer@bank".to_owned()),
                to_account_id: Some(account.to_owned()),
                currency: Some(currency.to_owned()),
                amount: Some(amount.to_owned()),
            };
            stage.stack.bakong().pay(md5, payment);
        }
        ["raise-prices"] => return raise_prices(stage).await,
        ["verify"] => return verified(stage).await,
        _ => bail!("there is no such command: {words:?}"),
    }
    Ok(Value::Null)
}

async fn sell_elsewhere(stage: &Stage, count: u64) -> anyhow::Result<Value> {
    let seat = &stage.elsewhere;
    let mut tickets = Vec::new();
    for nth in 0..count {
        let cart = Shopper::new(nth, &stage.other_store().catalogue).cart();
        let quote = seat.till.quote(&cart).await?;
        let sale = FinalizeSale {
            device_id: seat.device_id,
            cash_session_id: seat.session,
            customer_id: None,
            cart,
            tender: TenderOffer {
                method: TenderMethod::Cash,
                received: hand_over(&quote, nth.is_multiple_of(2)),
            },
            draft_id: None,
            shown: None,
        };
        let ticket = TicketId::mint(now(), rand::random());
        seat.till.sell(&ticket, &sale).await?;
        tickets.push(ticket);
    }
    Ok(json!(tickets))
}

/// The number of a ticket, as soon as it has one.
async fn numbered(stage: &Stage, ticket: &TicketId) -> anyhow::Result<Value> {
    let mut conn = stage.stack.pool().acquire().await.map_err(store::Error::from)?;
    let invoice = look(PATIENCE, async || {
        Ok(invoices::by_ticket(&mut conn, stage.company.tenant_id, ticket).await?)
    });
    let invoice = invoice.await?;
    let invoice = invoice
        .with_context(|| format!("{ticket} has no number after {} s", PATIENCE.as_secs()))?;
    Ok(json!({ "no": invoice.no, "number": invoice.printed }))
}

async fn books(stage: &Stage) -> anyhow::Result<Value> {
    let mut conn = stage.stack.pool().acquire().await.map_err(store::Error::from)?;
    let rows = back_office::tickets(&mut conn, stage.here().branch_id, everything()).await?;
    let rows = rows.iter().map(|row| {
        json!({
            "ticket": row.ticket_id, "sale": row.sale_id, "no": row.invoice_no,
            "status": row.status,
        })
    });
    Ok(rows.collect())
}

async fn exceptions(stage: &Stage) -> anyhow::Result<Value> {
    let mut conn = stage.stack.pool().acquire().await.map_err(store::Error::from)?;
    let rows = back_office::exceptions(&mut conn, stage.here().branch_id, everything()).await?;
    let rows = rows
        .iter()
        .map(|row| json!({ "kind": row.kind, "ticket": row.ticket_id, "detail": row.detail }));
    Ok(rows.collect())
}

/// The newest rows of all times.
fn everything() -> Span {
    let end = Timestamp::from_unix_micros(i64::MAX);
    Span {
        from: Timestamp::from_unix_micros(0),
        to: end,
        after: Place { at: end, id: Uuid::max() },
        limit: MOST_ROWS,
    }
}

/// Publishes the menu with everything 0.10 dearer; the version that it has.
async fn raise_prices(stage: &mut Stage) -> anyhow::Result<Value> {
    for item in &mut stage.here_mut().catalogue.items {
        item.price_usd = Usd(item.price_usd.amount() + Decimal::new(10, 2));
    }
    let menu = stage.here().catalogue.clone();
    let mut tx = stage.stack.pool().begin().await.map_err(store::Error::from)?;
    let published = catalogues::publish(&mut tx, menu, now()).await?;
    tx.commit().await.map_err(store::Error::from)?;
    Ok(json!(published.reference.version))
}

/// Waits until every sale that an edge has is numbered and known there, and makes
/// every check.
async fn verified(stage: &Stage) -> anyhow::Result<Value> {
    let strictness = Strictness { settled: true, ..Strictness::default() };
    let mut last = None;
    look(PATIENCE, async || {
        let verdict = verify(stage.stack.pool(), &stage.edges(), strictness).await?;
        let ok = verdict.ok;
        last = Some(verdict);
        Ok(ok.then_some(()))
    })
    .await?;
    let verdict = last.context("nothing was checked")?;
    let failed: Vec<_> = verdict.checks.iter().filter(|check| !check.ok).collect();
    Ok(json!({ "ok": verdict.ok, "checks": verdict.checks.len(), "failed": failed }))
}
