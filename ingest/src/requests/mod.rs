//! Questions of edges over NATS: `central.<tenant>.<branch>.<edge>.<what>`.
//!
//! Each is answered in a task of its own and within bounds; a refusal is an
//! answer too. One file for each question.

mod adopt;
mod catalogue;
mod facts;
mod heartbeat;
mod khqr;
mod known;
mod mapping;
mod orders;
mod register;
mod stock;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use bus::requests::Question;
use bytes::Bytes;
use schemas::subjects::{CentralRequest, CentralSubject};
use serde::{Serialize, de::DeserializeOwned};
use store::{Conn, companies};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use facts::read as read_facts;

use crate::{
    Refusal,
    center::{ANSWER_WITHIN, Center, within},
    khqr::CHECK_WITHIN,
};

/// How long a stopping service waits for answers under way.
const GRACE: Duration = Duration::from_secs(5);

/// Answers until `shutdown`.
///
/// # Errors
/// If the connection to the broker is closed for good.
pub(crate) async fn serve(center: Arc<Center>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut questions = bus::requests::serve(&center.bus).await?;
    let answers = TaskTracker::new();
    loop {
        let question = tokio::select! {
            () = shutdown.cancelled() => break,
            question = questions.next() => question,
        };
        let Some(question) = question else { bail!("the connection to NATS was closed") };
        match center.enter() {
            Ok(permit) => {
                answers.spawn(answer(Arc::clone(&center), question, permit));
            }
            Err(refusal) => {
                answers.spawn(refuse(question, refusal));
            }
        }
    }
    answers.close();
    // What is not answered by then is asked again.
    let _all_answered = tokio::time::timeout(GRACE, answers.wait()).await;
    Ok(())
}

async fn answer(center: Arc<Center>, question: Question, permit: OwnedSemaphorePermit) {
    let began = Instant::now();
    let subject = match &question.subject {
        Ok(subject) => *subject,
        Err(error) => {
            let refusal = error.clone().into();
            return refuse(question, refusal).await;
        }
    };
    let what = subject.what.as_str();
    let asked = question.body.clone();
    let bound = match subject.what {
        CentralRequest::KhqrCheck => CHECK_WITHIN,
        _ => ANSWER_WITHIN,
    };
    let outcome = within(bound, async move {
        // Held until the work is done, also if nobody waits for it any more.
        let _permit = permit;
        body(&center, subject, &asked).await
    });
    match outcome.await {
        Ok(body) => {
            metrics::counter!("ingest_requests_total", "what" => what, "outcome" => "answered")
                .increment(1);
            if let Err(error) = question.answer_bytes(body).await {
                tracing::warn!(edge.id = %subject.edge_id, what, %error, "an answer was not sent");
            }
        }
        Err(refusal) => refuse(question, refusal).await,
    }
    metrics::histogram!("ingest_request_seconds", "what" => what).record(began.elapsed());
}

/// The body of the answer.
async fn body(center: &Center, subject: CentralSubject, body: &[u8]) -> Result<Bytes, Refusal> {
    match subject.what {
        CentralRequest::Heartbeat => {
            json(&heartbeat::answer(center, subject, &parse(body)?).await?)
        }
        CentralRequest::Mapping => json(&mapping::answer(center, subject, parse(body)?).await?),
        CentralRequest::Catalogue => catalogue::answer(center, subject).await,
        CentralRequest::Stock => json(&stock::answer(center, subject).await?),
        CentralRequest::Facts => json(&facts::answer(center, subject, parse(body)?).await?),
        CentralRequest::KhqrIntent => json(&khqr::write(center, subject, &parse(body)?).await?),
        CentralRequest::Adopt => json(&adopt::answer(center, subject, parse(body)?).await?),
        CentralRequest::Known => json(&known::answer(center, subject, &parse(body)?).await?),
        CentralRequest::KhqrCheck => json(&khqr::check(center, subject, &parse(body)?).await?),
        CentralRequest::Register => json(&register::answer(center, subject, parse(body)?).await?),
    }
}

async fn refuse(question: Question, refusal: Refusal) {
    let code = refusal.code();
    let (edge, what) = match &question.subject {
        Ok(subject) => (subject.edge_id.to_string(), subject.what.as_str()),
        Err(_) => (String::new(), "unknown"),
    };
    metrics::counter!("ingest_requests_total", "what" => what, "outcome" => code).increment(1);
    if refusal.is_ours() {
        let cause = std::error::Error::source(&refusal).map(ToString::to_string);
        tracing::error!(edge.id = edge, what, code, cause, "{refusal}");
    } else {
        tracing::warn!(edge.id = edge, what, code, "{refusal}");
    }
    if let Err(error) = question.refuse(code, &refusal.to_string()).await {
        tracing::debug!(edge.id = edge, what, %error, "a refusal was not sent");
    }
}

/// Checks that the edge a subject names is enrolled at its branch, and active.
async fn must_be_active(conn: &mut Conn, subject: CentralSubject) -> Result<(), Refusal> {
    let CentralSubject { tenant_id, branch_id, edge_id, .. } = subject;
    let edge = companies::edge(conn, edge_id).await?.ok_or(Refusal::NotEnrolled(edge_id))?;
    if (edge.tenant_id, edge.branch_id) != (tenant_id, branch_id) {
        return Err(Refusal::NotOfThisBranch(edge_id));
    }
    match edge.state {
        companies::EdgeState::Active => Ok(()),
        companies::EdgeState::Retired => Err(Refusal::NotActive(edge_id)),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    Ok(schemas::json::parse(body)?)
}

fn json(answer: &impl Serialize) -> Result<Bytes, Refusal> {
    Ok(serde_json::to_vec(answer)?.into())
}
