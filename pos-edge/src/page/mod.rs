//! The till's page, as it is in this program: `till/dist`, embedded.
//!
//! It guarantees that a device gets the files of one build, whole: names of assets hold
//! their content's digest and never change, everything else is asked for again each time
//! and answered by its ETag. Nothing of the page may be framed, may run what is not
//! served here, or is taken for another kind of file. It needs neither the line nor the
//! journal.

mod kinds;

use std::{borrow::Cow, collections::HashMap, io::Write, sync::Arc};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rust_embed::Embed;
use tokio::sync::OnceCell;

use crate::api::problem::{Code, Problem};

/// What the page may do: run and load what this edge serves, and the engine's
/// WebAssembly; nothing inline, nothing from elsewhere, and be framed by nobody.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

const INDEX: &str = "index.html";
const SERVICE_WORKER: &str = "sw.js";
/// Files below it have their content's digest in their names.
const ASSETS: &str = "assets/";
/// Smaller files are sent as they are, in bytes.
const LEAST_COMPRESSED: usize = 512;

#[derive(Embed)]
#[folder = "till/dist/"]
#[allow_missing = true]
struct Dist;

/// A file of the page.
struct File {
    body: Bytes,
    kind: HeaderValue,
    /// The first 16 bytes of its SHA-256.
    digest: String,
    /// As gzip, once somebody asked for it so; `None` if it is sent as it is.
    compressed: OnceCell<Option<Bytes>>,
}

/// The page.
#[derive(Clone)]
pub struct Page {
    files: Arc<HashMap<String, File>>,
}

impl Page {
    /// The page that this program was built with.
    pub fn embedded() -> Self {
        let files = Dist::iter().filter_map(|path| {
            let file = Dist::get(&path)?;
            let body = match file.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            Some((path.into_owned(), body))
        });
        Self::of(files)
    }

    /// A page of these files, by their paths without a slash in front.
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        use sha2::{Digest, Sha256};
        let files = files.into_iter().map(|(path, body)| {
            let digest = hex::encode(&Sha256::digest(&body)[..16]);
            let kind = kinds::of(&path);
            (path, File { body, kind, digest, compressed: OnceCell::new() })
        });
        Self { files: Arc::new(files.collect()) }
    }

    /// Answers a request for a page or one of its files: a path that names no file is a
    /// place in the page.
    ///
    /// # Errors
    /// `not_found`, `method_not_allowed`.
    pub async fn serve(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let name = path.trim_start_matches('/');
        let name = if names_a_file(name) { name } else { INDEX };
        let Some(file) = self.files.get(name) else {
            let detail = format!("{path} is not served here; see /openapi.json");
            return Err(Problem::new(Code::NotFound, detail));
        };
        if !matches!(*method, Method::GET | Method::HEAD) {
            let detail = format!("{method} is not offered at {path}");
            return Err(Problem::new(Code::MethodNotAllowed, detail));
        }
        Ok(file.answer(name, headers).await)
    }
}

/// Whether a path is a file's: the places of the page have no dots.
fn names_a_file(name: &str) -> bool {
    name.starts_with(ASSETS) || name.rsplit('/').next().is_some_and(|last| last.contains('.'))
}

impl File {
    async fn answer(&self, name: &str, headers: &HeaderMap) -> Response {
        let etag = format!("W/\"{}\"", self.digest);
        let mut response = if is_known(headers, &etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else if let Some(body) = self.compressed_for(headers).await {
            ([(header::CONTENT_ENCODING, "gzip")], body).into_response()
        } else {
            self.body.clone().into_response()
        };
        let told = response.headers_mut();
        told.insert(header::CONTENT_TYPE, self.kind.clone());
        told.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let caching = if name.starts_with(ASSETS) { IMMUTABLE } else { NO_CACHE };
        told.insert(header::CACHE_CONTROL, caching);
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            told.insert(header::ETAG, etag);
        }
        if name == SERVICE_WORKER {
            told.insert(SERVICE_WORKER_ALLOWED, HeaderValue::from_static("/"));
        }
        guard(&mut response, POLICY);
        response
    }

    async fn compressed_for(&self, headers: &HeaderMap) -> Option<Bytes> {
        let gets_smaller =
            self.body.len() >= LEAST_COMPRESSED && kinds::is_compressible(&self.kind);
        if !(gets_smaller && takes_gzip(headers)) {
            return None;
        }
        self.compressed.get_or_init(|| compress(self.body.clone())).await.clone()
    }
}

/// What every answer that a browser shows says of itself.
pub(crate) fn guard(response: &mut Response, policy: HeaderValue) {
    let told = response.headers_mut();
    told.insert(header::CONTENT_SECURITY_POLICY, policy);
    told.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    told.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    told.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
}

/// Whether whoever asks has this version (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let strong = etag.trim_start_matches("W/");
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == strong)
}

/// Whether gzip is among what is taken, and not at weight 0 (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            coding.trim().eq_ignore_ascii_case("gzip")
                && weight.bytes().any(|digit| matches!(digit, b'1'..=b'9'))
        })
}

/// Once for each file, beside what else is served.
async fn compress(body: Bytes) -> Option<Bytes> {
    let compressed = tokio::task::spawn_blocking(move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&body).and_then(|()| encoder.finish())
    });
    match compressed.await {
        Ok(Ok(bytes)) => Some(Bytes::from(bytes)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a file of the page is sent as it is");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a file of the page is sent as it is");
            None
        }
    }
}
