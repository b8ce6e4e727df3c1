//! `tillstream verify-register`: is an exported register whole? Needs nothing but
//! the file: no books, no line, no token.

mod check;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::PathBuf,
};

use anyhow::{Context, bail};

pub use check::{Checked, Finding, Head, check};

use super::output::line as say;

/// Check an exported register (CSV or JSON Lines) offline: every number is there
/// once, in order, and the chain of hashes is whole. One line for each finding;
/// exit status 1 if there is one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; `-` reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A row that must be in it, as NUMBER:HASH: the `Register-Head` of the export,
    /// or one that was noted down earlier. Without it, rows that are missing at the
    /// end cannot be noticed.
    #[arg(long, value_name = "NO:HASH")]
    head: Option<Head>,
}

/// Checks the file and says what was found.
///
/// # Errors
/// If the file cannot be read, or something was found.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let name = args.file.display();
    let file: Box<dyn BufRead> = if args.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&args.file).with_context(|| format!("{name}"))?))
    };
    let mut findings = 0_u64;
    let checked = check(file, args.head.as_ref(), &mut |finding| {
        findings += 1;
        say(finding);
    })
    .with_context(|| format!("cannot read {name}"))?;
    let head = checked.head.map_or("nothing".to_owned(), |head| head.to_string());
    say(format_args!("{} rows, the last is {head}", checked.rows));
    if checked.lost > 0 {
        say(format_args!("{} of them are lost: nobody can prove whose they were", checked.lost));
    }
    if findings > 0 {
        bail!("{name} is not whole: {findings} findings");
    }
    Ok(())
}
