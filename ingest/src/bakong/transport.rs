//! One request over HTTP/1.1, each on a connection of its own: checks are few, and
//! a connection that was kept may be dead without our knowing.
//!
//! Only what certainly did not arrive is sent again: a connection that was not
//! made. Redirects are not followed and proxies not used.

use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::crypto::ring;

use super::Why;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// How many connections are tried for one request.
const CONNECT_ATTEMPTS: u32 = 3;
/// The pauses between them, before jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The way to Bakong.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Transport {
    /// TLS by rustls and ring, with the certificate authorities of Mozilla.
    ///
    /// # Errors
    /// If ring lacks what TLS needs, which a build of ours does not.
    pub(super) fn new(connect_timeout: Duration) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { client })
    }

    /// Posts JSON and reads the whole answer. Who calls bounds the time.
    ///
    /// # Errors
    /// [`Why::Unreachable`] if nothing was sent; [`Why::Broken`] or
    /// [`Why::Garbage`] if it was and no whole answer came.
    pub(super) async fn post(
        &self,
        uri: &Uri,
        authorization: Option<&HeaderValue>,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Why> {
        let mut pauses = bus::retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        for attempt in 1.. {
            let request = request(uri, authorization, body.clone());
            match self.client.request(request).await {
                Ok(response) => {
                    let status = response.status();
                    let whole = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
                    return match whole {
                        Ok(whole) => Ok((status, whole.to_bytes())),
                        Err(error) if error.is::<LengthLimitError>() => {
                            Err(Why::Garbage { what: "it is longer than 64 KiB" })
                        }
                        Err(_) => Err(Why::Broken),
                    };
                }
                Err(error) if !error.is_connect() => return Err(Why::Broken),
                Err(_) if attempt == CONNECT_ATTEMPTS => break,
                Err(_) => pauses.wait().await,
            }
        }
        Err(Why::Unreachable)
    }
}

fn request(uri: &Uri, authorization: Option<&HeaderValue>, body: Bytes) -> Request<Full<Bytes>> {
    let json = HeaderValue::from_static("application/json");
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, json.clone());
    headers.insert(header::ACCEPT, json);
    if let Some(authorization) = authorization {
        headers.insert(header::AUTHORIZATION, authorization.clone());
    }
    request
}
