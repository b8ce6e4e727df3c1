//! `tillstream drive`.

mod outcome;
mod rejected;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use schemas::{Percent, SystemClock};
use tokio_util::sync::CancellationToken;

use super::{
    output::line,
    reach::{Reached, Where},
    verify::{self, EdgeAddress, Strictness, Verdict},
};
use crate::{
    company::retire_edges,
    drive::{
        self, Choices, Columns, Driven, Input, Job, Outage, Progress, Said, Sources, Speed,
        stores::OpenStore,
    },
};
use outcome::Outcome;
use rejected::report_rejected;

/// Sell a CSV through edges' HTTP API, as tills would, and verify the books
///
/// Three CSV files say what is sold: --sales with the columns
/// outlet,receipt,at,staff,product,quantity,unit_price, --products with
/// product,name,category,price and --outlets with outlet,name,city; columns may
/// come in any order, with others beside them. Columns that are called otherwise are
/// mapped with --map, those that are not there get one value with --set.
///
/// The rows of one receipt (outlet and receipt number) are one sale, at the time
/// and by the staff of its first row. The company is new in each run, so its
/// invoices are numbered from 1; each product at each unit price is one item of
/// its menu. Each outlet has an edge of its own, run by this command. Sales state
/// the time at which they are made: the data's time only orders them.
///
/// On each day of the data everyone who sells opens a drawer before the outlet's
/// first receipt, and has it counted and closed after the last, with a line or
/// without. Which receipts are voided or paid by KHQR is decided by a hash of
/// outlet and receipt number: it is the same in each run. Codes are paid at the
/// stack's stand-in for Bakong. Who wants to pay by KHQR while the outlet has no
/// line pays cash, and is counted.
///
/// A row that cannot be sold (a missing cell, ERROR or UNKNOWN, an unknown
/// product or outlet, a quantity that is not a whole number from 1 to 9999, a
/// price that is negative or has more than two decimals, a time that is none) is
/// named with file, line and reason. Nothing is half-sold: the other rows of its
/// receipt are not sold either, and are named and counted as well. The rest goes
/// on. The command fails if a sale is missing or `verify` fails, not because of
/// bad rows.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What was sold
    #[arg(long, value_name = "FILE")]
    sales: PathBuf,
    /// The products' list; without one, every product that the sales name is sold
    #[arg(long, value_name = "FILE")]
    products: Option<PathBuf>,
    /// The outlets' list; without one, every outlet that the sales name sells
    #[arg(long, value_name = "FILE")]
    outlets: Option<PathBuf>,
    /// A column of the sales has another name in the file: "receipt=Transaction ID".
    /// Of `total`, which is not read otherwise, each row must be quantity × price
    #[arg(long = "map", value_name = "COLUMN=NAME")]
    map: Vec<Said>,
    /// A column of the sales is not in the file; every row has this value: staff=1
    #[arg(long = "set", value_name = "COLUMN=VALUE")]
    set: Vec<Said>,
    /// Another column of the sales in which every row must say something
    #[arg(long = "require", value_name = "NAME")]
    require: Vec<String>,
    /// Write every row that is not sold into a CSV file: file,line,reason
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// `max`, or `real×N`: N times as fast as the data's own time (also realxN)
    #[arg(long, value_name = "SPEED", default_value = "max")]
    speed: Speed,
    /// Cut an outlet's line in the data's own time; may be given again.
    /// FROM and TO are both times of day (on every day: 5:11:00-14:30) or both
    /// moments (5:2019-04-03T10:00-2019-04-05T16:00)
    #[arg(long = "outage", value_name = "OUTLET:FROM-TO")]
    outages: Vec<Outage>,
    /// Sales under way at a time at each outlet
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=128))]
    tills: u16,
    /// Of all receipts, paid in cash and voided: asked for by the cashier, approved
    /// by a manager
    #[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = drive::percent)]
    voids: Percent,
    /// Of the receipts that are not voided, paid by KHQR
    #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = drive::percent)]
    khqr: Percent,
    /// Taken off every sale; the total is then not that of the data
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = drive::percent)]
    discount: Percent,
    /// VAT on top of every sale; the total is then not that of the data
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = drive::percent)]
    vat: Percent,
    /// Print one JSON object on stdout, everything else on stderr
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: Where,
}

impl Args {
    fn sources(&self) -> Sources {
        Sources {
            sales: self.sales.clone(),
            products: self.products.clone(),
            outlets: self.outlets.clone(),
            columns: Columns {
                renamed: self.map.clone(),
                fixed: self.set.clone(),
                required: self.require.clone(),
            },
        }
    }
}

/// Sells everything and tells what came of it.
///
/// # Errors
/// If the input cannot be used, the stack cannot be reached, a sale is missing
/// in the end, or the books are not whole.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let input = drive::read(&args.sources())?;
    let rejected = input.rejected.clone();
    report_rejected(&rejected);
    if let Some(file) = &args.rejected {
        rejected::write(file, &rejected)?;
    }
    let reached = args.stack.reach(Arc::new(SystemClock)).await?;
    let outcome = sell_and_verify(&args, input, rejected.len(), &reached, &shutdown).await;
    let left = reached.leave().await;
    let (outcome, failures) = outcome?;
    left?;
    for failure in &failures {
        eprintln!("{failure}");
    }
    if args.json {
        line(serde_json::to_string(&outcome).context("the outcome cannot be written")?);
    } else {
        line(outcome.table());
    }
    if shutdown.is_cancelled() {
        bail!("interrupted");
    }
    if !failures.is_empty() {
        bail!("{} things are not as they should be", failures.len());
    }
    if outcome.captured != outcome.numbered || outcome.captured != outcome.confirmed {
        let Outcome { captured, confirmed, numbered, .. } = outcome;
        bail!("{captured} sales were captured, {confirmed} are in the books, {numbered} numbered");
    }
    if !outcome.verify_ok {
        bail!("the books are not whole");
    }
    Ok(())
}

async fn sell_and_verify(
    args: &Args,
    input: Input,
    rejected_rows: usize,
    reached: &Reached,
    shutdown: &CancellationToken,
) -> anyhow::Result<(Outcome, Vec<String>)> {
    let folder = tempfile::Builder::new()
        .prefix("tillstream-drive-")
        .tempdir()
        .context("no temporary folder can be made for the edges")?;
    let job = Job {
        speed: args.speed,
        outages: args.outages.clone(),
        tills: usize::from(args.tills),
        choices: Choices { voids: args.voids, khqr: args.khqr },
        discount: args.discount,
        vat: args.vat,
    };
    let progress = Progress::new(false);
    let clock = Arc::new(SystemClock);
    let centre = &reached.centre;
    let driven = drive::run(input, &job, centre, folder.path(), clock, &progress, shutdown).await?;
    let strictness = Strictness { settled: !shutdown.is_cancelled(), ..Strictness::default() };
    let edges: Vec<EdgeAddress> = driven.stores.iter().map(edge_address).collect();
    let edges = [reached.edges.clone(), edges].concat();
    let verdict = verify::verify(reached.pool(), &edges, strictness).await?;
    eprint!("{}", verify::print(&verdict));
    finish(driven, rejected_rows, &verdict, reached).await
}

/// Compares the tills' sum with the register's, closes the stores, and puts the
/// outcome together.
async fn finish(
    driven: Driven,
    rejected_rows: usize,
    verdict: &Verdict,
    reached: &Reached,
) -> anyhow::Result<(Outcome, Vec<String>)> {
    let mut conn = reached.pool().acquire().await.context("the books cannot be reached")?;
    let register = store::verify::register_sum(&mut conn, driven.tenant_id).await?;
    drop(conn);
    let mut failures = driven.done.failures.clone();
    let captured = &driven.done.captured;
    if captured.count < driven.receipts && failures.is_empty() {
        let missing = driven.receipts - captured.count;
        failures.push(format!("{missing} receipts were not sold"));
    }
    if register.total_usd != captured.usd {
        failures.push(format!(
            "the register adds up to {} USD, the tills to {}",
            register.total_usd, captured.usd
        ));
    }
    if driven.done.drawers_off > 0 {
        let (off, usd) = (driven.done.drawers_off, driven.done.difference_usd);
        failures.push(format!("{off} drawers were not as expected, {usd} USD in all"));
    }
    let outcome = Outcome::of(&driven, rejected_rows, verdict.ok);
    for store in driven.stores {
        store.close().await?;
    }
    // Their journals go with the folder, so these edges never come back.
    retire_edges(reached.pool(), driven.tenant_id).await?;
    Ok((outcome, failures))
}

fn edge_address(store: &OpenStore) -> EdgeAddress {
    EdgeAddress {
        edge_id: store.store.edge_id,
        store: store.store.name.clone(),
        url: store.edge.url().to_owned(),
        folder: Some(store.folder().to_path_buf()),
    }
}
