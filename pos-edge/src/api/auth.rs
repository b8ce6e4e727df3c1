//! Who sent a request, and whether they may: [`check`] looks at every request
//! before its handler does, by the table in [`access`].

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use schemas::DeviceId;

use super::{
    Api,
    access::{self, Who},
    problem::{Code, Problem},
    request::COMPLETED_OFFLINE_AT,
};
use crate::people::{self, Caller, Deliverer};

pub use crate::people::Actor;

const NOBODY: &str = "log in on this till first: POST /v1/login";

/// Lets a request through to its handler if its route's rule does, and keeps
/// whose it is for [`Actor`] and [`OnTill`]. A route without a rule lets nobody
/// through.
pub(super) async fn check(
    State(api): State<Api>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(rule) = access::rule(request.method(), path.as_str()) else {
        let detail = format!("{} {} has no rule", request.method(), path.as_str());
        return Problem::new(Code::Internal, detail).into_response();
    };
    if rule == Who::Seller && request.headers().contains_key(COMPLETED_OFFLINE_AT) {
        let token = bearer(request.headers());
        match people::identify_deliverer(&api.journal, token) {
            Ok(deliverer) => {
                if let Deliverer::Till(device) = deliverer {
                    api.journal.device_seen(device);
                }
                let actor = admit(&api, rule, request.headers());
                request.extensions_mut().insert(Delivery { deliverer, actor });
            }
            Err(error) => return Problem::from(error).into_response(),
        }
        return next.run(request).await;
    }
    match admit(&api, rule, request.headers()) {
        Ok(caller) => {
            if let Some(caller) = caller {
                if let Some(device) = caller.device_id() {
                    api.journal.device_seen(device);
                }
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

fn admit(api: &Api, rule: Who, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    if rule == Who::Anyone {
        return Ok(None);
    }
    let caller = people::identify(&api.journal, api.operator, bearer(headers))?;
    match (&caller, rule) {
        (_, Who::Anyone | Who::TillOrOperator)
        | (Caller::Till(_) | Caller::Person(_), Who::Till)
        | (Caller::Person(_), Who::Staff | Who::Seller)
        | (Caller::Person(_) | Caller::Operator, Who::StaffOrOperator)
        | (Caller::Operator, Who::Operator) => Ok(Some(caller)),
        (Caller::Till(_) | Caller::Person(_), Who::Operator) => Err(Problem::new(
            Code::OperatorRequired,
            "this is for the operator's token, which lies beside the journal",
        )),
        (Caller::Person(actor), Who::Approver) => {
            actor.require_approver()?;
            Ok(Some(caller))
        }
        (Caller::Till(_), Who::Staff | Who::Seller | Who::StaffOrOperator | Who::Approver) => {
            Err(Problem::new(Code::NotLoggedIn, NOBODY))
        }
        (Caller::Operator, Who::Till | Who::Staff | Who::Seller | Who::Approver) => {
            Err(Problem::new(Code::NotLoggedIn, "this token is not for tills and people"))
        }
    }
}

/// Who brings a sale that a till completed by itself, and whether they could sell.
#[derive(Debug, Clone)]
struct Delivery {
    deliverer: Deliverer,
    actor: Result<Option<Caller>, Problem>,
}

/// Who sends a sale.
pub(super) enum Seller {
    /// A person, who completes it now.
    Person(Actor),
    /// A till that says that it completed the sale by itself; and the person there, or
    /// why there is none.
    Deliverer(Deliverer, Result<Actor, Problem>),
}

impl FromRequestParts<Api> for Seller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Some(delivery) = parts.extensions.get::<Delivery>() else {
            return Actor::from_request_parts(parts, api).await.map(Self::Person);
        };
        let actor = match &delivery.actor {
            Ok(Some(Caller::Person(actor))) => Ok(actor.clone()),
            Ok(_) => Err(Problem::new(Code::NotLoggedIn, NOBODY)),
            Err(problem) => Err(problem.clone()),
        };
        Ok(Self::Deliverer(delivery.deliverer, actor))
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1), if there is one.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Actor {
    /// That they may decide voids and see all of the branch.
    ///
    /// # Errors
    /// `approver_required`.
    pub fn require_approver(&self) -> Result<(), Problem> {
        if self.role.is_approver() {
            return Ok(());
        }
        let detail = format!("{} may not; ask a manager or admin", self.staff_name);
        Err(Problem::new(Code::ApproverRequired, detail))
    }

    /// That a request which names a till comes from it.
    ///
    /// # Errors
    /// `not_yours`.
    pub fn require_till(&self, device: DeviceId) -> Result<(), Problem> {
        if self.device_id == device {
            return Ok(());
        }
        let detail = format!("device_id: you are on till {}, not on {device}", self.device_id);
        Err(Problem::new(Code::NotYours, detail))
    }
}

impl FromRequestParts<Api> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::Person(actor)) => Ok(actor.clone()),
            _ => Err(Problem::new(Code::NotLoggedIn, NOBODY)),
        }
    }
}

/// The paired till that a request comes from, whoever is logged in there.
pub(super) struct OnTill(pub(super) DeviceId);

impl FromRequestParts<Api> for OnTill {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Caller>()
            .and_then(Caller::device_id)
            .map(Self)
            .ok_or_else(|| Problem::new(Code::NotLoggedIn, "pair this till first"))
    }
}
