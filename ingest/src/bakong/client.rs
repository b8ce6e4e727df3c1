//! Asking Bakong: budget, token, and what is done about a refused one.

use std::{fmt, sync::Arc};

use anyhow::Context;
use axum::http::{HeaderValue, Uri};
use bytes::Bytes;
use schemas::{Clock, Timestamp};
use tokio::time::timeout;

use super::{
    Budget, Check, DailyBudget, MemoryBudget, NoCheck, Settings, Why,
    answer::{read_check, read_token},
    settings::bearer,
    transport::Transport,
};

const CHECK_PATH: &str = "/v1/check_transaction_by_md5";
const RENEW_PATH: &str = "/v1/renew_token";
/// The least time between two attempts to renew the token: a token that is refused
/// right after it was renewed will not get better by asking.
const RENEWAL_PAUSE_MICROS: i64 = 60 * 1_000_000;

/// Asks Bakong for one tenant. Any number of checks may run at once.
pub struct BakongClient {
    settings: Settings,
    check_url: Uri,
    renew_url: Uri,
    transport: Transport,
    clock: Arc<dyn Clock>,
    /// Held while the token is renewed, so that it is renewed once for all who wait.
    token: tokio::sync::Mutex<Token>,
    budget: Arc<dyn Budget>,
}

struct Token {
    bearer: Option<HeaderValue>,
    /// When a renewal was last attempted.
    attempted_at: Option<Timestamp>,
}

impl BakongClient {
    /// A client that counts a full day's budget by itself. Nothing is asked yet.
    ///
    /// # Errors
    /// If the settings cannot work ([`super::SettingsError`]), or TLS cannot be set
    /// up.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        settings.check()?;
        let transport =
            Transport::new(settings.connect_timeout()).context("TLS cannot be set up")?;
        let token =
            Token { bearer: settings.token.as_deref().and_then(bearer), attempted_at: None };
        Ok(Self {
            check_url: settings.url_of(CHECK_PATH)?,
            renew_url: settings.url_of(RENEW_PATH)?,
            transport,
            clock,
            token: tokio::sync::Mutex::new(token),
            budget: Arc::new(MemoryBudget::new(DailyBudget::new(settings.daily_checks))),
            settings,
        })
    }

    /// Has the checks counted by somebody else.
    #[must_use]
    pub fn counted_by(self, budget: Arc<dyn Budget>) -> Self {
        Self { budget, ..self }
    }

    /// Asks whether the code with this md5 (32 lower-case hex digits) was paid. At
    /// most two requests go out, the second one only after the first was refused
    /// for its token, and each is counted.
    pub async fn check_transaction_by_md5(&self, md5: &str) -> Check {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if md5.len() != 32 || !md5.bytes().all(hex) {
            return Why::NotAnMd5.into();
        }
        timeout(self.settings.check_timeout(), self.check(md5))
            .await
            .unwrap_or(Check::Unknown { why: Why::TimedOut })
    }

    /// Renews the token now, whether it is refused or not.
    ///
    /// # Errors
    /// Why it could not be renewed; [`Why::TokenRefused`] without an e-mail address
    /// or right after another attempt. The old token is then kept.
    pub async fn renew_token(&self) -> Result<(), Why> {
        let renewing = async { self.renew(&mut *self.token.lock().await).await };
        timeout(self.settings.check_timeout(), renewing).await.unwrap_or(Err(Why::TimedOut))?;
        Ok(())
    }

    async fn check(&self, md5: &str) -> Check {
        let known = self.token.lock().await.bearer.clone();
        if let Some(bearer) = &known {
            let first = self.ask(md5, bearer).await;
            if first != Check::from(Why::TokenRefused) {
                return first;
            }
        }
        match self.token_after(known.as_ref()).await {
            Ok(bearer) => self.ask(md5, &bearer).await,
            Err(Why::TokenRefused) => Why::TokenRefused.into(),
            Err(why) => Why::RenewalFailed(Box::new(why)).into(),
        }
    }

    /// One request, counted.
    async fn ask(&self, md5: &str, bearer: &HeaderValue) -> Check {
        let day = match self.budget.take(self.clock.now()).await {
            Ok(day) => day,
            Err(NoCheck::Spent) => return Why::BudgetSpent.into(),
            Err(NoCheck::Uncounted) => return Why::Uncounted.into(),
        };
        let body = json(&serde_json::json!({ "md5": md5 }));
        let answer = self.transport.post(&self.check_url, Some(bearer), body).await;
        let check =
            answer.map_or_else(Check::from, |(status, body)| read_check(md5, status, &body));
        match &check {
            Check::Unknown { why: Why::Unreachable } => self.budget.put_back(day).await,
            Check::Unknown { why: Why::DailyLimit } => {
                self.budget.exhaust(self.clock.now()).await;
            }
            _ => (),
        }
        check
    }

    /// A token other than the refused one: the one that somebody else renewed
    /// meanwhile, or a new one.
    async fn token_after(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, Why> {
        let mut token = self.token.lock().await;
        match &token.bearer {
            Some(other) if Some(other) != refused => Ok(other.clone()),
            _ => self.renew(&mut token).await,
        }
    }

    async fn renew(&self, token: &mut Token) -> Result<HeaderValue, Why> {
        let email = self.settings.email.as_deref().ok_or(Why::TokenRefused)?;
        let now = self.clock.now();
        let moment_ago =
            |last: Timestamp| (0..RENEWAL_PAUSE_MICROS).contains(&now.micros_since(last));
        if token.attempted_at.is_some_and(moment_ago) {
            return Err(Why::TokenRefused);
        }
        // Noted before: an attempt that is given up midway counts too.
        token.attempted_at = Some(now);
        let body = json(&serde_json::json!({ "email": email }));
        let (status, body) = self.transport.post(&self.renew_url, None, body).await?;
        let brought = read_token(status, &body)?;
        let renewed = bearer(&brought).ok_or(Why::Garbage { what: "a token that is none" })?;
        token.bearer = Some(renewed.clone());
        Ok(renewed)
    }
}

impl fmt::Debug for BakongClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BakongClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn json(value: &serde_json::Value) -> Bytes {
    Bytes::from(value.to_string())
}
