//! `tillstream journal export`.

use std::{fs, io::Write as _, path::Path};

use anyhow::{Context, bail};
use pos_edge::journal::{JournalSettings, OldJournal};
use schemas::{
    Clock as _, Entry, SystemClock,
    edge_api::{ExportBegin, ExportEnd, ExportedEntry},
    versions::{self, Event},
};
use serde_json::json;

use super::{super::output::line as say, Export, file::Lines};

pub(super) async fn run(args: &Export) -> anyhow::Result<()> {
    if args.out.exists() {
        bail!("{} is there already; it is not written over", args.out.display());
    }
    let settings = JournalSettings {
        key_file: args.key_file.clone(),
        ..JournalSettings::in_dir(&args.data_dir)
    };
    let mut journal = OldJournal::open(&settings).await?;
    // A file that is not whole never has the name that was asked for.
    let beside = args.out.with_extension("partial");
    let written = write(&mut journal, &beside).await;
    journal.close().await;
    let end = written?;
    fs::rename(&beside, &args.out)
        .with_context(|| format!("cannot write {}", args.out.display()))?;
    tell(args, &end);
    Ok(())
}

async fn write(journal: &mut OldJournal, to: &Path) -> anyhow::Result<ExportEnd> {
    let cannot = || format!("cannot write {}", to.display());
    let identity = journal.identity();
    let begin = ExportBegin {
        format: ExportBegin::FORMAT.to_owned(),
        version: ExportBegin::VERSION,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        exported_at: SystemClock.now(),
        after: journal.at(),
    };
    let mut lines = Lines::new(std::io::BufWriter::new(fs::File::create(to).with_context(cannot)?));
    lines.add(&begin).with_context(cannot)?;
    let mut entries = 0;
    let mut head = begin.after;
    let damaged = 'read: loop {
        match journal.next().await {
            Ok(step) if step.is_empty() => break None,
            Ok(step) => {
                for entry in step {
                    let (seq, hash) = (entry.seq, entry.hash);
                    let Some(exported) = exported(entry) else {
                        break 'read Some(format!("the payload of entry {seq} is no text"));
                    };
                    lines.add(&exported).with_context(cannot)?;
                    entries += 1;
                    head = schemas::requests::JournalHead { seq, hash };
                }
            }
            Err(error) => break Some(error.to_string()),
        }
    };
    let end = ExportEnd { entries, head, damaged, sha256: lines.sha256() };
    let mut file = lines.finish(&end).with_context(cannot)?;
    file.flush().with_context(cannot)?;
    file.get_ref().sync_all().with_context(cannot)?;
    Ok(end)
}

/// An entry as a line; `None` if its payload is no text, which no edge writes.
fn exported(entry: Entry) -> Option<ExportedEntry> {
    let sale = match versions::read(&entry.kind, entry.schema_version, &entry.payload) {
        Ok(Event::SaleFinalized(sale)) => Some((sale.ticket_id, sale.request_hash)),
        _ => None,
    };
    let (ticket_id, request_hash) = sale.unzip();
    Some(ExportedEntry {
        seq: entry.seq,
        kind: entry.kind,
        schema_version: entry.schema_version,
        recorded_at: entry.recorded_at,
        prev_hash: entry.prev_hash,
        hash: entry.hash,
        payload: String::from_utf8(entry.payload).ok()?,
        ticket_id,
        request_hash,
    })
}

fn tell(args: &Export, end: &ExportEnd) {
    if args.json {
        say(json!({
            "file": args.out,
            "entries": end.entries,
            "head": end.head,
            "damaged": end.damaged,
        }));
        return;
    }
    let what = format!("{} entries, up to entry {}", end.entries, end.head.seq);
    say(format_args!("{}: {what}", args.out.display()));
    if let Some(why) = &end.damaged {
        say(format_args!("the journal is damaged there and nothing after it was exported: {why}"));
    }
}
