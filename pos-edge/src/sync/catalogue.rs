//! Keeps the branch's newest catalogue on this store's disk.
//!
//! A heartbeat says which is the newest, by the hash of its content, because a
//! restored database may use a version again. The bytes come from the bucket,
//! or from the centre if the bucket has another; they are believed only if
//! they have that hash. The one in use stays until the new one is on the disk;
//! a crash in between fetches again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bus::BusError;
use bytes::Bytes;
use domain::catalogue::content_hash;
use schemas::{Sha256Hash, catalogue::CatalogueRef, subjects::CentralRequest};

use super::{Edge, board::Part};
use crate::journal::JournalError;

/// How long the centre may take to send a catalogue.
const CATALOGUE_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let mut heard = edge.board.heard();
    heard.mark_changed();
    let mut unusable = None;
    loop {
        heard.changed().await.context("the heartbeat's board is gone")?;
        let Some(newest) = heard.borrow_and_update().and_then(|heard| heard.catalogue) else {
            continue;
        };
        if in_use(&edge) == Some(newest.content_hash) || unusable == Some(newest.content_hash) {
            continue;
        }
        match take(&edge, newest).await {
            Ok(()) => edge.board.tell_error(Part::Catalogue, None),
            Err(Failure::Bus(error)) => {
                // The next heartbeat tries again.
                tracing::warn!(%error, version = newest.version, "the new catalogue did not come");
                edge.board.tell_error(Part::Catalogue, Some(format!("no catalogue: {error}")));
            }
            Err(Failure::Journal(error @ JournalError::Catalogue(_))) => {
                tracing::error!(%error, version = newest.version, "the new catalogue is unusable");
                edge.board.tell_error(Part::Catalogue, Some(error.to_string()));
                unusable = Some(newest.content_hash);
            }
            Err(Failure::Journal(error)) => return Err(error.into()),
        }
    }
}

enum Failure {
    Bus(BusError),
    Journal(JournalError),
}

fn in_use(edge: &Edge) -> Option<Sha256Hash> {
    edge.journal.catalogue().borrow().as_ref().map(|catalogue| catalogue.reference.content_hash)
}

async fn take(edge: &Edge, newest: CatalogueRef) -> Result<(), Failure> {
    let bytes = fetch(edge, newest.content_hash).await.map_err(Failure::Bus)?;
    edge.journal.store_catalogue(bytes.into()).await.map_err(Failure::Journal)?;
    tracing::info!(version = newest.version, "a new catalogue is in use");
    Ok(())
}

async fn fetch(edge: &Edge, wanted: Sha256Hash) -> Result<Bytes, BusError> {
    let identity = edge.journal.identity();
    match bus::catalogue::get(&edge.bus, identity.tenant_id, identity.branch_id).await {
        Ok(Some(bytes)) if content_hash(&bytes) == wanted => return Ok(bytes),
        Ok(_) => tracing::debug!("the bucket has another catalogue; asking the centre"),
        Err(error) => tracing::debug!(%error, "no catalogue from the bucket; asking the centre"),
    }
    let subject = edge.central(CentralRequest::Catalogue);
    let bytes =
        bus::requests::request_bytes(&edge.bus, subject, Bytes::new(), CATALOGUE_WITHIN).await?;
    if content_hash(&bytes) == wanted {
        return Ok(bytes);
    }
    Err(BusError::Malformed {
        what: "the catalogue".to_owned(),
        why: format!("its content is not {}", wanted.short()),
    })
}
