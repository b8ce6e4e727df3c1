//! The list of tickets.

use axum::{Json, extract::State};
use schemas::edge_api::{Problem as ProblemBody, TicketPage, TicketRow, TicketStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    problem::{Code, Problem},
    request::{Query, TicketPath},
    sales::missing,
};
use crate::journal::TicketFilter;

/// Tickets on a page when nothing is asked for.
const DEFAULT_LIMIT: usize = 50;

/// Which tickets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TicketQuery {
    /// Only these.
    status: Option<TicketStatus>,
    /// The `nextBefore` of the page before.
    before: Option<i64>,
    /// 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// List tickets
///
/// Newest first. A ticket in error is retried all the same.
#[utoipa::path(
    get, path = "/v1/tickets", tag = "tickets",
    params(TicketQuery),
    responses(
        (status = 200, body = TicketPage),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<TicketQuery>,
) -> Result<Json<TicketPage>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=TicketFilter::MAX_LIMIT).contains(&limit) {
        let detail = format!("limit: {limit} is not between 1 and {}", TicketFilter::MAX_LIMIT);
        return Err(Problem::new(Code::InvalidQuery, detail));
    }
    let filter = TicketFilter { status: query.status, before: query.before, limit };
    Ok(Json(api.journal.tickets(filter).await?))
}

/// Read a ticket
#[utoipa::path(
    get, path = "/v1/tickets/{ticket}", tag = "tickets",
    params(("ticket" = String, Path, description = "The ticket")),
    responses(
        (status = 200, body = TicketRow),
        (status = 404, description = "ticket_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "pruned", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(
    State(api): State<Api>,
    TicketPath(ticket): TicketPath,
) -> Result<Json<TicketRow>, Problem> {
    let row = api.journal.ticket(ticket.clone()).await?;
    match row {
        Some(row) => Ok(Json(row)),
        None => Err(missing(&api, &ticket).await?),
    }
}
