//! House accounts: opened and limited by the company, read with what is owed.

use std::sync::Arc;

use axum::{Json, extract::State};
use rust_decimal::Decimal;
use schemas::{
    CustomerId, Usd,
    door_api::{HouseAccount, PutHouseAccount},
};
use store::{
    Conn, accounts,
    back_office::{self, Deed},
    companies,
};

use crate::{
    Refusal,
    center::{Center, within_time},
    http::{
        Client, Problem,
        request::{Body, Path},
    },
};

/// The highest limit, in dollars.
const MAX_LIMIT: i64 = 1_000_000_000;
/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 200;

/// A customer's account.
#[utoipa::path(
    get, path = "/v1/house-accounts/{customer}", tag = "accounts",
    params(("customer" = CustomerId, Path, description = "The customer.")),
    responses((status = 200, description = "What is owed, and up to what it may be.", body = HouseAccount), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn get_account(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(customer): Path<CustomerId>,
) -> Result<Json<HouseAccount>, Problem> {
    let permit = center.enter()?;
    let account = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let account = read(&mut books, &client, customer).await?;
        center.commit(books).await?;
        Ok(account)
    });
    Ok(Json(account.await?))
}

/// Opens a customer's account, or changes its name and its limit. A limit below what
/// is owed already only keeps more from being charged.
#[utoipa::path(
    put, path = "/v1/house-accounts/{customer}", tag = "accounts",
    params(("customer" = CustomerId, Path, description = "The customer.")),
    request_body = PutHouseAccount,
    responses((status = 200, description = "The account as it is now.", body = HouseAccount), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_account(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(customer): Path<CustomerId>,
    Body(asked): Body<PutHouseAccount>,
) -> Result<Json<HouseAccount>, Problem> {
    client.whole_company()?;
    check(&asked)?;
    let permit = center.enter()?;
    let account = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let (tenant_id, at) = (client.tenant_id(), center.now());
        let PutHouseAccount { name, credit_limit_usd } = asked;
        accounts::put(&mut books, tenant_id, customer, &name, credit_limit_usd, at).await?;
        let branches = companies::branches(&mut books, tenant_id).await?;
        let deed = Deed {
            tenant_id,
            branch_ids: branches.iter().map(|branch| branch.branch_id).collect(),
            action: "HOUSE_ACCOUNT_CHANGED",
            token_id: client.token_id(),
            subject_id: Some(customer.as_uuid()),
            target_id: None,
            at,
            meta: Some(serde_json::json!({ "name": name, "creditLimitUsd": credit_limit_usd })),
        };
        back_office::record(&mut books, &deed).await?;
        let account = read(&mut books, &client, customer).await?;
        center.commit(books).await?;
        Ok(account)
    });
    Ok(Json(account.await?))
}

async fn read(
    books: &mut Conn,
    client: &Client,
    customer: CustomerId,
) -> Result<HouseAccount, Refusal> {
    let known = accounts::read(books, client.tenant_id(), customer).await?;
    known.ok_or_else(|| Refusal::NotFound(format!("a house account of customer {customer}")))
}

fn check(asked: &PutHouseAccount) -> Result<(), Refusal> {
    let bad = |why: &str| Err(Refusal::BadParameter(why.to_owned()));
    let name = asked.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return bad("name: 1 to 200 characters are taken");
    }
    if name.chars().any(char::is_control) {
        return bad("name: control characters are not allowed");
    }
    let Usd(limit) = asked.credit_limit_usd;
    if limit < Decimal::ZERO || limit > Decimal::from(MAX_LIMIT) || limit.normalize().scale() > 2 {
        return bad("credit_limit_usd: 0 to 1000000000 dollars are taken, in whole cents");
    }
    Ok(())
}
