//! Keeping a submission, and waiting for its outcome.

use std::sync::Arc;

use bus::notices;
use domain::charged::request_hash;
use schemas::{
    BranchId, Sha256Hash, TenantId, TicketId,
    door_api::{DoorInvoice, RefusalCode, Submission},
    facts::SaleRefusedV1,
    subjects::{WAKE_RELAY, shard_of, wake_door},
};
use store::{
    catalogues, doors, recovery,
    submissions::{self, NewSubmission, Outcome, Standing, submission_id},
};
use uuid::Uuid;

use crate::{
    Refusal,
    center::{Center, within_time},
    http::Client,
};

/// A submission as far as it is.
pub(crate) struct Found {
    pub(crate) standing: Standing,
    /// Of a sale, once it has its number.
    pub(crate) invoice: Option<DoorInvoice>,
}

impl Found {
    /// Whether there is nothing more to wait for.
    fn is_done(&self) -> bool {
        match self.standing.outcome {
            Outcome::Pending => false,
            Outcome::Refused { .. } => true,
            Outcome::Booked { .. } => self.standing.kind != "sale" || self.invoice.is_some(),
        }
    }
}

/// Keeps a request under its ticket and waits for its outcome. The same request
/// again finds what became of the first.
///
/// # Errors
/// [`Refusal`], e.g. [`Refusal::Door`] with `ticket_conflict` if the ticket has
/// another request.
pub(crate) async fn submit(
    center: &Arc<Center>,
    client: &Client,
    ticket: TicketId,
    submission: Submission,
) -> Result<Found, Refusal> {
    let (tenant, branch) = (client.tenant_id(), submission.branch_id());
    let id = submission_id(tenant, &ticket);
    let place = center.waiting.place(id);
    let permit = center.enter()?;
    let kept = {
        let (center, client) = (Arc::clone(center), client.clone());
        within_time(async move {
            // Held until the work is done, also if nobody waits for it any more.
            let _permit = permit;
            keep(&center, &client, ticket, submission).await
        })
    };
    if kept.await? == Kept::Conflict {
        tell(center, WAKE_RELAY).await;
        let detail = "another request came under this ticket before; this one is refused";
        return Err(Refusal::Door(RefusalCode::TicketConflict, detail.to_owned()));
    }
    wake(center, tenant, branch).await;
    center.waiting.until(place.as_ref(), || find(center, client, id), Found::is_done).await
}

/// Where a submission stands.
///
/// # Errors
/// [`Refusal::NoSuchSubmission`] if the company has none with this id, or the token
/// may not see its store.
pub(crate) async fn find(
    center: &Arc<Center>,
    client: &Client,
    id: Uuid,
) -> Result<Found, Refusal> {
    let permit = center.enter()?;
    let (center, client) = (Arc::clone(center), client.clone());
    within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        let standing = submissions::standing(&mut books, client.tenant_id(), id)
            .await?
            .filter(|standing| client.may_see(standing.branch_id))
            .ok_or(Refusal::NoSuchSubmission(id))?;
        let invoice = match (&standing.outcome, standing.kind.as_str()) {
            (Outcome::Booked { made_id, .. }, "sale") => {
                submissions::invoice_of(&mut books, (*made_id).into()).await?
            }
            _ => None,
        };
        center.commit(books).await?;
        Ok(Found { standing, invoice })
    })
    .await
}

/// What became of the attempt to keep a submission.
#[derive(PartialEq, Eq)]
enum Kept {
    /// It is kept, now or since before.
    Kept,
    /// Its ticket has another request; that is told now or was before.
    Conflict,
}

async fn keep(
    center: &Center,
    client: &Client,
    ticket: TicketId,
    submission: Submission,
) -> Result<Kept, Refusal> {
    let branch_id = submission.branch_id();
    let new = as_kept(center, client, ticket, &submission)?;
    let mut books = center.begin().await?;
    must_not_wait(&mut books, new.tenant_id).await?;
    client.branch(&mut books, branch_id).await?;
    if let Submission::Sale(_) = submission
        && let Some(no) = recovery::number_ahead(&mut books, new.tenant_id, &new.ticket_id).await?
    {
        let detail = format!(
            "this ticket was sold as number {no} before the books were restored from a backup; a \
             person looks into it"
        );
        return Err(Refusal::Door(RefusalCode::TicketConflict, detail));
    }
    if catalogues::newest_reference(&mut books, branch_id).await?.is_none() {
        return Err(Refusal::NoCatalogue(branch_id));
    }
    let kept = write(&mut books, &new).await?;
    if kept == Kept::Conflict && submissions::keep_conflict(&mut books, &new).await? {
        tell_conflict(&mut books, &new, &submission).await?;
    }
    center.commit(books).await?;
    Ok(kept)
}

/// Hands a request over to the worker that decides it, in the caller's transaction.
/// Whoever commits it calls [`wake`].
///
/// # Errors
/// [`Refusal::KeyReused`] if its ticket has another request.
pub(crate) async fn hand_over(
    center: &Center,
    client: &Client,
    books: &mut store::Conn,
    ticket: TicketId,
    submission: &Submission,
) -> Result<(), Refusal> {
    let new = as_kept(center, client, ticket, submission)?;
    must_not_wait(books, new.tenant_id).await?;
    match write(books, &new).await? {
        Kept::Kept => Ok(()),
        Kept::Conflict => Err(Refusal::KeyReused),
    }
}

/// Wakes the worker that decides for a branch; if that is lost, its sweep finds what
/// was handed over.
pub(crate) async fn wake(center: &Center, tenant: TenantId, branch: BranchId) {
    tell(center, &wake_door(shard_of(tenant, branch, center.waiting.shards))).await;
}

fn as_kept(
    center: &Center,
    client: &Client,
    ticket_id: TicketId,
    submission: &Submission,
) -> Result<NewSubmission, Refusal> {
    let body = serde_json::to_vec(submission)?;
    Ok(NewSubmission {
        tenant_id: client.tenant_id(),
        ticket_id,
        branch_id: submission.branch_id(),
        kind: submission.kind(),
        body_hash: request_hash(submission.kind(), &body),
        body,
        offline_completed: submission.is_fact(),
        client: submissions::Client {
            client_id: client.token_id().as_uuid(),
            name: client.name().to_owned(),
        },
        received_at: center.now(),
    })
}

/// Nothing is taken while the books must be recovered: what was answered before they
/// were restored would be sold a second time.
async fn must_not_wait(books: &mut store::Conn, tenant: TenantId) -> Result<(), Refusal> {
    match recovery::must_wait(books, tenant).await? {
        Some(_) => Err(Refusal::MustRecover),
        None => Ok(()),
    }
}

async fn write(books: &mut store::Conn, new: &NewSubmission) -> Result<Kept, Refusal> {
    doors::ensure(books, new.tenant_id, new.branch_id).await?;
    if submissions::keep(books, new).await? {
        return Ok(Kept::Kept);
    }
    let id = submission_id(new.tenant_id, &new.ticket_id);
    let first = submissions::standing(books, new.tenant_id, id).await?;
    let first: Option<Sha256Hash> = first.map(|standing| standing.body_hash);
    Ok(if first == Some(new.body_hash) { Kept::Kept } else { Kept::Conflict })
}

/// Tells, once, that another payload came under a taken ticket.
async fn tell_conflict(
    books: &mut store::Conn,
    new: &NewSubmission,
    submission: &Submission,
) -> Result<(), Refusal> {
    let Submission::Sale(sale) = submission else { return Ok(()) };
    let refused = SaleRefusedV1 {
        tenant_id: new.tenant_id,
        branch_id: new.branch_id,
        ticket_id: new.ticket_id.clone(),
        request_hash: new.body_hash,
        customer_id: sale.customer_id,
        code: RefusalCode::TicketConflict.as_str().to_owned(),
        detail: "another request came under this ticket before".to_owned(),
        at: new.received_at,
    };
    let actor = sale.cashier_id.map_or(new.client.client_id, Uuid::from);
    Ok(submissions::tell_refused(books, &refused, actor).await?)
}

/// Wakes somebody; if that is lost, their sweep finds it.
async fn tell(center: &Center, subject: &str) {
    if let Err(error) = notices::notify(&center.bus, subject, &()).await {
        tracing::debug!(%error, subject, "nobody was woken");
    }
}
