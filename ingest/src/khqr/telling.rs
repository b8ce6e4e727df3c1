//! Exceptions about payments that the centre found by itself.

use schemas::{
    ExceptionId, Timestamp,
    facts::{ExceptionKind, ExceptionRaisedV1, FactKind},
    subjects::WAKE_RELAY,
};
use store::{
    Conn,
    exceptions::{self, NewException},
    khqr::Intent,
    outbox::{self, NewFact},
};

use crate::{Refusal, center::Center};

/// What is wrong with the payment of a code.
pub(super) struct Raised<'a> {
    pub(super) kind: ExceptionKind,
    /// Tells two exceptions of one kind about one code apart.
    pub(super) cause: &'a str,
    pub(super) detail: &'a str,
    pub(super) at: Timestamp,
}

/// Raises an exception about a code with its fact, unless it was raised before.
pub(super) async fn raise(
    books: &mut Conn,
    intent: &Intent,
    raised: &Raised<'_>,
) -> Result<(), Refusal> {
    let cause = format!("khqr:{}:{}:{}", intent.md5, raised.kind.as_str(), raised.cause);
    let exception_id = ExceptionId::derived(intent.edge_id.as_uuid(), &cause);
    let event = ExceptionRaisedV1 {
        exception_id,
        branch_id: intent.branch_id,
        kind: raised.kind,
        edge_id: intent.edge_id,
        entry_seq: 0,
        sale_id: None,
        ticket_id: Some(intent.ticket_id.clone()),
        detail: raised.detail.chars().filter(|c| !c.is_control()).collect(),
        at: raised.at,
    };
    let body = serde_json::to_vec(&event)?;
    let new = NewException { tenant_id: intent.tenant_id, raised: event };
    if !exceptions::insert_once(books, &new).await? {
        return Ok(());
    }
    let fact = NewFact {
        tenant_id: intent.tenant_id,
        branch_id: intent.branch_id,
        // The cause may hold what Bakong said, and this travels in a header.
        fact_id: format!("khqr:{}:{exception_id}", intent.md5),
        kind: FactKind::ExceptionRaised,
        schema_version: 1,
        entry: None,
        invoice: None,
        body: Some(body),
        occurred_at: raised.at,
    };
    Ok(outbox::enqueue(books, &[fact]).await?)
}

/// Tells the relay that something waits; it looks by itself too.
pub(super) async fn wake_relay(center: &Center) {
    if let Err(error) = bus::notices::notify(&center.bus, WAKE_RELAY, &()).await {
        tracing::debug!(%error, "the relay is not woken");
    }
}
