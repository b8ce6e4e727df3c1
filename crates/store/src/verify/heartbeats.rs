//! What edges say of themselves against what the books hold of them: the hash
//! that an edge has at its newest entry is the one that the books have there,
//! so the two journals are the same up to that entry, byte for byte.

use super::Check;
use crate::{Conn, Error};

/// Compares every edge's last heartbeat.
pub(super) async fn check(conn: &mut Conn) -> Result<Check, Error> {
    let promise = "each edge's journal is the one in the books, by the hash it reported";
    let mut check = Check::new("heartbeats", promise);
    let (mut edges, mut level, mut behind, mut ahead, mut silent, mut held) = (0, 0, 0, 0, 0, 0);
    for row in sqlx::query_file!("src/sql/verify_heartbeats.sql").fetch_all(conn).await? {
        let who = || format!("edge {} of {}", row.edge_id, row.branch_name);
        edges += 1;
        if let Some(reason) = &row.held_reason {
            held += 1;
            let waiting = row.journal_seq.unwrap_or(0).saturating_sub(row.last_seq).max(0);
            check.note_apart(format!(
                "{} is held at entry {}, {waiting} or more entries wait: {reason}",
                who(),
                row.last_seq,
            ));
        }
        let (Some(seq), Some(hash)) = (row.journal_seq, &row.journal_hash) else {
            silent += 1;
            continue;
        };
        if row.confirmed_seq.is_some_and(|confirmed| confirmed > row.last_seq) {
            check.wrong(|| {
                format!("{} counts on more than entry {} of the books", who(), row.last_seq)
            });
        }
        if row.mapping_seq.is_some_and(|mapped| mapped > row.mapping_head) {
            check.wrong(|| {
                format!("{} has a number beyond mapping {} of the books", who(), row.mapping_head)
            });
        }
        let stored = match seq {
            0 => Some([0; 32].as_slice()),
            _ => row.entry_hash.as_deref(),
        };
        if seq > row.last_seq {
            ahead += 1;
        } else if stored != Some(hash.as_slice()) {
            check.wrong(|| format!("{} has another entry {seq} than the books", who()));
        } else if seq == row.last_seq {
            level += 1;
        } else {
            behind += 1;
        }
    }
    Ok(check
        .counting("edges", edges)
        .counting("level", level)
        .counting("heard earlier", behind)
        .counting("ahead", ahead)
        .counting("never heard", silent)
        .counting("held", held))
}
