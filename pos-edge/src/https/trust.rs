//! The trust page: what a person does once on each device, in English and Khmer, and the
//! files for it. It needs no script, and is served over plain HTTP too: a device that
//! trusts nothing yet must be able to read it. The fingerprint on it is compared with
//! the one that the edge's log tells.

use std::sync::Arc;

use axum::{
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri, header, uri::Authority as HostAndPort,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{STORE_NAME, authority::Authority};
use crate::{
    api::problem::{Code, Problem},
    page::guard,
};

const PAGE: &str = include_str!("trust/page.html");
const STYLE: &str = include_str!("trust/style.css");
const PROFILE: &str = include_str!("trust/profile.mobileconfig");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// The page and its files.
#[derive(Clone)]
pub struct Trust {
    inner: Arc<Inner>,
}

struct Inner {
    port: u16,
    fingerprint: String,
    page: Bytes,
    certificate: Bytes,
    profile: Bytes,
}

impl Trust {
    /// For an authority, where HTTPS is served on `port`.
    pub(super) fn new(authority: &Authority, port: u16) -> Self {
        let fingerprint = fingerprint(authority.der());
        let page = PAGE
            .replace("{{name}}", authority.name())
            .replace("{{fingerprint}}", &fingerprint)
            .replace("{{address}}", &format!("https://{STORE_NAME}.local{}", with_port(port)));
        let base64: String =
            authority.pem().lines().filter(|line| !line.starts_with("-----")).collect();
        // The same authority is the same profile, installed twice or once.
        let id = |what: &str| {
            let whole = [authority.der(), what.as_bytes()].concat();
            Uuid::new_v5(&Uuid::NAMESPACE_OID, &whole).to_string()
        };
        let profile = PROFILE
            .replace("{{name}}", authority.name())
            .replace("{{certificate}}", &base64)
            .replace("{{certificate-id}}", &id("certificate"))
            .replace("{{profile-id}}", &id("profile"));
        Self {
            inner: Arc::new(Inner {
                port,
                fingerprint,
                page: page.into(),
                certificate: Bytes::copy_from_slice(authority.der()),
                profile: profile.into(),
            }),
        }
    }

    /// The SHA-256 of the authority's certificate, as devices show it.
    pub fn fingerprint(&self) -> &str {
        &self.inner.fingerprint
    }

    /// The answer at a path below `/trust`; `None` at any other.
    pub fn serve(&self, method: &Method, path: &str) -> Option<Result<Response, Problem>> {
        let (kind, name, body) = match path {
            "/trust" | "/trust/" => ("text/html; charset=utf-8", None, self.inner.page.clone()),
            "/trust/style.css" => {
                ("text/css; charset=utf-8", None, Bytes::from_static(STYLE.as_bytes()))
            }
            "/trust/ca.crt" => (
                "application/x-x509-ca-cert",
                Some("attachment; filename=\"tillstream.crt\""),
                self.inner.certificate.clone(),
            ),
            "/trust/ca.mobileconfig" => (
                "application/x-apple-aspen-config",
                Some("attachment; filename=\"tillstream.mobileconfig\""),
                self.inner.profile.clone(),
            ),
            _ if path.starts_with("/trust/") => {
                let detail = format!("{path} is not served here");
                return Some(Err(Problem::new(Code::NotFound, detail)));
            }
            _ => return None,
        };
        if !matches!(*method, Method::GET | Method::HEAD) {
            let detail = format!("{method} is not offered at {path}");
            return Some(Err(Problem::new(Code::MethodNotAllowed, detail)));
        }
        let mut response = body.into_response();
        let told = response.headers_mut();
        told.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        told.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(name) = name {
            told.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
        }
        guard(&mut response, POLICY);
        Some(Ok(response))
    }

    /// What other devices get over plain HTTP: the trust page, and the way to HTTPS.
    ///
    /// # Errors
    /// `not_found`, `method_not_allowed`.
    pub fn serve_plain(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        if let Some(answer) = self.serve(method, uri.path()) {
            return answer;
        }
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.parse::<HostAndPort>().ok())
            .map_or_else(|| format!("{STORE_NAME}.local"), |host| host.host().to_owned());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let there = format!("https://{host}{}{path}", with_port(self.inner.port));
        let Ok(there) = HeaderValue::from_str(&there) else {
            return Err(Problem::new(Code::NotFound, "this address cannot be served"));
        };
        Ok((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, there)]).into_response())
    }
}

/// A port as it stands in an address.
fn with_port(port: u16) -> String {
    if port == 443 { String::new() } else { format!(":{port}") }
}

fn fingerprint(der: &[u8]) -> String {
    let digest = Sha256::digest(der);
    let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}
