//! Who may use which route: one table, which the requests are checked by, the
//! OpenAPI document tells, and the tests go through row by row.

use axum::http::Method;
use utoipa::openapi::{
    OpenApi, SecurityRequirement,
    path::Operation,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Anyone who reaches this edge.
    Anyone,
    /// Any paired till, with its own token or that of someone on it: the menu
    /// may be looked at before anyone logs in.
    Till,
    /// The same, and the tools of whoever keeps this box.
    TillOrOperator,
    /// Anyone who is logged in: all three roles sell and move orders on.
    Staff,
    /// The same; a sale that a till completed by itself may be brought by anyone.
    Seller,
    /// Anyone who is logged in, and the tools of whoever keeps this box.
    StaffOrOperator,
    /// Managers and admins.
    Approver,
    /// The tools of whoever keeps this box, and nobody else.
    Operator,
}

impl Who {
    /// The rule as a sentence.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Anyone => "Open to anyone who reaches this edge.",
            Self::Till => "For paired tills; nobody need be logged in.",
            Self::TillOrOperator => {
                "For paired tills, whoever is logged in there, and for the operator's token."
            }
            Self::Staff => "For cashiers, managers and admins who are logged in.",
            Self::Seller => {
                "For cashiers, managers and admins who are logged in. A sale with \
                 `Completed-Offline-At` needs only the token of its till; one that comes with \
                 another token is held for a manager."
            }
            Self::StaffOrOperator => {
                "For cashiers, managers and admins who are logged in, and for the operator's token."
            }
            Self::Operator => "For the operator's token only.",
            Self::Approver => "For managers and admins who are logged in.",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The HTTP method. `HEAD` is as `GET`.
    pub method: &'static str,
    /// The route, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

const fn rule_for(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

/// Every route of this edge. Beyond its rule a handler refuses what is another
/// till's or person's (`not_yours`), and shows a cashier only their own.
pub const RULES: &[Rule] = &[
    rule_for("GET", "/healthz", Who::Anyone),
    rule_for("GET", "/openapi.json", Who::Anyone),
    // The till's page, its files and the places in it.
    rule_for("GET", "/", Who::Anyone),
    rule_for("GET", "/{*page}", Who::Anyone),
    // How to trust this edge, where it serves HTTPS.
    rule_for("GET", "/trust", Who::Anyone),
    rule_for("GET", "/trust/{file}", Who::Anyone),
    rule_for("GET", "/metrics", Who::Anyone),
    rule_for("GET", "/v1/sync", Who::Anyone),
    rule_for("POST", "/v1/devices/pair", Who::Anyone),
    rule_for("POST", "/v1/login", Who::Till),
    // Whoever is logged out already stays so.
    rule_for("POST", "/v1/logout", Who::Anyone),
    rule_for("GET", "/v1/me", Who::Till),
    rule_for("GET", "/v1/catalogue", Who::Till),
    rule_for("GET", "/v1/stock", Who::Till),
    rule_for("POST", "/v1/quotes", Who::Till),
    rule_for("POST", "/v1/tickets/mint", Who::Till),
    rule_for("GET", "/v1/updates", Who::TillOrOperator),
    rule_for("POST", "/v1/cash-sessions", Who::Staff),
    rule_for("GET", "/v1/cash-sessions", Who::Staff),
    rule_for("POST", "/v1/cash-sessions/{id}/movements", Who::Staff),
    rule_for("GET", "/v1/cash-sessions/{id}/movements", Who::Staff),
    rule_for("GET", "/v1/cash-sessions/{id}/x", Who::Staff),
    rule_for("POST", "/v1/cash-sessions/{id}/close", Who::Staff),
    rule_for("GET", "/v1/cash-sessions/{id}/z", Who::Staff),
    rule_for("PUT", "/v1/draft", Who::Staff),
    rule_for("GET", "/v1/draft", Who::Staff),
    rule_for("DELETE", "/v1/draft", Who::Staff),
    rule_for("POST", "/v1/sales", Who::Seller),
    rule_for("GET", "/v1/sales/{ticket}", Who::Staff),
    rule_for("GET", "/v1/sales/{ticket}/receipt", Who::Staff),
    rule_for("POST", "/v1/sales/{ticket}/print", Who::Staff),
    rule_for("GET", "/v1/held-sales", Who::Approver),
    rule_for("POST", "/v1/held-sales/{ticket}/accept", Who::Approver),
    rule_for("POST", "/v1/held-sales/{ticket}/reject", Who::Approver),
    rule_for("POST", "/v1/khqr", Who::Staff),
    rule_for("POST", "/v1/khqr/{md5}/check", Who::Staff),
    rule_for("POST", "/v1/sales/{ticket}/void-requests", Who::Staff),
    rule_for("GET", "/v1/void-requests", Who::Staff),
    rule_for("POST", "/v1/void-requests/{id}/approve", Who::Approver),
    rule_for("POST", "/v1/void-requests/{id}/reject", Who::Approver),
    rule_for("GET", "/v1/orders", Who::Staff),
    rule_for("POST", "/v1/orders/{id}/status", Who::Staff),
    rule_for("GET", "/v1/notifications", Who::Staff),
    rule_for("PUT", "/v1/notifications/{id}/seen", Who::Staff),
    rule_for("POST", "/v1/import", Who::Operator),
    rule_for("GET", "/v1/tickets", Who::StaffOrOperator),
    rule_for("GET", "/v1/tickets/{ticket}", Who::StaffOrOperator),
];

/// The rule of a route; `None` if it has none.
pub fn rule(method: &Method, path: &str) -> Option<Who> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    RULES.iter().find(|rule| rule.path == path && rule.method == method).map(|rule| rule.who)
}

/// Writes the rules into the OpenAPI document.
pub(super) fn document(api: &mut OpenApi) {
    let schemes = &mut api.components.get_or_insert_default().security_schemes;
    for (name, told) in [
        ("till", "The token of a paired till (POST /v1/devices/pair)"),
        ("staff", "The token of a person on a till (POST /v1/login)"),
        ("operator", "The token in operator.token, beside the journal"),
    ] {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some(told.to_owned());
        schemes.insert(name.to_owned(), SecurityScheme::Http(scheme).into());
    }
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
        ] {
            let rule = RULES.iter().find(|rule| rule.path == path && rule.method == method);
            if let (Some(operation), Some(rule)) = (operation, rule) {
                tell(operation, rule.who);
            }
        }
    }
}

fn tell(operation: &mut Operation, who: Who) {
    let description = operation.description.get_or_insert_default();
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(who.in_words());
    let schemes: &[&str] = match who {
        Who::Anyone => return,
        Who::Till | Who::Seller => &["till", "staff"],
        Who::TillOrOperator => &["till", "staff", "operator"],
        Who::Staff | Who::Approver => &["staff"],
        Who::Operator => &["operator"],
        Who::StaffOrOperator => &["staff", "operator"],
    };
    operation.security =
        Some(schemes.iter().map(|name| SecurityRequirement::new(*name, [""; 0])).collect());
}
