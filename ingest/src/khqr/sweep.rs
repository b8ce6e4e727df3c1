//! Payments that no sale claims: a customer has paid, and a person must look.
//!
//! Each is told of once, as an exception that names the payment: at once if it is
//! of a superseded code, otherwise after the grace of the settings, in which its
//! sale may still come from its store. Any number of processes may sweep.

use std::{sync::Arc, time::Duration};

use schemas::facts::ExceptionKind;
use store::khqr::{self, Intent, IntentState};
use tokio_util::sync::CancellationToken;

use super::telling::{self, Raised};
use crate::{
    Refusal,
    center::{Center, uncancelled},
};

/// The most payments in one transaction.
const MAX_TOLD: i64 = 100;

/// Looks again and again until `shutdown`.
///
/// # Errors
/// Never: what fails is tried again at the next look.
pub(crate) async fn run(center: Arc<Center>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut look =
        tokio::time::interval(Duration::from_millis(center.khqr.settings.sweep_every_ms));
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        let sweeping = Arc::clone(&center);
        match uncancelled(async move { once(&sweeping).await }).await {
            Ok(0) => {}
            Ok(told) => {
                tracing::warn!(told, "KHQR payments that no sale claims");
                telling::wake_relay(&center).await;
            }
            Err(error) => tracing::warn!(%error, "unclaimed KHQR payments are not told of yet"),
        }
    }
    Ok(())
}

/// One look; how many were told of.
async fn once(center: &Center) -> Result<usize, Refusal> {
    let now = center.now();
    let grace = i64::from(center.khqr.settings.unclaimed_after_s) * 1_000_000;
    let mut books = center.begin().await?;
    let unclaimed = khqr::lock_unclaimed(&mut books, now.plus_micros(-grace), MAX_TOLD).await?;
    for intent in &unclaimed {
        let (kind, detail) = words(intent);
        let raised = Raised { kind, cause: "payment", detail: &detail, at: now };
        telling::raise(&mut books, intent, &raised).await?;
    }
    let told: Vec<String> = unclaimed.into_iter().map(|intent| intent.md5).collect();
    if !told.is_empty() {
        khqr::mark_raised(&mut books, &told, now).await?;
    }
    center.commit(books).await?;
    Ok(told.len())
}

fn words(intent: &Intent) -> (ExceptionKind, String) {
    let (hash, from, at) = match &intent.payment {
        Some(paid) => (
            paid.hash.as_str(),
            paid.from_account_id.as_deref().unwrap_or("somebody"),
            paid.confirmed_at.to_string(),
        ),
        None => ("unknown", "somebody", "unknown".to_owned()),
    };
    let payment = format!(
        "{} {} were paid by {from} to {} for ticket {} (KHQR code {}, transaction {hash}, \
         confirmed {at})",
        intent.amount,
        intent.currency.code(),
        intent.to_account_id,
        intent.ticket_id,
        intent.md5,
    );
    match intent.state {
        IntentState::Superseded => (
            ExceptionKind::KhqrPaidSuperseded,
            format!("{payment}, but a newer code of the ticket had superseded it"),
        ),
        IntentState::Open | IntentState::Paid | IntentState::Claimed => {
            (ExceptionKind::KhqrUnclaimed, format!("{payment}, but no sale has come of it"))
        }
    }
}
