//! What moves stock without a sale: deliveries and counts. Each is rows of the
//! ledgers, the fact that tells of them, a row of the audit log and the answer, in
//! one transaction.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::StatusCode};
use rust_decimal::Decimal;
use schemas::{
    BranchId, StockItemId,
    back_office::{StockCount, StockDocument, StockReason, StockReceipt},
    catalogue::StockItem,
    facts::{FactKind, StockMoveReason, StockMovedLine, StockMovedV2, id_from_document},
    subjects::WAKE_RELAY,
};
use store::{
    Conn,
    back_office::{self, Deed},
    catalogues,
    outbox::{self, NewFact},
    stock::{self, Level},
};
use uuid::Uuid;

use super::{
    super::{
        Client, Problem,
        once::{Answer, Done, Turn, once},
        request::{Key, Keyed, Path},
    },
    OfficeRefusal, edit,
};
use crate::{Refusal, center::Center};

/// The most lines of one receipt or count.
const MAX_LINES: usize = 200;
/// The longest note, in characters.
const MAX_NOTE: usize = 500;
/// The most of one item that is received or counted at once, in its unit.
const MOST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// The decimals that stock is kept with.
const DECIMALS: u32 = 3;

/// Books a delivery to a store.
#[utoipa::path(
    post, path = "/v1/branches/{branch}/stock/receipts", tag = "stock",
    params(
        ("branch" = BranchId, Path, description = "The store."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    request_body = StockReceipt,
    responses((status = 201, description = "It is in the books.", body = StockDocument), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn receive(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    asked: Keyed<StockReceipt>,
) -> Result<Answer, Problem> {
    let Keyed { meta, body: StockReceipt { lines, note } } = asked;
    let amounts = lines.iter().map(|line| (line.stock_item_id, line.quantity));
    if lines.iter().any(|line| line.quantity <= Decimal::ZERO) {
        return Err(OfficeRefusal::BadText("a received quantity is above zero").into());
    }
    let amounts = checked(amounts, lines.len(), note.as_deref())?;
    book(center, client, meta, Document { branch, reason: StockReason::Receipt, amounts, note })
        .await
}

/// Books a count of a store's shelves: the books' level is what was counted.
#[utoipa::path(
    post, path = "/v1/branches/{branch}/stock/counts", tag = "stock",
    params(
        ("branch" = BranchId, Path, description = "The store."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    request_body = StockCount,
    responses((status = 201, description = "It is in the books.", body = StockDocument), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn count(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
    asked: Keyed<StockCount>,
) -> Result<Answer, Problem> {
    let Keyed { meta, body: StockCount { lines, note } } = asked;
    let amounts = lines.iter().map(|line| (line.stock_item_id, line.counted));
    if lines.iter().any(|line| line.counted < Decimal::ZERO) {
        return Err(OfficeRefusal::BadText("a counted quantity is zero or more").into());
    }
    let amounts = checked(amounts, lines.len(), note.as_deref())?;
    book(center, client, meta, Document { branch, reason: StockReason::Count, amounts, note }).await
}

/// A receipt or count that is to be booked.
struct Document {
    branch: BranchId,
    reason: StockReason,
    /// By item: ledgers are locked in this order.
    amounts: BTreeMap<StockItemId, Decimal>,
    note: Option<String>,
}

fn checked(
    amounts: impl Iterator<Item = (StockItemId, Decimal)>,
    lines: usize,
    note: Option<&str>,
) -> Result<BTreeMap<StockItemId, Decimal>, OfficeRefusal> {
    if !(1..=MAX_LINES).contains(&lines) {
        return Err(OfficeRefusal::BadText("send 1 to 200 lines"));
    }
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE) {
        return Err(OfficeRefusal::BadText("a note has up to 500 characters"));
    }
    let by_item: BTreeMap<_, _> = amounts.collect();
    if by_item.len() < lines {
        return Err(OfficeRefusal::BadText("send each stock item once"));
    }
    if by_item.values().any(|amount| *amount > MOST || amount.normalize().scale() > DECIMALS) {
        return Err(OfficeRefusal::BadText(
            "a quantity is at most 1000000000, with at most 3 decimals",
        ));
    }
    Ok(by_item)
}

async fn book(
    center: Arc<Center>,
    client: Client,
    meta: Key,
    document: Document,
) -> Result<Answer, Problem> {
    let id = format!("stock document/{}", meta.key);
    let document_id = Uuid::new_v5(&client.tenant_id().as_uuid(), id.as_bytes());
    let answer = once(Arc::clone(&center), client, meta, move |turn| {
        Box::pin(async move {
            Done::new(StatusCode::CREATED, &write(turn, document_id, document).await?)
        })
    });
    let answer = answer.await?;
    if let Err(error) = bus::notices::notify(&center.bus, WAKE_RELAY, &()).await {
        tracing::debug!(%error, "the relay was not woken; its sweep finds the fact");
    }
    Ok(answer)
}

async fn write(
    Turn { center, client, books, .. }: Turn<'_>,
    document_id: Uuid,
    document: Document,
) -> Result<StockDocument, Refusal> {
    let branch_id = document.branch;
    client.branch(books, branch_id).await?;
    let (reason, moved_at) = (document.reason, center.now());
    let lines = move_stock(books, &document).await?;
    let booked = StockDocument { document_id, branch_id, reason, moved_at, lines };
    back_office::insert_stock_rows(books, branch_id, reason, &booked.lines, moved_at).await?;
    tell(books, client, &booked).await?;
    back_office::record(books, &deed(client, &booked, document.note)).await?;
    Ok(booked)
}

/// Sets the levels; gives the rows that say so.
async fn move_stock(books: &mut Conn, document: &Document) -> Result<Vec<StockMovedLine>, Refusal> {
    let branch = document.branch;
    let newest = catalogues::newest(books, branch).await?;
    let newest = edit::parse(&newest.ok_or(Refusal::NoCatalogue(branch))?.body)?;
    let unit = |id: StockItemId| {
        let item = newest.stock_items.iter().find(|item: &&StockItem| item.stock_item_id == id);
        let unknown = || OfficeRefusal::NoSuchPart(format!("stock item {id}"));
        item.map(|item| item.unit.clone()).ok_or_else(unknown)
    };
    let items: Vec<_> = document.amounts.keys().map(|id| (branch, *id)).collect();
    stock::create_levels(books, &items).await?;
    let levels = stock::lock_levels(books, &items).await?;
    let (mut moved, mut after) = (Vec::new(), Vec::new());
    for level in levels {
        let amount = document.amounts.get(&level.stock_item_id).copied().unwrap_or_default();
        let delta = match document.reason {
            StockReason::Count => amount - level.level,
            _ => amount,
        };
        let level =
            Level { level: level.level.saturating_add(delta), last_no: level.last_no + 1, ..level };
        moved.push(StockMovedLine {
            stock_item_id: level.stock_item_id,
            stock_no: level.last_no,
            delta: delta.normalize(),
            level_after: level.level.normalize(),
            unit: unit(level.stock_item_id)?,
        });
        after.push(level);
    }
    stock::set_levels(books, &after).await?;
    Ok(moved)
}

async fn tell(books: &mut Conn, client: &Client, booked: &StockDocument) -> Result<(), Refusal> {
    let body = StockMovedV2 {
        branch_id: booked.branch_id,
        document_id: booked.document_id,
        reason: match booked.reason {
            StockReason::Count => StockMoveReason::Count,
            _ => StockMoveReason::Receipt,
        },
        moved_at: booked.moved_at,
        lines: booked.lines.clone(),
    };
    let fact = NewFact {
        tenant_id: client.tenant_id(),
        branch_id: booked.branch_id,
        fact_id: id_from_document(booked.document_id),
        kind: FactKind::StockMoved,
        schema_version: 2,
        entry: None,
        invoice: None,
        body: Some(serde_json::to_vec(&body).map_err(Refusal::Malformed)?),
        occurred_at: booked.moved_at,
    };
    Ok(outbox::enqueue(books, &[fact]).await?)
}

fn deed(client: &Client, booked: &StockDocument, note: Option<String>) -> Deed {
    let lines: Vec<_> = booked
        .lines
        .iter()
        .map(|line| serde_json::json!({ "stockItemId": line.stock_item_id, "delta": line.delta }))
        .collect();
    Deed {
        tenant_id: client.tenant_id(),
        branch_ids: vec![booked.branch_id],
        action: match booked.reason {
            StockReason::Count => "STOCK_COUNTED",
            _ => "STOCK_RECEIVED",
        },
        token_id: client.token_id(),
        subject_id: None,
        target_id: Some(booked.document_id),
        at: booked.moved_at,
        meta: Some(serde_json::json!({ "note": note, "lines": lines })),
    }
}
