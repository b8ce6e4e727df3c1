//! An exported journal as a file: JSON Lines, the last of which says how many there are
//! and what all others hash to. A file that was cut, changed or put together is refused
//! before anything of it is used.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write},
    path::Path,
};

use anyhow::{Context, bail, ensure};
use domain::journal_chain;
use schemas::{
    Entry, Sha256Hash,
    edge_api::{ExportBegin, ExportEnd, ExportedEntry},
    requests::JournalHead,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The longest line, in bytes: an entry's payload with every character escaped.
const MAX_LINE_BYTES: usize = 2 * 1024 * 1024;

/// Lines on their way into a file.
pub(super) struct Lines<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, hash: Sha256::new() }
    }

    pub(super) fn add(&mut self, line: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.to.write_all(&text)?;
        Ok(())
    }

    /// What all lines so far hash to.
    pub(super) fn sha256(&self) -> Sha256Hash {
        Sha256Hash::from_bytes(self.hash.clone().finalize().into())
    }

    pub(super) fn finish(mut self, end: &ExportEnd) -> anyhow::Result<W> {
        let mut text = serde_json::to_vec(end)?;
        text.push(b'\n');
        self.to.write_all(&text)?;
        Ok(self.to)
    }
}

/// An exported journal that is whole: each entry is what its hash says and follows the
/// one before.
#[derive(Debug)]
pub(super) struct Exported {
    pub(super) begin: ExportBegin,
    pub(super) end: ExportEnd,
}

/// Looks at a whole file, and gives each entry to `each`.
pub(super) fn read(
    file: &Path,
    mut each: impl FnMut(ExportedEntry) -> anyhow::Result<()>,
) -> anyhow::Result<Exported> {
    let opened = fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut lines = Reader { from: BufReader::new(opened), hash: Sha256::new(), no: 0 };
    let first = lines.next()?.context("the file is empty")?;
    let begin: ExportBegin = parsed(&first, 1)?;
    ensure!(begin.format == ExportBegin::FORMAT, "it is no exported journal");
    ensure!(
        begin.version == ExportBegin::VERSION,
        "it has version {}, and this program reads version {}",
        begin.version,
        ExportBegin::VERSION
    );
    lines.hash.update(&first);
    let mut head = begin.after;
    let mut entries = 0;
    loop {
        let Some(line) = lines.next()? else {
            bail!("it ends after line {} without its last line: it was cut", lines.no);
        };
        if let Ok(end) = serde_json::from_slice::<ExportEnd>(&line) {
            let sha256 = Sha256Hash::from_bytes(lines.hash.clone().finalize().into());
            ensure!(lines.next()?.is_none(), "something follows its last line");
            ensure!(
                (end.sha256, end.entries, end.head) == (sha256, entries, head),
                "its last line is not that of the lines before it: it was changed"
            );
            return Ok(Exported { begin, end });
        }
        let entry: ExportedEntry = parsed(&line, lines.no)?;
        head = follows(&begin, &entry, head).with_context(|| format!("line {}", lines.no))?;
        lines.hash.update(&line);
        entries += 1;
        each(entry)?;
    }
}

fn parsed<T: serde::de::DeserializeOwned>(line: &[u8], no: u64) -> anyhow::Result<T> {
    serde_json::from_slice(line).with_context(|| format!("line {no} is not what it should be"))
}

fn follows(
    begin: &ExportBegin,
    exported: &ExportedEntry,
    head: JournalHead,
) -> anyhow::Result<JournalHead> {
    let entry = Entry {
        edge_id: begin.edge_id,
        seq: exported.seq,
        prev_hash: exported.prev_hash,
        hash: exported.hash,
        kind: exported.kind.clone(),
        schema_version: exported.schema_version,
        recorded_at: exported.recorded_at,
        payload: exported.payload.clone().into_bytes(),
    };
    ensure!(
        journal_chain::follows(&entry, head),
        "entry {} does not follow entry {}",
        entry.seq,
        head.seq
    );
    journal_chain::verify_hash(&entry)?;
    Ok(journal_chain::head_of(&entry))
}

struct Reader {
    from: BufReader<fs::File>,
    hash: Sha256,
    no: u64,
}

impl Reader {
    /// The next line with its end; `None` at the end of the file.
    fn next(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        use std::io::Read as _;

        let mut line = Vec::new();
        let most = MAX_LINE_BYTES as u64 + 1;
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut line);
        read.context("it cannot be read")?;
        if line.is_empty() {
            return Ok(None);
        }
        self.no += 1;
        ensure!(line.len() <= MAX_LINE_BYTES, "line {} is longer than an entry can be", self.no);
        Ok(Some(line))
    }
}
