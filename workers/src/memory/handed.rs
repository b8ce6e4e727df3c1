//! Orders that are handed over, in memory.

use store::Error;

use super::{Tables, int8, unique};
use crate::plan::Changes;

/// Orders that are handed over, accepted and adopted.
pub(super) fn write(tables: &mut Tables, changes: &Changes<'_>) -> Result<(), Error> {
    for row in &changes.handovers {
        tables.orders.get_mut(&row.order_id).unwrap().kept_by = None;
        let kept = (row.sale_id.as_uuid(), None);
        unique(tables.books.handovers.insert(row.order_id.as_uuid(), kept).is_none())?;
    }
    for row in &changes.accepted {
        let order = tables.orders.get_mut(&row.order_id).unwrap();
        assert_eq!(order.kept_by.replace(row.entry.0), None);
        let kept = tables.books.handovers.get_mut(&row.order_id.as_uuid()).unwrap();
        kept.1 = Some((row.entry.0.as_uuid(), int8(row.entry.1)));
    }
    for row in &changes.adopted {
        if let Some(order) = tables.orders.get_mut(&row.subject_id.into()) {
            order.kept_by = Some(row.entry.0);
        }
    }
    Ok(())
}
