//! `tillstream up`: the whole stack on this machine, until Ctrl-C.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, anyhow};
use schemas::SystemClock;
use tokio_util::sync::CancellationToken;

use super::{output::line as say, table};
use crate::{
    demo, log_file,
    stack::{self, Ports, Stack, StackOptions, default_data_dir},
};

/// Start Postgres, nats-server and every service on this machine, and show the
/// main job. Stays up until Ctrl-C.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where everything is kept [default: ./data, or /var/lib/tillstream/… if
    /// Postgres's account may not enter this directory].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Begin with nothing: remove the data directory first, if it is ours.
    #[arg(long)]
    fresh: bool,
    /// Only start the stack.
    #[arg(long, conflicts_with = "exit")]
    no_demo: bool,
    /// Stop after the demo, with status 0 only if its verdict holds.
    #[arg(long)]
    exit: bool,
    /// The centre's HTTP port [default: 7081, or a free one].
    #[arg(long, value_name = "PORT")]
    http_port: Option<u16>,
    /// The first edge's HTTP port, the others follow [default: 8410, or free ones].
    #[arg(long, value_name = "PORT")]
    edge_port: Option<u16>,
    /// Postgres's port [default: a free one].
    #[arg(long, value_name = "PORT")]
    postgres_port: Option<u16>,
    /// nats-server's port [default: a free one].
    #[arg(long, value_name = "PORT")]
    nats_port: Option<u16>,
}

impl Args {
    /// Sends logs to the data directory.
    ///
    /// # Errors
    /// If the current directory cannot be told.
    pub fn install_logs(&self) -> anyhow::Result<()> {
        log_file::install(&self.data_dir()?);
        Ok(())
    }

    fn data_dir(&self) -> anyhow::Result<PathBuf> {
        self.data_dir.clone().map_or_else(default_data_dir, Ok)
    }

    fn ports(&self) -> Ports {
        Ports {
            postgres: self.postgres_port,
            nats: self.nats_port,
            http: self.http_port,
            first_edge: self.edge_port,
            ..Ports::default()
        }
    }
}

/// Runs the stack until `shutdown`, or until the demo is over with `--exit`.
///
/// # Errors
/// If the stack does not start, a part of it fails, or the verdict does not
/// hold.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let data_dir = args.data_dir()?;
    if args.fresh {
        stack::remove(&data_dir)?;
    }
    say(format_args!("starting in {} …", data_dir.display()));
    let options = StackOptions { ports: args.ports(), ..StackOptions::new(data_dir) };
    let starting = Stack::start(options, Arc::new(SystemClock));
    let Some(stack) = shutdown.run_until_cancelled(starting).await else { return Ok(()) };
    let mut stack = stack.context("the stack does not start")?;
    let outcome = serve(&args, &mut stack, &shutdown).await;
    say("stopping …");
    outcome.and(stack.shutdown().await)
}

async fn serve(args: &Args, stack: &mut Stack, shutdown: &CancellationToken) -> anyhow::Result<()> {
    if args.no_demo {
        say(table::of(stack.record(), stack.data_dir()));
    } else {
        let company = demo::set_up(stack, Arc::new(SystemClock)).await?;
        say(table::of(stack.record(), stack.data_dir()));
        say(table::people(&company));
        say(table::pages(stack.record(), &company));
        let verdict = demo::show(stack, &company, Arc::new(SystemClock), shutdown).await?;
        if args.exit {
            let holds = verdict.is_some_and(|verdict| verdict.ok);
            return if holds { Ok(()) } else { Err(anyhow!("the demo has no verdict that holds")) };
        }
    }
    say("up; Ctrl-C stops it");
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        failure = stack.failure() => Err(failure),
    }
}
