//! Orders: the kitchen's board.

use axum::{Json, extract::State, response::Response};
use schemas::{
    CashSessionId, OrderId,
    edge_api::{MoveOrder, OrderMoved, OrderPage, Problem as ProblemBody},
    events::OrderStatus,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    auth::Actor,
    paging,
    problem::Problem,
    request::{Body, IdPath, IdempotencyKey, Query},
    sales::done,
    sessions::owned,
};
use crate::{
    capture,
    journal::{By, OrderFilter, OrdersOf},
};

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OrderQuery {
    /// Only those of this cash session. If not given, a cashier sees those of
    /// their own open session on this till, and the online ones.
    #[param(value_type = Option<uuid::Uuid>)]
    session: Option<CashSessionId>,
    /// Only these.
    status: Option<OrderStatus>,
    /// Only those that are `IN_PREP` or `READY`.
    #[serde(default)]
    live: bool,
    /// The `next_before` of the page before.
    before: Option<i64>,
    /// 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// List orders
///
/// Newest first. Cashiers see those of a session of their own, managers and
/// admins the branch's. Online orders, which the direct door sold and this store
/// makes, are in no session: everybody sees them, unless a session is asked for.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders",
    params(OrderQuery),
    responses(
        (status = 200, body = OrderPage),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "session_not_found", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    actor: Actor,
    Query(query): Query<OrderQuery>,
) -> Result<Json<OrderPage>, Problem> {
    let limit = paging::limit(query.limit, OrderFilter::MAX_LIMIT)?;
    let whose = match query.session {
        Some(id) => OrdersOf::Session(owned(&api, &actor, id).await?.session.cash_session_id),
        None if actor.role.is_approver() => OrdersOf::Store,
        None => {
            let mine = api.journal.open_sessions(Some(actor.device_id));
            let mine = mine.into_iter().find(|session| session.staff_id == actor.staff_id);
            OrdersOf::Cashier(mine.map(|session| session.cash_session_id))
        }
    };
    let OrderQuery { status, live, before, .. } = query;
    let filter = OrderFilter { whose, status, live, before, limit };
    Ok(Json(api.journal.orders(filter).await?))
}

/// Move an order on
///
/// `IN_PREP` to `READY` to `DELIVERED`, one step at a time; not to `DELIVERED`
/// while a void of its sale is undecided. Nobody makes it `CANCELLED`, and only
/// an approved void makes it `VOIDED`.
#[utoipa::path(
    post, path = "/v1/orders/{id}/status", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, quoted or bare"),
    ),
    request_body = MoveOrder,
    responses(
        (status = 200, body = OrderMoved),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "order_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "illegal_order_move, order_void_pending", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn move_on(
    State(api): State<Api>,
    actor: Actor,
    IdPath(order): IdPath<OrderId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(request): Body<MoveOrder>,
) -> Result<Response, Problem> {
    let by = By::from(&actor);
    Ok(done(capture::move_order(&api.journal, by, key, order, request).await?))
}
