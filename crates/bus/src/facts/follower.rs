//! Following one branch's facts without a gap.
//!
//! Guarantees: every fact after the given one is yielded, once, in the order of
//! `fact_seq`, whatever happens to the stream. What the stream does not bring
//! comes from the books, through the centre. The caller stores how far it is;
//! after a crash it begins again from there.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use schemas::{
    BranchId, EdgeId, TenantId,
    requests::{FactV1, FactsReplyV1, FactsRequestV1},
    subjects::{self, CentralRequest, CentralSubject},
};

use super::{Contiguity, FactMessage, FactStream, Place, Start, stream};
use crate::{
    Bus, BusError, requests,
    retry::{self, Pauses},
};

/// How long the centre may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// With nothing heard for so long, the centre is asked whether there is more:
/// the last message of a burst may be the one that was lost.
const ASK_WHEN_SILENT: Duration = Duration::from_secs(5);
/// Facts taken from the stream at once.
const BATCH: usize = 200;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// One branch's facts, contiguous.
pub struct FactFollower {
    bus: Bus,
    subject: CentralSubject,
    stream: FactStream,
    contiguity: Contiguity,
    ready: VecDeque<FactMessage>,
    must_fetch: bool,
    pauses: Pauses,
}

impl FactFollower {
    /// Follows the facts of a branch after `after` (0: from the first), asking
    /// the centre as `edge`.
    pub fn new(bus: &Bus, tenant: TenantId, branch: BranchId, edge: EdgeId, after: u64) -> Self {
        Self {
            bus: bus.clone(),
            subject: CentralSubject {
                tenant_id: tenant,
                branch_id: branch,
                edge_id: edge,
                what: CentralRequest::Facts,
            },
            stream: stream::follow(bus, subjects::branch_facts(tenant, branch), Start::New),
            contiguity: Contiguity::after(after),
            ready: VecDeque::new(),
            // What was published before the stream is followed is in the books.
            must_fetch: true,
            pauses: retry::pauses(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// The highest `fact_seq` that was yielded or waits to be.
    pub const fn last_seq(&self) -> u64 {
        self.contiguity.last()
    }

    /// The next fact. Waits for as long as it takes; may be cancelled.
    pub async fn next(&mut self) -> FactMessage {
        loop {
            if let Some(fact) = self.ready.pop_front() {
                return fact;
            }
            if self.must_fetch {
                self.fetch_patiently().await;
                continue;
            }
            match tokio::time::timeout(ASK_WHEN_SILENT, self.stream.next_batch(BATCH)).await {
                Ok(facts) => self.admit_all(facts),
                Err(_) => self.must_fetch = true,
            }
        }
    }

    fn admit_all(&mut self, facts: Vec<FactMessage>) {
        for fact in facts {
            match self.contiguity.admit(fact.fact_seq) {
                Place::Next => self.ready.push_back(fact),
                Place::Seen => {}
                Place::Gap { after } => {
                    tracing::info!(subject = fact.subject, after, got = fact.fact_seq, "a gap");
                    self.must_fetch = true;
                    // The fetch brings this one and those behind it too.
                    return;
                }
            }
        }
    }

    async fn fetch_patiently(&mut self) {
        match self.fetch().await {
            Ok(()) => self.pauses.reset(),
            Err(error) => {
                tracing::debug!(%error, subject = %self.subject, "cannot fetch facts yet");
                self.pauses.wait().await;
            }
        }
    }

    async fn fetch(&mut self) -> Result<(), BusError> {
        // Listen first: what is published during the question is not missed.
        if !self.stream.is_attached() {
            self.stream.connect().await?;
        }
        let question = FactsRequestV1 {
            after_fact_seq: self.contiguity.last(),
            limit: FactsRequestV1::MAX_FACTS,
        };
        let reply: FactsReplyV1 =
            requests::request(&self.bus, self.subject, &question, ANSWER_TIMEOUT).await?;
        let had = self.contiguity.last();
        if let Some(skipped) = reply.skipped.filter(|skipped| skipped.first <= had + 1) {
            self.contiguity.pass_over(skipped.last);
        }
        let facts = reply.facts.into_iter().map(|fact| message(&self.subject, fact)).collect();
        self.admit_all(facts);
        let moved = self.contiguity.last() > had;
        self.must_fetch = moved && self.contiguity.last() < reply.head;
        if !moved && reply.head > had {
            let why = format!("it has facts up to {} and gives none after {had}", reply.head);
            return Err(BusError::malformed("the centre's answer", why));
        }
        Ok(())
    }
}

fn message(subject: &CentralSubject, fact: FactV1) -> FactMessage {
    FactMessage {
        subject: format!("books.{}.{}.{}", subject.tenant_id, subject.branch_id, fact.kind),
        branch_id: subject.branch_id,
        fact_seq: fact.fact_seq,
        fact_id: fact.fact_id,
        kind: fact.kind,
        schema_version: fact.schema_version,
        occurred_at: fact.occurred_at,
        body: Bytes::from(Box::<str>::from(fact.body).into_string()),
    }
}
