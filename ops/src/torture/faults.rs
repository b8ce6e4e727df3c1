//! Faults, done to the running stack, and how long each part took to recover.
//!
//! A fault is counted only if it was really done: where no small disk can be
//! mounted, none is filled. A part that does not recover in its bound is told, and
//! everything is let go again all the same.

use std::time::{Duration, Instant};

use anyhow::Context;
use schemas::subjects::{BOOKS_STREAM, POS_STREAM, shard_of};
use supervise::Line;

use super::{
    part::Part,
    probe::{Mark, until},
    schedule::{Fault, FaultKind},
    site::{Shop, Site, set_clock},
    witness::Witness,
};

/// The longest that a process stands still, however slowly another one takes over.
const LONGEST_STALL: Duration = Duration::from_secs(20);
/// The streams that are deleted, each in its turn.
const STREAMS: [&str; 4] = [POS_STREAM, BOOKS_STREAM, "KV_catalogue", "KV_register"];

/// What came of a fault.
#[derive(Debug, Clone)]
pub(super) struct Struck {
    pub(super) kind: FaultKind,
    /// Whom it struck.
    pub(super) target: String,
    pub(super) came: Came,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(super) enum Came {
    /// Recovered, after so long.
    Recovered(Duration),
    /// Not within the bound, or not as it should.
    Stuck(String),
    /// It could not be done.
    NotDone(String),
}

/// Does one fault and waits until what it struck works again.
pub(super) async fn strike(
    site: &Site,
    witness: &Witness,
    fault: &Fault,
    bound: Duration,
) -> Struck {
    let blow = Blow { site, witness, fault, bound };
    let (target, came) = match blow.strike().await {
        Ok((target, Some(took))) => (target, Came::Recovered(took)),
        Ok((target, None)) => {
            (target, Came::Stuck(format!("not recovered within {} s", bound.as_secs())))
        }
        Err(Failed::NotDone(why)) => (String::new(), Came::NotDone(why)),
        Err(Failed::Stuck(why)) => (String::new(), Came::Stuck(format!("{why:#}"))),
    };
    Struck { kind: fault.kind, target, came }
}

/// Why there is no time of recovery.
enum Failed {
    NotDone(String),
    Stuck(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Stuck(error.into())
    }
}

/// Whom it struck, and how long it took to recover.
type Outcome = Result<(String, Option<Duration>), Failed>;

struct Blow<'a> {
    site: &'a Site,
    witness: &'a Witness,
    fault: &'a Fault,
    bound: Duration,
}

impl Blow<'_> {
    async fn strike(&self) -> Outcome {
        match self.fault.kind {
            FaultKind::EdgeKilled => self.kill_edge().await,
            FaultKind::WorkerKilled => self.worker(false).await,
            FaultKind::WorkerStalled => self.worker(true).await,
            FaultKind::RelayKilled => self.relay(false).await,
            FaultKind::RelayStalled => self.relay(true).await,
            FaultKind::NumberingKilled => self.numbering(false).await,
            FaultKind::NumberingStalled => self.numbering(true).await,
            FaultKind::IngestKilled => self.kill_ingest().await,
            FaultKind::BrokerKilled => self.broker(false).await,
            FaultKind::StreamsWiped => self.broker(true).await,
            FaultKind::PostgresKilled => self.kill_postgres().await,
            FaultKind::EdgeLineCut | FaultKind::EdgeLineHalfOpen => self.edge_line().await,
            FaultKind::BrokerLineCut
            | FaultKind::BrokerLineHalfOpen
            | FaultKind::BooksLineCut
            | FaultKind::BooksLineHalfOpen => self.service_line().await,
            FaultKind::StreamDeleted => self.delete_stream().await,
            FaultKind::NewestLost => self.lose_newest().await,
            FaultKind::DiskFull => self.fill_disk().await,
            FaultKind::ClockJumped => self.jump_clock().await,
        }
    }

    fn shop(&self) -> anyhow::Result<&Shop> {
        let shops = &self.site.shops;
        shops.get(self.fault.target % shops.len().max(1)).context("there is no store")
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.bound
    }

    async fn kill_edge(&self) -> Outcome {
        let shop = self.shop()?;
        let begin = Instant::now();
        shop.edge.kill().await?;
        self.sells(shop, begin).await
    }

    /// Waits until an edge has answered a sale after `begin`.
    async fn sells(&self, shop: &Shop, begin: Instant) -> Outcome {
        let branch_id = shop.store.branch_id;
        let sold = until(self.deadline(), async || {
            Ok(self.witness.sold_since(branch_id, begin).then_some(()))
        });
        let sold = sold.await;
        Ok((shop.edge.name.clone(), sold.map(|()| begin.elapsed())))
    }

    async fn worker(&self, stall: bool) -> Outcome {
        let shop = self.shop()?;
        let branch_id = shop.store.branch_id;
        let shard = shard_of(self.site.company.tenant_id, branch_id, self.site.topology.shards);
        let part = self.holder(&format!("shard:{shard}"), &self.site.workers).await?;
        self.take_down(part, stall, async || {
            // What is journaled from here on cannot be in a commit of the one that is
            // down.
            let before =
                until(self.deadline(), async || Ok(Some(shop.sync().await?.journal_seq))).await?;
            until(self.deadline(), async || {
                let now = self.site.cursor(branch_id).await?;
                Ok(now.filter(|now| *now > before).map(drop))
            })
            .await
        })
        .await
    }

    async fn relay(&self, stall: bool) -> Outcome {
        let part = self.holder("relay", &self.site.workers).await?;
        self.take_down(part, stall, async || self.numbers_what_is_sold_now().await).await
    }

    async fn numbering(&self, stall: bool) -> Outcome {
        let part = self.holder("numbering", &self.site.numbering).await?;
        self.take_down(part, stall, async || self.numbers_what_is_sold_now().await).await
    }

    /// Waits until what is sold from here on has its number, and the stores know:
    /// nobody who is down by now can have done that.
    async fn numbers_what_is_sold_now(&self) -> Option<()> {
        let (site, deadline) = (self.site, self.deadline());
        let before = until(deadline, async || Ok(Some(site.mark().await?))).await?;
        let sold = until(deadline, async || site.sold_more(&before).await).await?;
        until(deadline, async || site.is_level(&sold).await).await
    }

    /// Kills a process, or has it stand still until another one has taken over (and
    /// for as long as the fault says).
    async fn take_down(
        &self,
        part: &Part,
        stall: bool,
        recovered: impl AsyncFn() -> Option<()>,
    ) -> Outcome {
        let begin = Instant::now();
        if !stall {
            part.kill().await?;
            let recovered = recovered().await;
            return Ok((part.name.clone(), recovered.map(|()| begin.elapsed())));
        }
        let mut service = part.take().await;
        service.pause()?;
        let recovering = async { recovered().await.map(|()| begin.elapsed()) };
        tokio::pin!(recovering);
        let early = tokio::time::timeout(LONGEST_STALL, &mut recovering).await.ok();
        if early.is_some() {
            tokio::time::sleep(self.fault.lasts.saturating_sub(begin.elapsed())).await;
        }
        service.resume()?;
        let took = match early {
            Some(took) => took,
            None => recovering.await,
        };
        Ok((part.name.clone(), took))
    }

    /// The process that holds a lease.
    async fn holder<'a>(&self, lease: &str, parts: &'a [Part]) -> anyhow::Result<&'a Part> {
        let found = until(self.deadline(), async || {
            let mut conn = self.site.pool.acquire().await?;
            let Some(holder) = store::lease::holder(&mut conn, lease).await? else {
                return Ok(None);
            };
            // `workers-<process>-<run>`; one that was killed holds it until it expires.
            let pid = holder.split('-').nth(1).and_then(|pid| pid.parse::<u32>().ok());
            for part in parts {
                if Some(part.pid().await) == pid {
                    return Ok(Some(part));
                }
            }
            Ok(None)
        });
        found.await.with_context(|| format!("no process of ours holds the lease {lease}"))
    }

    async fn kill_ingest(&self) -> Outcome {
        let begin = Instant::now();
        self.site.ingest.kill().await?;
        // A request that was answered just before it died may be noted just after.
        let after = Instant::now();
        let heard = until(self.deadline(), async || self.site.heard_since(after).await).await;
        Ok((self.site.ingest.name.clone(), heard.map(|()| begin.elapsed())))
    }

    async fn broker(&self, wipe: bool) -> Outcome {
        let begin = Instant::now();
        {
            let mut nats = self.site.nats.lock().await;
            if wipe {
                nats.wipe_store()?
            } else {
                nats.kill()?
            }
            nats.restart().await?;
        }
        self.comes_level("nats-server", begin).await
    }

    async fn kill_postgres(&self) -> Outcome {
        let begin = Instant::now();
        {
            let mut postgres = self.site.postgres.lock().await;
            postgres.kill()?;
            postgres.restart().await?;
        }
        self.comes_level("Postgres", begin).await
    }

    /// Waits until all that is journaled now is numbered, and the streams are there.
    async fn comes_level(&self, target: &str, begin: Instant) -> Outcome {
        let (site, deadline) = (self.site, self.deadline());
        let level = async {
            let mark: Mark = until(deadline, async || Ok(Some(site.mark().await?))).await?;
            until(deadline, async || site.is_level(&mark).await).await?;
            until(deadline, async || site.has_streams().await).await
        };
        let level = level.await;
        Ok((target.to_owned(), level.map(|()| begin.elapsed())))
    }

    async fn edge_line(&self) -> Outcome {
        let shop = self.shop()?;
        let line = &shop.edge.lines.broker;
        self.break_line(line).await;
        let begin = Instant::now();
        let deadline = self.deadline();
        let level = async {
            let journaled =
                until(deadline, async || Ok(Some(shop.sync().await?.journal_seq))).await?;
            until(deadline, async || shop.is_up_and_level(journaled).await).await
        };
        let level = level.await;
        Ok((shop.edge.name.clone(), level.map(|()| begin.elapsed())))
    }

    async fn service_line(&self) -> Outcome {
        let parts: Vec<&Part> = self.site.services().collect();
        let part = parts.get(self.fault.target % parts.len().max(1)).context("no service")?;
        let to_books =
            matches!(self.fault.kind, FaultKind::BooksLineCut | FaultKind::BooksLineHalfOpen);
        let line = if to_books { part.lines.books.as_ref() } else { Some(&part.lines.broker) };
        self.break_line(line.context("the service has no such line")?).await;
        self.comes_level(&part.name, Instant::now()).await
    }

    async fn break_line(&self, line: &Line) {
        match self.fault.kind {
            FaultKind::EdgeLineCut | FaultKind::BrokerLineCut | FaultKind::BooksLineCut => {
                line.cut();
            }
            _ => line.stall(),
        }
        tokio::time::sleep(self.fault.lasts).await;
        line.restore();
    }

    async fn delete_stream(&self) -> Outcome {
        let stream = STREAMS[self.fault.target % STREAMS.len()];
        let deleted = until(self.deadline(), async || {
            Ok(Some(bus::topology::delete(&self.site.bus, stream).await?))
        });
        deleted.await.context("the stream cannot be deleted")?;
        self.comes_level(stream, Instant::now()).await
    }

    async fn lose_newest(&self) -> Outcome {
        let stream = STREAMS[self.fault.target % 2];
        let lost = until(self.deadline(), async || {
            let (bus, messages) = (&self.site.bus, self.fault.messages);
            let lost = bus::topology::forget_newest(bus, stream, messages).await?;
            Ok((lost > 0).then_some(()))
        });
        lost.await.context("no message can be deleted")?;
        self.comes_level(stream, Instant::now()).await
    }

    /// Fills an edge's disk until something is refused, and gives the room back. An edge
    /// that ends meanwhile is noted by whoever starts it again.
    async fn fill_disk(&self) -> Outcome {
        let shop = self.shop()?;
        let Some(disk) = &shop.disk else {
            let why = self.site.no_disk.clone().unwrap_or_default();
            return Err(Failed::NotDone(why));
        };
        let branch_id = shop.store.branch_id;
        let refusals = || self.witness.seen().no_room.get(&branch_id).copied().unwrap_or_default();
        let before = refusals();
        disk.fill()?;
        let refused = until(self.deadline(), async || Ok((refusals() > before).then_some(())));
        let refused = refused.await;
        tokio::time::sleep(self.fault.lasts).await;
        disk.free()?;
        refused.context("the disk is full, and nothing was refused as storage_full")?;
        self.sells(shop, Instant::now()).await
    }

    async fn jump_clock(&self) -> Outcome {
        let shop = self.shop()?;
        set_clock(&shop.clock, self.fault.clock_ms)?;
        self.sells(shop, Instant::now()).await
    }
}
