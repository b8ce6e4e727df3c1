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
};
use crate::people::{self, Caller};

pub use crate::people::Actor;

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
        | (Caller::Person(_), Who::Staff)
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
        (Caller::Till(_), Who::Staff | Who::StaffOrOperator | Who::Approver) => {
            Err(Problem::new(Code::NotLoggedIn, "log in on this till first: POST /v1/login"))
        }
        (Caller::Operator, Who::Till | Who::Staff | Who::Approver) => {
            Err(Problem::new(Code::NotLoggedIn, "this token is not for tills and people"))
        }
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
            _ => Err(Problem::new(Code::NotLoggedIn, "log in on this till first: POST /v1/login")),
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
