//! Where Bakong is, and as whom it is asked.

use std::{fmt, net::IpAddr, time::Duration};

use axum::http::{HeaderValue, Uri, uri::Scheme};
use serde::Deserialize;

/// One tenant's access to Bakong.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `https://host[:port][/path]`; plain `http` only to this machine itself.
    pub base_url: String,
    /// The token to begin with. Without it one is asked for first.
    #[serde(default)]
    pub token: Option<String>,
    /// The e-mail address that the token was registered with: by it a refused token
    /// is renewed. Without it a refused token stays refused.
    #[serde(default)]
    pub email: Option<String>,
    /// The most checks of the tenant in one day.
    #[serde(default = "Settings::default_daily_checks")]
    pub daily_checks: u32,
    /// The longest that one connection may take, in milliseconds.
    #[serde(default = "Settings::default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// The longest that a check may take from first to last, in milliseconds,
    /// renewal of the token included.
    #[serde(default = "Settings::default_check_timeout_ms")]
    pub check_timeout_ms: u64,
}

/// Settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The base URL is none.
    #[error("bakong.base_url is not a URL with a host and without user and query")]
    NotAUrl,
    /// The token would travel in the clear.
    #[error("bakong.base_url is not https, and not on this machine")]
    NotSecure,
    /// Neither a token nor an address to get one.
    #[error("one of bakong.token and bakong.email must be set")]
    NoToken,
    /// The token cannot be sent.
    #[error("bakong.token holds what no HTTP header can")]
    BadToken,
    /// Nothing could ever be asked.
    #[error("bakong.{setting} is 0")]
    Zero {
        /// Which.
        setting: &'static str,
    },
}

impl Settings {
    /// Bakong at `base_url` with the usual bounds, and no token yet.
    pub fn at(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            token: None,
            email: None,
            daily_checks: Self::default_daily_checks(),
            connect_timeout_ms: Self::default_connect_timeout_ms(),
            check_timeout_ms: Self::default_check_timeout_ms(),
        }
    }

    const fn default_daily_checks() -> u32 {
        100
    }

    const fn default_connect_timeout_ms() -> u64 {
        3_000
    }

    const fn default_check_timeout_ms() -> u64 {
        6_000
    }

    /// Looks whether they can work.
    ///
    /// # Errors
    /// [`SettingsError`] with the first that cannot.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.url_of("")?;
        if self.token.is_none() && self.email.is_none() {
            return Err(SettingsError::NoToken);
        }
        if let Some(token) = &self.token {
            bearer(token).ok_or(SettingsError::BadToken)?;
        }
        for (setting, zero) in [
            ("daily_checks", self.daily_checks == 0),
            ("connect_timeout_ms", self.connect_timeout_ms == 0),
            ("check_timeout_ms", self.check_timeout_ms == 0),
        ] {
            if zero {
                return Err(SettingsError::Zero { setting });
            }
        }
        Ok(())
    }

    /// The URL of an endpoint, e.g. `/v1/renew_token`.
    pub(super) fn url_of(&self, path: &str) -> Result<Uri, SettingsError> {
        let base = self.base_url.trim_end_matches('/');
        let uri: Uri = format!("{base}{path}").parse().map_err(|_| SettingsError::NotAUrl)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(SettingsError::NotAUrl)?;
        // A password in the URL would show in logs.
        let named = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if uri.query().is_some() || named {
            return Err(SettingsError::NotAUrl);
        }
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let local = uri.scheme() == Some(&Scheme::HTTP) && is_this_machine(host);
        if secure || local { Ok(uri) } else { Err(SettingsError::NotSecure) }
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(super) fn check_timeout(&self) -> Duration {
        Duration::from_millis(self.check_timeout_ms)
    }
}

impl fmt::Debug for Settings {
    // The token and the address that renews it stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("daily_checks", &self.daily_checks)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("check_timeout_ms", &self.check_timeout_ms)
            .finish_non_exhaustive()
    }
}

/// A token as the header that it is sent in.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_token(base_url: &str) -> Settings {
        Settings { token: Some("eyJ.x-y_z".to_owned()), ..Settings::at(base_url) }
    }

    #[test]
    fn a_token_travels_over_tls_or_not_at_all() {
        for (url, outcome) in [
            ("https://api-bakong.nbc.gov.kh", Ok(())),
            ("https://api-bakong.nbc.gov.kh/", Ok(())),
            ("https://relay.example:8443/bakong", Ok(())),
            ("http://127.0.0.1:7000", Ok(())),
            ("http://[::1]:7000", Ok(())),
            ("http://localhost:7000", Ok(())),
            ("http://api-bakong.nbc.gov.kh", Err(SettingsError::NotSecure)),
            ("http://127.0.0.1.example", Err(SettingsError::NotSecure)),
            ("ftp://127.0.0.1", Err(SettingsError::NotSecure)),
            ("api-bakong.nbc.gov.kh", Err(SettingsError::NotSecure)),
            ("/v1", Err(SettingsError::NotAUrl)),
            ("", Err(SettingsError::NotAUrl)),
            ("https://a b", Err(SettingsError::NotAUrl)),
            ("https://example/?x=1", Err(SettingsError::NotAUrl)),
            ("https://user:password@example", Err(SettingsError::NotAUrl)),
            ("http://127.0.0.1@example", Err(SettingsError::NotAUrl)),
        ] {
            assert_eq!(with_token(url).check(), outcome, "{url}");
        }
        let joined = with_token("https://relay.example/bakong/").url_of("/v1/renew_token");
        let joined = joined.map(|uri| uri.to_string());
        assert_eq!(joined.as_deref(), Ok("https://relay.example/bakong/v1/renew_token"));
    }

    #[test]
    fn what_cannot_work_is_named() {
        let good = with_token("https://example");
        let none = Settings { token: None, ..good.clone() };
        assert_eq!(none.check(), Err(SettingsError::NoToken));
        let by_email = Settings { email: Some("a@b.example".to_owned()), ..none };
        assert_eq!(by_email.check(), Ok(()));
        for token in ["", "a b", "a\nb", "é"] {
            let bad = Settings { token: Some(token.to_owned()), ..good.clone() };
            assert_eq!(bad.check(), Err(SettingsError::BadToken), "{token:?}");
        }
        let zero = Settings { daily_checks: 0, ..good };
        assert_eq!(zero.check(), Err(SettingsError::Zero { setting: "daily_checks" }));
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = Settings {
            email: Some("till@shop.example".to_owned()),
            ..with_token("https://example")
        };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("eyJ") && !shown.contains("shop.example"), "{shown}");
    }
}
