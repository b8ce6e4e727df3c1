//! A change of a store's catalogue: a new document, whole, checked before it is
//! stored, with a row of the audit log, in one transaction.
//!
//! Who changes says which version they have seen (`If-Match`), so that nobody's
//! change is lost. A change that is there already is answered as made: a PUT may be
//! repeated.

use std::sync::Arc;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use schemas::{
    BranchId,
    back_office::CatalogueVersionRow,
    catalogue::{CatalogueRef, CatalogueV1},
};
use store::{
    Conn,
    back_office::{self, Deed},
    catalogues::{self, PublishError},
};
use uuid::Uuid;

use super::{
    super::{Client, Problem},
    OfficeRefusal,
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

/// The `If-Match` header: what the caller has seen, without its quotes.
pub(crate) struct IfMatch(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get(header::IF_MATCH).ok_or(OfficeRefusal::IfMatchMissing)?;
        let text = value.to_str().map_err(|_| OfficeRefusal::IfMatchMissing)?.trim();
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        Ok(Self(bare.unwrap_or(text).to_owned()))
    }
}

/// What is changed, for the audit log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct What {
    pub(crate) action: &'static str,
    pub(crate) subject: Option<Uuid>,
}

impl What {
    pub(crate) fn new(action: &'static str, subject: impl Into<Uuid>) -> Self {
        Self { action, subject: Some(subject.into()) }
    }
}

/// An answer with the tag that the next change is made with.
pub(crate) struct Tagged<T> {
    pub(crate) tag: String,
    pub(crate) body: T,
}

impl<T: serde::Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.tag)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// Changes the newest catalogue of a store.
pub(crate) async fn edit<C>(
    center: Arc<Center>,
    client: Client,
    branch_id: BranchId,
    seen: IfMatch,
    what: What,
    change: C,
) -> Result<Tagged<CatalogueVersionRow>, Problem>
where
    C: FnOnce(&mut CatalogueV1) -> Result<(), OfficeRefusal> + Send + 'static,
{
    let permit = center.enter()?;
    let row = within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let row =
            edit_within(&center, &mut books, &client, branch_id, Some(seen), what, change).await?;
        center.commit(books).await?;
        Ok::<_, Refusal>(row)
    });
    let row = row.await?;
    Ok(Tagged { tag: row.version.to_string(), body: row })
}

/// The same in the caller's transaction; without `seen` whatever is the newest.
pub(crate) async fn edit_within<C>(
    center: &Center,
    books: &mut Conn,
    client: &Client,
    branch_id: BranchId,
    seen: Option<IfMatch>,
    what: What,
    change: C,
) -> Result<CatalogueVersionRow, Refusal>
where
    C: FnOnce(&mut CatalogueV1) -> Result<(), OfficeRefusal>,
{
    client.branch(books, branch_id).await?;
    let (reference, newest) = newest_locked(books, client, branch_id).await?;
    let mut draft = newest.clone();
    change(&mut draft)?;
    if draft == newest {
        return Ok(row(branch_id, reference, false));
    }
    if seen.is_some_and(|seen| seen.0 != newest.version.to_string()) {
        return Err(OfficeRefusal::Changed(newest.version.to_string()).into());
    }
    publish(center, books, client, draft, what).await
}

/// The newest catalogue, which stays the newest until the transaction ends.
pub(crate) async fn newest_locked(
    books: &mut Conn,
    client: &Client,
    branch_id: BranchId,
) -> Result<(CatalogueRef, CatalogueV1), Refusal> {
    if !catalogues::lock(books, client.tenant_id(), branch_id).await? {
        return Err(Refusal::NoSuchBranch(branch_id));
    }
    let newest = catalogues::newest(books, branch_id).await?;
    let newest = newest.ok_or(Refusal::NoCatalogue(branch_id))?;
    Ok((newest.reference, parse(&newest.body)?))
}

pub(crate) fn parse(body: &[u8]) -> Result<CatalogueV1, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| store::Error::corrupt("catalogue_version.body", error).into())
}

/// Publishes a changed document and tells the audit log.
pub(crate) async fn publish(
    center: &Center,
    books: &mut Conn,
    client: &Client,
    draft: CatalogueV1,
    what: What,
) -> Result<CatalogueVersionRow, Refusal> {
    let (branch_id, now) = (draft.branch_id, center.now());
    let published = catalogues::publish(books, draft, now).await.map_err(|error| match error {
        PublishError::Invalid(error) => OfficeRefusal::Invalid(error.to_string()).into(),
        PublishError::TooLarge { .. } => OfficeRefusal::Invalid(error.to_string()).into(),
        PublishError::NoSuchBranch(id) => Refusal::NoSuchBranch(id),
        PublishError::Json(error) => Refusal::Malformed(error),
        PublishError::Store(error) => Refusal::Books(error),
    })?;
    let deed = Deed {
        tenant_id: client.tenant_id(),
        branch_ids: vec![branch_id],
        action: what.action,
        token_id: client.token_id(),
        subject_id: what.subject,
        target_id: None,
        at: now,
        meta: Some(serde_json::json!({ "catalogueVersion": published.reference.version })),
    };
    back_office::record(books, &deed).await?;
    Ok(row(branch_id, published.reference, true))
}

pub(crate) fn row(branch_id: BranchId, known: CatalogueRef, is_new: bool) -> CatalogueVersionRow {
    CatalogueVersionRow {
        branch_id,
        version: known.version,
        content_hash: known.content_hash,
        is_new,
    }
}

/// Puts an element in the place of the one with the same id, or at the end.
pub(crate) fn put<T>(list: &mut Vec<T>, element: T, is_same: impl Fn(&T) -> bool) {
    match list.iter_mut().find(|known| is_same(known)) {
        Some(known) => *known = element,
        None => list.push(element),
    }
}
