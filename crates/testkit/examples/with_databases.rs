//! Runs a command while there is a throw-away Postgres with the books' tables
//! (`DATABASE_URL`) and a SQLite file with the edge's (`EDGE_DATABASE_URL`).

use std::{
    env,
    process::{Command, ExitCode},
};

use testkit::{Books, EdgeSchema};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with_databases COMMAND [ARGUMENT]…");
        return ExitCode::from(2);
    };
    let (books, edge) = tokio::join!(Books::new(), EdgeSchema::new());
    let status = Command::new(&program)
        .args(arguments)
        .env("DATABASE_URL", &books.url)
        .env("EDGE_DATABASE_URL", &edge.url)
        .status();
    match status {
        Ok(status) => ExitCode::from(status.code().map_or(1, |code| code.clamp(0, 255) as u8)),
        Err(error) => {
            eprintln!("cannot run {}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}
