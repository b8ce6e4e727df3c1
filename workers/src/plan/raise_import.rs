//! `import.conflicted`: what is only on the disk of a former edge and could not be
//! imported, for a person to look at. It changes nothing else.

use schemas::{events::ImportConflictedV1, facts::ExceptionKind};

use super::{Changes, Work};

pub(super) fn plan(work: &Work<'_>, event: &ImportConflictedV1, changes: &mut Changes<'_>) {
    let from = event.imported_from;
    let total = event.grand_total_usd.map(|usd| format!(" of {usd} USD")).unwrap_or_default();
    let detail = format!(
        "{}{total} of entry {}:{} was not imported: {}",
        event.kind, from.edge_id, from.seq, event.why
    );
    let concerns = (event.sale_id, event.ticket_id.as_ref());
    changes.raise(work, ExceptionKind::ImportConflict, concerns, &detail);
}
