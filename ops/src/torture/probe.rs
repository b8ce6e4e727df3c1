//! How one sees that a part works again: from outside, by what it is there for.

use std::{
    collections::HashMap,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Context;
use pos_edge::people::OperatorToken;
use schemas::{
    BranchId,
    edge_api::{LinkState, SyncStatus},
};
use store::standing::{self, Standing};

use super::site::{Shop, Site};
use crate::drive::client::EdgeClient;

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks until `probe` finds something, at most until `deadline`. What cannot be
/// looked at just now has not recovered.
pub(super) async fn until<T, F, R>(deadline: Instant, mut probe: F) -> Option<T>
where
    F: FnMut() -> R,
    R: Future<Output = anyhow::Result<Option<T>>>,
{
    loop {
        if let Ok(Ok(Some(found))) = tokio::time::timeout_at(deadline.into(), probe()).await {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How far each store was when somebody looked: entries and sales of its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark(HashMap<BranchId, (u64, u64)>);

impl Shop {
    /// Its edge, asked with the operator's token.
    pub(super) fn operator(&self) -> anyhow::Result<EdgeClient> {
        let folder = self.address.folder.as_deref().context("the edge has no folder")?;
        let token = OperatorToken::read(folder)?.context("the edge has no operator's token")?;
        Ok(EdgeClient::at_url(&self.address.url)?.with_token(token))
    }

    pub(super) async fn sync(&self) -> anyhow::Result<SyncStatus> {
        Ok(self.operator()?.sync().await?)
    }

    /// Whether the line is up and everything up to there is in the books.
    pub(super) async fn is_up_and_level(&self, journal_seq: u64) -> anyhow::Result<Option<()>> {
        let sync = self.sync().await?;
        Ok((sync.link == LinkState::Up && sync.confirmed_seq >= journal_seq).then_some(()))
    }
}

impl Site {
    /// How far each store is.
    pub(super) async fn mark(&self) -> anyhow::Result<Mark> {
        let mut journaled = HashMap::new();
        for shop in &self.shops {
            let sync = shop.sync().await?;
            journaled.insert(shop.store.branch_id, (sync.journal_seq, sync.captured));
        }
        Ok(Mark(journaled))
    }

    /// Whether everything up to the mark is in the books, has its number, and the
    /// stores know.
    pub(super) async fn is_level(&self, mark: &Mark) -> anyhow::Result<Option<()>> {
        for shop in &self.shops {
            let (journaled, captured) =
                mark.0.get(&shop.store.branch_id).copied().unwrap_or_default();
            let sync = shop.sync().await?;
            if sync.confirmed_seq < journaled || sync.numbered < captured {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// Whether the streams are there as they should be.
    pub(super) async fn has_streams(&self) -> anyhow::Result<Option<()>> {
        bus::topology::check(&self.bus, &self.topology).await?;
        Ok(Some(()))
    }

    async fn standings(&self) -> anyhow::Result<Vec<Standing>> {
        let mut conn = self.pool.acquire().await?;
        Ok(standing::standings(&mut conn, None).await?)
    }

    /// How many entries of a store the books have.
    pub(super) async fn cursor(&self, branch_id: BranchId) -> anyhow::Result<Option<u64>> {
        let standings = self.standings().await?;
        Ok(standings.iter().find(|of| of.branch_id == branch_id).map(|of| of.confirmed))
    }

    /// How far each store is, once one of them has sold more than at `mark`.
    pub(super) async fn sold_more(&self, mark: &Mark) -> anyhow::Result<Option<Mark>> {
        let now = self.mark().await?;
        let more = now.0.iter().any(|(branch_id, (_, captured))| {
            mark.0.get(branch_id).is_none_or(|(_, before)| captured > before)
        });
        Ok(more.then_some(now))
    }

    /// Whether the centre heard a store after `since`.
    pub(super) async fn heard_since(&self, since: Instant) -> anyhow::Result<Option<()>> {
        let standings = self.standings().await?;
        let asked = since.elapsed();
        let heard = standings.iter().filter_map(|of| of.heard.as_ref());
        let ago = heard.map(|heard| Duration::from_micros(heard.ago_us.unsigned_abs())).min();
        Ok(ago.is_some_and(|ago| ago < asked).then_some(()))
    }
}
