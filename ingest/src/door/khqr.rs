//! KHQR for clients without an edge: a code for a priced, locked cart, and whether
//! it was paid.
//!
//! What is guaranteed:
//! - A code is in the books, with the cart that it locks, before anyone is told of
//!   it, so that no customer pays a code that nobody knows of. Another cart needs
//!   another code, which supersedes it.
//! - The amount comes from the cart, priced with the store's newest menu. Nobody
//!   types it.
//! - A payment finalizes nothing: the client posts the sale then, with the code's
//!   md5. Who posts it before the centre knows of the payment is refused for good
//!   under this ticket, so a client asks here first.
//!
//! A crash at any step loses no code that was told, and no payment: the next
//! question hears of it again.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::khqr::{CodeAsked, NoCode, cart_hash, code_for, newer_than};
use schemas::{
    DeviceId, StaffId, TenantId, TicketId,
    door_api::{RefusalCode, SubmitKhqr},
    edge_api::{KhqrChecked, KhqrCode},
    requests::{KhqrIntentV1, KhqrOutcome},
};
use store::{
    Conn, catalogues, doors,
    khqr::{self, Intent, IntentState, LockedCart, NewIntent},
    submissions::{self, submission_id},
    tickets,
};

use crate::{
    Refusal,
    center::{Center, within, within_time},
    http::{
        Client, Problem,
        once::{self, Answer, Done, Turn, once},
        request::{Key, Keyed, Path},
    },
    khqr::{CHECK_WITHIN, ask},
    refusal::KhqrRefusal,
};

/// What finding a code and keeping an answer may take beside a check.
const BESIDE: Duration = Duration::from_secs(1);

/// Makes a KHQR code for a cart, and locks the cart at its price. Show `payload` as a
/// QR code, ask whether it was paid, and post the sale then. A code of another cart
/// supersedes this one.
#[utoipa::path(
    post,
    path = "/pos/khqr",
    params(("Idempotency-Key" = String, Header, description = "The same one for every retry; another cart has another one.")),
    request_body = SubmitKhqr,
    responses(
        (status = 201, description = "The code. The same for every retry.", body = KhqrCode),
        (status = 404, description = "The store is not known, or has no menu.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The company or the store takes no KHQR, or the ticket's code for this cart was paid.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No code can be made of the cart; the ticket was sold or refused; or another request under the same key.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn make(
    State(center): State<Arc<Center>>,
    client: Client,
    Keyed { meta, body }: Keyed<SubmitKhqr>,
) -> Result<Answer, Problem> {
    let answer = once(center, client, meta, move |turn| {
        Box::pin(async move { Done::new(StatusCode::CREATED, &write(turn, &body).await?) })
    });
    Ok(answer.await?)
}

async fn write(turn: Turn<'_>, asked: &SubmitKhqr) -> Result<KhqrCode, Refusal> {
    let Turn { center, client, books, .. } = turn;
    let SubmitKhqr { ticket_id, branch_id, cart, currency } = asked;
    let (tenant_id, branch_id) = (client.tenant_id(), *branch_id);
    client.branch(books, branch_id).await?;
    if !center.khqr.is_set_up(tenant_id) {
        return Err(KhqrRefusal::NotSetUp.into());
    }
    let newest = catalogues::newest(books, branch_id).await?;
    let newest = newest.ok_or(Refusal::NoCatalogue(branch_id))?;
    let (index, reference) = domain::catalogue::parse(&newest.body)
        .map_err(|error| store::Error::corrupt("catalogue_version.body", error))?;
    doors::ensure(books, tenant_id, branch_id).await?;
    khqr::lock_ticket(books, tenant_id, ticket_id).await?;
    must_be_free(books, tenant_id, ticket_id).await?;
    let older = khqr::newest_of_ticket(books, tenant_id, ticket_id).await?;
    let cart_hash = cart_hash(cart);
    if older.as_ref().is_some_and(|older| older.paid && older.cart_hash == cart_hash) {
        return Err(KhqrRefusal::Paid(ticket_id.clone()).into());
    }
    let recorded_at = center.now();
    let created_at = newer_than(recorded_at, older.map(|older| older.created_at));
    let asked = CodeAsked { ticket_id, cart, currency: *currency, created_at };
    let (code, deductions) = code_for((&index, reference), &asked).map_err(no_code)?;
    let edge_id = doors::door_edge(branch_id);
    let intent = KhqrIntentV1 {
        md5: code.md5.clone(),
        payload: code.payload.clone(),
        ticket_id: ticket_id.clone(),
        cash_session_id: None,
        device_id: DeviceId::from_uuid(edge_id.as_uuid()),
        staff_id: StaffId::from_uuid(client.token_id().as_uuid()),
        currency: code.currency,
        amount: code.amount,
        to_account_id: code.to_account_id.clone(),
        cart_hash,
        created_at,
        expires_at: code.expires_at,
    };
    let locked = LockedCart {
        cart_hash,
        priced_at: created_at,
        catalogue: code.catalogue,
        totals: code.totals.clone(),
        deductions,
    };
    let (intent, locked) = (&intent, Some(&locked));
    let new = NewIntent { tenant_id, branch_id, edge_id, intent, locked, recorded_at };
    if !khqr::insert(books, &new).await? {
        return Err(KhqrRefusal::NotTheCode("its md5 is another code's").into());
    }
    khqr::supersede_older(books, &new).await?;
    Ok(code)
}

/// A ticket that was sold or refused has its outcome: no code pays for it.
async fn must_be_free(
    books: &mut Conn,
    tenant: TenantId,
    ticket: &TicketId,
) -> Result<(), Refusal> {
    let asked = submissions::standing(books, tenant, submission_id(tenant, ticket)).await?;
    if asked.is_none() && tickets::read(books, &[(tenant, ticket)]).await?.is_empty() {
        return Ok(());
    }
    let detail = format!("ticket {ticket} was sold or refused already; take a new one");
    Err(Refusal::Door(RefusalCode::TicketConflict, detail))
}

fn no_code(why: NoCode) -> Refusal {
    match why {
        NoCode::NoAccount => KhqrRefusal::NoAccount.into(),
        NoCode::Refused(error) => KhqrRefusal::NoCode(error).into(),
        NoCode::Cart(error) => Refusal::Door(RefusalCode::from(&error), error.to_string()),
    }
}

/// Asks whether a KHQR code was paid: on a tap, not in a loop, for a company has about
/// a hundred questions a day. `paid` finalizes nothing: post the sale then. `unknown`
/// and `budget_spent` are not "not paid". What was paid and does not fit is `mismatch`;
/// a person is told.
#[utoipa::path(
    post,
    path = "/pos/khqr/{md5}/check",
    params(
        ("md5" = String, Path, description = "The code."),
        ("Idempotency-Key" = String, Header, description = "One for each tap. Its answer is kept, unless it is `unknown`."),
    ),
    responses(
        (status = 200, description = "What is known.", body = KhqrChecked),
        (status = 404, description = "There is no such code.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The company takes no KHQR.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(md5): Path<String>,
    asked: Keyed<Option<()>>,
) -> Result<Response, Problem> {
    let meta = asked.meta;
    let first = look(Arc::clone(&center), client.clone(), &meta, md5.clone()).await?;
    let outcome = match first {
        Look::Answered(answer) => return Ok(answer.into_response()),
        Look::Nothing => None,
        Look::Code(code) => {
            let asking = Arc::clone(&center);
            let asked = within(CHECK_WITHIN, async move { ask(&asking, &code).await });
            match asked.await {
                Ok(outcome) => Some(outcome),
                // It was asked, perhaps Bakong too: nothing is known.
                Err(Refusal::TooSlow) => {
                    Some(KhqrOutcome::Unknown { why: "no answer came in time".to_owned() })
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
    };
    if let Some(outcome @ KhqrOutcome::Unknown { .. }) = outcome {
        let told = within(BESIDE, async move {
            let mut books = center.begin().await?;
            let told = tell(&center, &client, &mut books, &md5, Some(outcome)).await?;
            center.commit(books).await?;
            Ok(told)
        });
        return Ok(Json(told.await?).into_response());
    }
    let answer = once(center, client, meta, move |Turn { center, client, books, .. }| {
        Box::pin(async move {
            Done::new(StatusCode::OK, &tell(center, client, books, &md5, outcome).await?)
        })
    });
    Ok(answer.await?.into_response())
}

/// What is there before Bakong is asked.
enum Look {
    /// The answer to this tap.
    Answered(Answer),
    /// The code.
    Code(Box<Intent>),
    /// No such code.
    Nothing,
}

async fn look(
    center: Arc<Center>,
    client: Client,
    meta: &Key,
    md5: String,
) -> Result<Look, Refusal> {
    let permit = center.enter()?;
    let meta = meta.clone();
    within_time(async move {
        let _permit = permit;
        let mut books = center.begin().await?;
        if let Some(answer) = once::answered(&mut books, &client, &meta).await? {
            return Ok(Look::Answered(answer));
        }
        let code = of_client(&client, &mut books, &md5).await?;
        center.commit(books).await?;
        Ok(code.map_or(Look::Nothing, |code| Look::Code(Box::new(code))))
    })
    .await
}

async fn tell(
    center: &Center,
    client: &Client,
    books: &mut Conn,
    md5: &str,
    outcome: Option<KhqrOutcome>,
) -> Result<KhqrChecked, Refusal> {
    let code = of_client(client, books, md5).await?;
    let (code, outcome) = code.zip(outcome).ok_or(KhqrRefusal::NoSuchCode)?;
    Ok(KhqrChecked {
        md5: code.md5,
        ticket_id: code.ticket_id,
        superseded: code.state == IntentState::Superseded,
        checked_at: center.now(),
        outcome,
    })
}

/// A code of the client's company, in a store that it may see.
async fn of_client(
    client: &Client,
    books: &mut Conn,
    md5: &str,
) -> Result<Option<Intent>, Refusal> {
    let code = khqr::read(books, md5).await?;
    let is_theirs =
        |code: &Intent| code.tenant_id == client.tenant_id() && client.may_see(code.branch_id);
    Ok(code.filter(is_theirs))
}
