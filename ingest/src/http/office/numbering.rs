//! How the company numbers its invoices. A change holds from the next number on and
//! opens new series, which start at 1; what was numbered stands.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::invoice_series::{InvoiceForm, Restarts};
use schemas::back_office::Numbering;
use store::{
    back_office::{self, Deed},
    companies,
    series::{self, Setting, SettingRefused},
};

use super::{
    super::{Client, Problem, request::Body},
    refusal::OfficeRefusal,
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

fn shown(setting: Setting) -> Numbering {
    let Setting { revision, restarts: Restarts { per_branch, yearly }, form } = setting;
    Numbering { revision, per_branch, yearly, form }
}

/// How the company numbers its invoices.
#[utoipa::path(
    get, path = "/v1/company/numbering", tag = "register",
    responses((status = 200, description = "The setting in force.", body = Numbering), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn read(
    State(center): State<Arc<Center>>,
    client: Client,
) -> Result<Json<Numbering>, Problem> {
    let permit = center.enter()?;
    let setting = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let setting = series::setting(&mut books, client.tenant_id()).await?;
        center.commit(books).await?;
        setting.ok_or_else(|| Refusal::NotFound("the company".to_owned()))
    });
    Ok(Json(shown(setting.await?)))
}

/// Changes how the company numbers its invoices from the next one on. New series
/// start at 1. `revision` is the one that was seen; the same change again is
/// answered the same.
#[utoipa::path(
    put, path = "/v1/company/numbering", tag = "register",
    request_body = Numbering,
    responses((status = 200, description = "The setting in force.", body = Numbering), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put(
    State(center): State<Arc<Center>>,
    client: Client,
    Body(asked): Body<Numbering>,
) -> Result<Json<Numbering>, Problem> {
    client.whole_company()?;
    let restarts = Restarts { per_branch: asked.per_branch, yearly: asked.yearly };
    let form = InvoiceForm::parse(&asked.form, restarts)
        .map_err(|error| OfficeRefusal::BadForm(error.to_string()))?;
    let permit = center.enter()?;
    let setting = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let tenant_id = client.tenant_id();
        let change = (restarts, &form);
        let by = format!("token {}", client.token_id());
        let seen = asked.revision;
        let changed =
            series::change_setting(&mut books, tenant_id, seen, change, &asked.form, &by).await?;
        let setting = match changed {
            Ok(setting) => setting,
            Err(SettingRefused::NoSuchTenant) => {
                return Err(Refusal::NotFound("the company".to_owned()));
            }
            Err(refused) => {
                // A retry of the change that made the setting in force.
                let now = series::setting(&mut books, tenant_id).await?.filter(|now| {
                    now.restarts == restarts
                        && now.form == asked.form
                        && now.revision == seen.saturating_add(1)
                });
                return now.ok_or_else(|| OfficeRefusal::Numbering(refused).into());
            }
        };
        let branches = companies::branches(&mut books, tenant_id).await?;
        let deed = Deed {
            tenant_id,
            branch_ids: branches.iter().map(|branch| branch.branch_id).collect(),
            action: "NUMBERING_CHANGED",
            token_id: client.token_id(),
            subject_id: Some(tenant_id.as_uuid()),
            target_id: None,
            at: center.now(),
            meta: Some(serde_json::json!({ "revision": setting.revision, "form": setting.form })),
        };
        back_office::record(&mut books, &deed).await?;
        center.commit(books).await?;
        Ok(setting)
    });
    Ok(Json(shown(setting.await?)))
}
