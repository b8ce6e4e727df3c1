//! Who may use a route: one table, which requests are checked by, the OpenAPI
//! document tells, and the tests go through row by row.

use axum::http::Method;
use schemas::back_office::Scope;
use utoipa::openapi::{
    OpenApi, SecurityRequirement,
    path::Operation,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

/// What a route asks of who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A token with this scope.
    Token(Scope),
    /// Any token.
    AnyToken,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The HTTP method. `HEAD` is as `GET`.
    pub method: &'static str,
    /// The route, with its parameters in braces.
    pub path: &'static str,
    /// What it asks for.
    pub need: Need,
}

const fn open(method: &'static str, path: &'static str) -> Rule {
    Rule { method, path, need: Need::Nothing }
}

const fn rule_for(method: &'static str, path: &'static str, scope: Scope) -> Rule {
    Rule { method, path, need: Need::Token(scope) }
}

/// Every route of this service. Beyond its rule a handler knows only branches of
/// the token's company, and of the token itself where it is limited to some.
pub const RULES: &[Rule] = &[
    open("GET", "/healthz"),
    open("GET", "/openapi.json"),
    open("GET", "/metrics"),
    rule_for("GET", "/v1/branches/{branch}/facts", Scope::BooksRead),
    rule_for("POST", "/pos/sale", Scope::SalesWrite),
    rule_for("POST", "/pos/khqr", Scope::SalesWrite),
    rule_for("POST", "/pos/khqr/{md5}/check", Scope::SalesWrite),
    rule_for("GET", "/v1/house-accounts/{customer}", Scope::BooksRead),
    rule_for("PUT", "/v1/house-accounts/{customer}", Scope::CatalogueWrite),
    rule_for("POST", "/pos/cash-sessions", Scope::SalesWrite),
    rule_for("POST", "/pos/cash-sessions/close", Scope::SalesWrite),
    rule_for("GET", "/pos/cash-sessions/{session}/x", Scope::SalesWrite),
    rule_for("POST", "/pos/cash-movements", Scope::SalesWrite),
    rule_for("POST", "/pos/orders/status", Scope::SalesWrite),
    rule_for("POST", "/pos/voids", Scope::SalesWrite),
    rule_for("POST", "/pos/voids/decision", Scope::VoidsDecide),
    Rule { method: "GET", path: "/pos/submissions/{submission}", need: Need::AnyToken },
    Rule { method: "GET", path: "/v1/branches", need: Need::AnyToken },
    rule_for("GET", "/v1/branches/{branch}/completeness", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/sales", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/tickets", Scope::BooksRead),
    rule_for("GET", "/v1/tickets/{ticket}", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/z-reports", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/stock", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/stock/{item}/journal", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/exceptions", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/audit", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/void-requests", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/invoices", Scope::BooksRead),
    rule_for("POST", "/v1/void-requests/{id}/approve", Scope::VoidsDecide),
    rule_for("POST", "/v1/void-requests/{id}/reject", Scope::VoidsDecide),
    rule_for("GET", "/v1/commands/{id}", Scope::VoidsDecide),
    rule_for("GET", "/v1/quarantine", Scope::BooksRead),
    rule_for("GET", "/v1/quarantine/{edge}/{seq}", Scope::BooksRead),
    rule_for("POST", "/v1/quarantine/{edge}/{seq}/release", Scope::QuarantineDecide),
    rule_for("POST", "/v1/quarantine/{edge}/{seq}/discard", Scope::QuarantineDecide),
    rule_for("GET", "/v1/quarantine-decisions/{id}", Scope::QuarantineDecide),
    rule_for("GET", "/v1/series", Scope::BooksRead),
    rule_for("GET", "/v1/series/{series}/register.csv", Scope::BooksRead),
    rule_for("GET", "/v1/series/{series}/register.jsonl", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/catalogue", Scope::BooksRead),
    rule_for("PUT", "/v1/branches/{branch}/policies", Scope::CatalogueWrite),
    rule_for("PUT", "/v1/branches/{branch}/menu/categories/{id}", Scope::CatalogueWrite),
    rule_for("DELETE", "/v1/branches/{branch}/menu/categories/{id}", Scope::CatalogueWrite),
    rule_for("PUT", "/v1/branches/{branch}/menu/items/{id}", Scope::CatalogueWrite),
    rule_for("DELETE", "/v1/branches/{branch}/menu/items/{id}", Scope::CatalogueWrite),
    rule_for("PUT", "/v1/branches/{branch}/menu/items/{id}/recipe", Scope::CatalogueWrite),
    rule_for("PUT", "/v1/branches/{branch}/stock-items/{id}", Scope::CatalogueWrite),
    rule_for("DELETE", "/v1/branches/{branch}/stock-items/{id}", Scope::CatalogueWrite),
    rule_for("GET", "/v1/discounts", Scope::BooksRead),
    rule_for("PUT", "/v1/branches/{branch}/discounts/{id}", Scope::CatalogueWrite),
    rule_for("DELETE", "/v1/branches/{branch}/discounts/{id}", Scope::CatalogueWrite),
    rule_for("PUT", "/v1/discounts/{id}", Scope::CatalogueWrite),
    rule_for("DELETE", "/v1/discounts/{id}", Scope::CatalogueWrite),
    rule_for("GET", "/v1/branches/{branch}/staff", Scope::BooksRead),
    rule_for("PUT", "/v1/branches/{branch}/staff/{id}", Scope::StaffWrite),
    rule_for("DELETE", "/v1/branches/{branch}/staff/{id}", Scope::StaffWrite),
    rule_for("POST", "/v1/branches/{branch}/staff/{id}/pin", Scope::StaffWrite),
    rule_for("GET", "/v1/branches/{branch}/devices", Scope::BooksRead),
    rule_for("PUT", "/v1/branches/{branch}/devices/{id}", Scope::StaffWrite),
    rule_for("POST", "/v1/branches/{branch}/devices/{id}/pairing-code", Scope::StaffWrite),
    rule_for("POST", "/v1/branches/{branch}/stock/receipts", Scope::StockWrite),
    rule_for("POST", "/v1/branches/{branch}/stock/counts", Scope::StockWrite),
    rule_for("GET", "/v1/branches/{branch}/reports/items", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/reports/categories", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/reports/methods", Scope::BooksRead),
    rule_for("GET", "/v1/branches/{branch}/reports/days", Scope::BooksRead),
    rule_for("GET", "/v1/company", Scope::BooksRead),
    rule_for("PUT", "/v1/company/time-zone", Scope::CatalogueWrite),
    rule_for("GET", "/v1/company/numbering", Scope::BooksRead),
    rule_for("PUT", "/v1/company/numbering", Scope::CatalogueWrite),
];

/// What a route asks for; `None` if it has no rule.
pub fn need(method: &Method, path: &str) -> Option<Need> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    RULES.iter().find(|rule| rule.path == path && rule.method == method).map(|rule| rule.need)
}

/// Writes the rules into the OpenAPI document.
pub(super) fn document(api: &mut OpenApi) {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("An API token of the company, with scopes".to_owned());
    let schemes = &mut api.components.get_or_insert_default().security_schemes;
    schemes.insert("token".to_owned(), SecurityScheme::Http(scheme).into());
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
        ] {
            let rule = RULES.iter().find(|rule| rule.path == path && rule.method == method);
            if let (Some(operation), Some(rule)) = (operation, rule) {
                tell(operation, rule.need);
            }
        }
    }
}

fn tell(operation: &mut Operation, need: Need) {
    let words = match need {
        Need::Nothing => return,
        Need::Token(scope) => format!("For tokens with the scope `{scope}`."),
        Need::AnyToken => "For any token.".to_owned(),
    };
    let description = operation.description.get_or_insert_default();
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(&words);
    operation.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
}
