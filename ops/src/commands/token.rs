//! `tillstream token`: who may call the centre's HTTP API of a running stack.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use schemas::{BranchId, Clock as _, SystemClock, TenantId, TokenId, back_office::Scope};
use store::{companies, tokens};
use uuid::Uuid;

use super::output::line as say;
use crate::{
    company,
    stack::{Stack, default_data_dir},
};

/// Make or revoke an API token. A new one's secret is printed once; the books keep
/// its hash only.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory of the running stack [default: as `up`].
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, clap::Subcommand)]
enum Job {
    /// Make a token.
    New {
        /// The company [default: the only one there is].
        #[arg(long)]
        tenant: Option<TenantId>,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// What it allows; at least one, e.g. `books:read`.
        #[arg(long, required = true)]
        scope: Vec<Scope>,
        /// The only branches it may see [default: all of the company's].
        #[arg(long)]
        branch: Vec<BranchId>,
    },
    /// Revoke a token: nobody is let in with it from now on.
    Revoke {
        /// Its id.
        token: TokenId,
    },
}

/// Makes or revokes a token.
///
/// # Errors
/// If no stack runs there, or the books refuse.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.map_or_else(default_data_dir, Ok)?;
    let pool = Stack::attach(data_dir)?.pool().await?;
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    match args.job {
        Job::Revoke { token } => {
            let revoked = tokens::revoke(&mut conn, token, SystemClock.now()).await?;
            ensure!(revoked, "token {token} is not known, or was revoked before");
            say(format_args!("token {token} is revoked"));
        }
        Job::New { tenant, name, scope, branch } => {
            let tenants = companies::tenants(&mut conn).await?;
            let tenant_id = match (tenant, &tenants[..]) {
                (Some(id), all) if all.iter().any(|known| known.tenant_id == id) => id,
                (Some(id), _) => bail!("company {id} is not in the books"),
                (None, [only]) => only.tenant_id,
                (None, all) => bail!("there are {} companies: say which by --tenant", all.len()),
            };
            let known = companies::branches(&mut conn, tenant_id).await?;
            for id in &branch {
                let is_known = known.iter().any(|branch| branch.branch_id == *id);
                ensure!(is_known, "branch {id} is not one of that company");
            }
            let secret = company::new_secret();
            let token = tokens::Token {
                token_id: TokenId::from_uuid(Uuid::now_v7()),
                tenant_id,
                name,
                scopes: scope,
                branch_ids: Some(branch).filter(|ids| !ids.is_empty()),
            };
            let hash = tokens::hash_of(&secret);
            tokens::insert(&mut conn, &token, hash, SystemClock.now()).await?;
            say(format_args!("token {}", token.token_id));
            say(secret);
        }
    }
    Ok(())
}
