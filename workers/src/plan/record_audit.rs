//! `audit.recorded`: what somebody did that is no event of its own.

use schemas::events::AuditRecordedV1;
use serde_json::json;

use super::{Changes, Deed, Work};

pub(super) fn plan(work: &Work<'_>, event: &AuditRecordedV1, changes: &mut Changes<'_>) {
    let draft = event.draft.map(|draft| draft.draft_id.as_uuid());
    let meta = json!({
        "deviceId": event.device_id,
        "itemCount": event.draft.map(|draft| draft.item_count),
        "subtotalUsd": event.draft.map(|draft| draft.subtotal_usd),
        "detail": event.detail,
    });
    changes.audit(
        work,
        Deed {
            actor: event.actor_id,
            subject: draft.or(event.device_id.map(schemas::DeviceId::as_uuid)),
            target: event.cash_session_id.map(schemas::CashSessionId::as_uuid),
            meta: Some(meta),
            ..Deed::of(event.action.as_str())
        },
    );
}
