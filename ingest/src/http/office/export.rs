//! The register as a file: every row of a series, from the first to the one that
//! was the last when the export began, with the whole chain, so that an auditor can
//! check it offline (`tillstream verify-register`).
//!
//! Rows are read page by page in short transactions and sent as they come; nothing
//! is collected. Where the books fail, or whoever reads is too slow, the answer
//! breaks off: it has no proper end then, and is no file.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use schemas::{SeriesId, back_office::SeriesRow, facts::InvoiceAssignedV1};
use store::{back_office, invoices};
use tokio::sync::mpsc;

use super::super::{Client, Problem, request::Path};
use crate::{
    Refusal,
    center::{Center, uncancelled, within_time},
};

/// Rows that are read at once.
const ROWS: u32 = 1_000;
/// Pages that wait for whoever reads.
const PAGES_AHEAD: usize = 2;
/// How long one page may wait for whoever reads.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the last row of the export is told: `<number>:<hash>`.
const HEAD: HeaderName = HeaderName::from_static("register-head");

#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

/// The register of a series as CSV, with the names of the columns in front. The
/// header `Register-Head` says which row is the last: `<number>:<hash>`.
#[utoipa::path(
    get, path = "/v1/series/{series}/register.csv", tag = "register",
    params(("series" = SeriesId, Path, description = "The series.")),
    responses(
        (status = 200, description = "The rows, in order.", body = String, content_type = "text/csv"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn csv(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(series): Path<SeriesId>,
) -> Result<Response, Problem> {
    export(center, client, series, Format::Csv).await
}

/// The register of a series as JSON Lines. The header `Register-Head` says which
/// row is the last: `<number>:<hash>`.
#[utoipa::path(
    get, path = "/v1/series/{series}/register.jsonl", tag = "register",
    params(("series" = SeriesId, Path, description = "The series.")),
    responses(
        (status = 200, description = "The rows, in order.", body = InvoiceAssignedV1, content_type = "application/jsonl"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn json_lines(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(series): Path<SeriesId>,
) -> Result<Response, Problem> {
    export(center, client, series, Format::JsonLines).await
}

async fn export(
    center: Arc<Center>,
    client: Client,
    series_id: SeriesId,
    format: Format,
) -> Result<Response, Problem> {
    client.whole_company()?;
    let permit = center.enter_export()?;
    let asked = Arc::clone(&center);
    let series = within_time(async move {
        let mut books = asked.begin().await?;
        let series = back_office::series(&mut books, client.tenant_id(), series_id).await?;
        asked.commit(books).await?;
        series.ok_or_else(|| Refusal::NotFound(format!("series {series_id}")))
    });
    let series = series.await?;
    let head = format!("{}:{}", series.last_no, series.head_hash);
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = write(&center, &series, format, &sender).await {
            tracing::warn!(series.id = %series.series_id, %error, "an export broke off");
            // Whoever reads sees that it has no proper end.
            let _ = sender.send(Err(error)).await;
        }
    });
    let pages = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<_>| {
        receiver.recv().await.map(|page| (page, receiver))
    });
    let content_type = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::JsonLines => "application/jsonl",
    };
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(head) = HeaderValue::try_from(head) {
        headers.insert(HEAD, head);
    }
    Ok(response)
}

async fn write(
    center: &Arc<Center>,
    series: &SeriesRow,
    format: Format,
    pages: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut last = 0;
    let mut is_first = true;
    while last < series.last_no {
        let rows = read(center, series.series_id, last).await.map_err(io::Error::other)?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.no <= series.last_no).collect();
        let Some(newest) = rows.last() else {
            return Err(io::Error::other(format!("the register ends after number {last}")));
        };
        last = newest.no;
        let page = encode(&rows, format, is_first)?;
        is_first = false;
        match tokio::time::timeout(PATIENCE, pages.send(Ok(page))).await {
            Ok(Ok(())) => {}
            // Nobody reads any more.
            Ok(Err(_)) => return Ok(()),
            Err(_) => return Err(io::Error::other("whoever reads is too slow")),
        }
    }
    Ok(())
}

async fn read(
    center: &Arc<Center>,
    series_id: SeriesId,
    after: u64,
) -> Result<Vec<InvoiceAssignedV1>, Refusal> {
    let center = Arc::clone(center);
    uncancelled(async move {
        let mut books = center.begin().await?;
        let rows = invoices::after_no(&mut books, series_id, after, ROWS).await?;
        center.commit(books).await?;
        Ok(rows)
    })
    .await
}

fn encode(rows: &[InvoiceAssignedV1], format: Format, with_names: bool) -> io::Result<Bytes> {
    let bytes = match format {
        Format::JsonLines => {
            let mut lines = Vec::new();
            for row in rows {
                serde_json::to_writer(&mut lines, row)?;
                lines.push(b'\n');
            }
            lines
        }
        Format::Csv => {
            let mut lines =
                csv::WriterBuilder::new().has_headers(with_names).from_writer(Vec::new());
            for row in rows {
                lines.serialize(row).map_err(io::Error::other)?;
            }
            lines.into_inner().map_err(|error| io::Error::other(error.to_string()))?
        }
    };
    Ok(Bytes::from(bytes))
}
