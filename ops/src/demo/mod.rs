//! The main job, shown on a terminal: three stores sell from several devices;
//! one loses its line, sells on and prints tickets; the shift changes, and drawers
//! are counted there too; the line returns and the numbers arrive; in the end the
//! books are verified. Customers pay in dollars, in riel and by KHQR, which needs
//! the line; some sales are voided.
//!
//! The carts are the same in every run; tickets are not, so that the demo can be
//! shown again on the same data. It keeps nothing of its own: one that is
//! interrupted leaves real sales, which the stack carries on, and open drawers,
//! which the next one closes.

mod counter;
mod screen;
mod tally;
mod ticket;
mod till;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use schemas::{Clock, EdgeId, TicketId};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    commands::{
        reach::address,
        verify::{self, Strictness, Verdict},
    },
    company::{self, Company},
    drive::khqr::Bank,
    stack::{EdgePlan, Stack},
};
use counter::Counter;
use screen::Screen;

/// How long all stores sell with their lines up.
const TOGETHER: Duration = Duration::from_secs(6);
/// How long one of them has no line, and when the shift changes in it.
const CUT_OFF: Duration = Duration::from_secs(9);
const SHIFT_CHANGES: Duration = Duration::from_secs(5);
/// How long they sell on after it has returned.
const AFTERWARDS: Duration = Duration::from_secs(4);
/// How long the last numbers may take.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// Which store loses its line.
const CUT_STORE: usize = 1;
/// Tickets that are shown whole.
const SHOWN_TICKETS: usize = 2;
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// Puts the demo company into the books, with a token for its back office, and
/// starts its edges. What is there
/// already stays as it is.
///
/// # Errors
/// If the books refuse it or an edge does not start.
pub async fn set_up(stack: &mut Stack, clock: Arc<dyn Clock>) -> anyhow::Result<Company> {
    let company = company::demo();
    company::seed(stack.pool(), company.clone(), Arc::clone(&clock)).await?;
    company::back_office_token(stack.pool(), stack.data_dir(), company.tenant_id, clock.as_ref())
        .await?;
    for store in &company.stores {
        let plan = EdgePlan {
            name: store.name.clone(),
            tenant_id: company.tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
        };
        stack.add_edge(plan).await?;
    }
    Ok(company)
}

/// Shows the main job and returns what `verify` says in the end. Ends early,
/// without a verdict, when `shutdown` is cancelled.
///
/// # Errors
/// If an edge refuses to sell, or the books cannot be read.
pub async fn show(
    stack: &Stack,
    company: &Company,
    clock: Arc<dyn Clock>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Verdict>> {
    let bank = Bank::at_url(&stack.record().bakong_url)?;
    let mut counters = Vec::new();
    for (place, store) in company.stores.iter().enumerate() {
        let edge = stack.edge(store.edge_id).context("a store of the demo has no edge")?;
        counters.push(Counter::open(store, edge.url(), place, bank.clone(), clock.clone()).await?);
    }
    let screen = Screen::new(counters.iter().map(Counter::store));
    let played = play(stack, &counters, company.stores[CUT_STORE].edge_id, &screen);
    let drawn = screen.follow(&counters);
    let played = tokio::select! {
        played = played => Some(played?),
        () = drawn => None,
        () = shutdown.cancelled() => None,
    };
    screen.end(&counters).await;
    let Some(offline) = played else { return Ok(None) };
    screen.say(&numbers_of(&counters[CUT_STORE], &offline).await?);
    let edges: Vec<_> = stack.record().edges.iter().map(address).collect();
    let strictness = Strictness { settled: true, ..Strictness::default() };
    let verdict = verify::verify(stack.pool(), &edges, strictness).await?;
    screen.say(verify::print(&verdict).trim_end());
    Ok(Some(verdict))
}

/// The three acts. Returns tickets that were printed without a line.
async fn play(
    stack: &Stack,
    counters: &[Counter],
    cut: EdgeId,
    screen: &Screen,
) -> anyhow::Result<Vec<TicketId>> {
    let line = &stack.edge(cut).context("a store of the demo has no edge")?.line;
    let name = counters[CUT_STORE].store().to_owned();
    let open = CancellationToken::new();
    let story = async {
        screen.say(&format!("{} stores sell from {} devices.", counters.len(), devices(counters)));
        sleep(TOGETHER).await;
        line.cut();
        counters[CUT_STORE].print_next(SHOWN_TICKETS);
        screen.say(&format!("{name} loses its line, sells on, and prints tickets:"));
        let cut_at = Instant::now();
        let mut shown = Vec::new();
        let mut shift_changed = false;
        while cut_at.elapsed() < CUT_OFF {
            for receipt in counters[CUT_STORE].printed() {
                screen.say(&ticket::print(counters[CUT_STORE].seller(), &receipt));
                shown.push(receipt.ticket_id);
            }
            if !shift_changed && cut_at.elapsed() >= SHIFT_CHANGES {
                shift_changed = true;
                counters.iter().for_each(Counter::change_shift);
                let say = "The shift changes: every drawer is counted, closed and opened again";
                screen.say(&format!("{say}, in {name} without a line."));
            }
            sleep(REDRAW_EVERY).await;
        }
        line.restore();
        screen.say(&format!("The line of {name} returns; its tickets go to the books."));
        sleep(AFTERWARDS).await;
        open.cancel();
        anyhow::Ok(shown)
    };
    let selling = futures::future::try_join_all(counters.iter().map(|counter| counter.sell(&open)));
    let (shown, _) = tokio::try_join!(story, selling)?;
    screen.say(&tally::told(counters.iter().map(|of| (of.store(), of.tallied()))));
    let begin = Instant::now();
    while !all_numbered(counters).await? {
        if begin.elapsed() > SETTLE_LIMIT {
            bail!("some tickets have no number after {} s", SETTLE_LIMIT.as_secs());
        }
        sleep(REDRAW_EVERY).await;
    }
    Ok(shown)
}

fn devices(counters: &[Counter]) -> usize {
    counters.iter().map(Counter::devices).sum()
}

async fn all_numbered(counters: &[Counter]) -> anyhow::Result<bool> {
    for counter in counters {
        let sync = counter.sync().await?;
        if sync.numbered < sync.captured || sync.confirmed_seq < sync.journal_seq {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What became of the tickets that were printed without a line.
async fn numbers_of(counter: &Counter, tickets: &[TicketId]) -> anyhow::Result<String> {
    let numbers: BTreeMap<TicketId, u64> = counter.numbers().await?;
    let lines: Vec<String> = tickets
        .iter()
        .filter_map(|ticket| Some(format!("{ticket} is invoice No. {}", numbers.get(ticket)?)))
        .collect();
    Ok(format!("The numbers have arrived:\n  {}", lines.join("\n  ")))
}
