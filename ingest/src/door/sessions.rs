//! What a cash session of a store without an edge has taken so far: its X report.

use std::sync::Arc;

use axum::{Json, extract::State};
use schemas::{CashSessionId, VoidRequestId, door_api::RefusalCode, edge_api::XReport};
use store::{Conn, doors, drawers, voids};

use crate::{
    Refusal,
    center::{Center, within_time},
    http::{Client, Problem, request::Path},
};

/// What an open cash session took and must hold so far: as its Z report would say it
/// now. Where the store has an edge, the edge tells.
#[utoipa::path(
    get,
    path = "/pos/cash-sessions/{session}/x",
    params(("session" = CashSessionId, Path, description = "The session.")),
    responses(
        (status = 200, description = "The sums so far.", body = XReport),
        (status = 404, description = "There is no such session.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The session is closed, or the store's edge keeps it.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn x(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(session): Path<CashSessionId>,
) -> Result<Json<XReport>, Problem> {
    let permit = center.enter()?;
    let report = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let report = read(&center, &client, &mut books, session).await?;
        center.commit(books).await?;
        Ok(report)
    });
    Ok(Json(report.await?))
}

async fn read(
    center: &Center,
    client: &Client,
    books: &mut Conn,
    session: CashSessionId,
) -> Result<XReport, Refusal> {
    let drawer = drawers::read(books, session).await?;
    let drawer = drawer
        .filter(|it| it.tenant_id == client.tenant_id() && client.may_see(it.branch_id))
        .ok_or_else(|| Refusal::NotFound(format!("cash session {session}")))?;
    if !doors::store_edges(books, &[drawer.branch_id]).await?.is_empty() {
        let detail = "this store has an edge: its sessions are kept there".to_owned();
        return Err(Refusal::Door(RefusalCode::KeptAtEdge, detail));
    }
    if !drawer.is_open() {
        let detail = format!("cash session {session} is closed: its Z report stands");
        return Err(Refusal::Door(RefusalCode::NoOpenSession, detail));
    }
    let report = drawers::report(books, &drawer, center.now()).await?;
    let requests = voids::read(books, &[] as &[VoidRequestId], &[], &[session]).await?;
    let pending = requests.iter().filter(|request| request.state.is_pending()).count();
    Ok(XReport {
        cash_session_id: session,
        device_id: drawer.device_id,
        report,
        pending_voids: pending as u64,
        // Nobody is heard of but through the door.
        silent_devices: Vec::new(),
    })
}
