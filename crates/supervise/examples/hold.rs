//! Starts both servers in the folder given, prints their process ids, and
//! waits to be killed. The tests of this crate do that.

use std::{future, path::PathBuf};

use supervise::{NatsOptions, NatsServer, Postgres, PostgresOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name a folder")?);
    let postgres = Postgres::start(PostgresOptions::new(folder.join("postgres"))).await?;
    let nats = NatsServer::start(NatsOptions::new(folder.join("nats"))).await?;
    if let (Some(postgres), Some(nats)) = (postgres.pid(), nats.pid()) {
        println!("{postgres} {nats}");
    }
    future::pending().await
}
