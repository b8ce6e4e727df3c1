//! The till's page as the edge serves it.

use std::io::Read;

use axum::{
    body::to_bytes,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use pos_edge::page::Page;

use crate::store::Store;

const SCRIPT: &str = "assets/index-AbCd1234.js";

/// A page of a few files.
fn page() -> Page {
    let script = "console.log('till');\n".repeat(100);
    Page::of([
        ("index.html".to_owned(), Bytes::from_static(b"<!doctype html>")),
        ("sw.js".to_owned(), Bytes::from_static(b"self")),
        ("engine.wasm".to_owned(), Bytes::from_static(b"\0asm")),
        ("icons/till.svg".to_owned(), Bytes::from_static(b"<svg/>")),
        (SCRIPT.to_owned(), Bytes::from(script)),
    ])
}

async fn ask(method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let told: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect::<Vec<(axum::http::HeaderName, axum::http::HeaderValue)>>()
        .into_iter()
        .collect();
    page().serve(&method, path, &told).await.unwrap_or_else(IntoResponse::into_response)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

async fn body(response: Response) -> Bytes {
    to_bytes(response.into_body(), usize::MAX).await.unwrap()
}

#[tokio::test]
async fn assets_are_kept_for_good_and_everything_else_is_asked_for_again() {
    for (path, kind, caching) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/orders/today", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/engine.wasm", "application/wasm", "no-cache"),
        ("/icons/till.svg", "image/svg+xml", "no-cache"),
        (
            "/assets/index-AbCd1234.js",
            "text/javascript; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
    ] {
        let answer = ask(Method::GET, path, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&answer, "content-type"), kind, "{path}");
        assert_eq!(header(&answer, "cache-control"), caching, "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&answer, "vary"), "accept-encoding", "{path}");
        let allowed = answer.headers().contains_key("service-worker-allowed");
        assert_eq!(allowed, path == "/sw.js", "{path}");
        let etag = header(&answer, "etag").to_owned();
        for known in [etag.as_str(), "*", &format!("\"x\", {etag}")] {
            let again = ask(Method::GET, path, &[("if-none-match", known)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} {known}");
            assert_eq!(header(&again, "etag"), etag);
            assert!(body(again).await.is_empty());
        }
        let other = ask(Method::GET, path, &[("if-none-match", "W/\"another\"")]).await;
        assert_eq!(other.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn files_are_compressed_for_whoever_takes_it() {
    let plain = body(ask(Method::GET, "/assets/index-AbCd1234.js", &[]).await).await;
    for taken in ["gzip", "br, gzip;q=0.5", "deflate, GZIP ; q=1.0"] {
        let path = "/assets/index-AbCd1234.js";
        let answer = ask(Method::GET, path, &[("accept-encoding", taken)]).await;
        assert_eq!(header(&answer, "content-encoding"), "gzip", "{taken}");
        let packed = body(answer).await;
        assert!(packed.len() * 5 < plain.len(), "{}", packed.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
    }
    for (path, taken) in [
        ("/assets/index-AbCd1234.js", "br"),
        ("/assets/index-AbCd1234.js", "gzip;q=0"),
        ("/assets/index-AbCd1234.js", "gzip;q=0.000"),
        ("/icons/till.svg", "gzip"),
    ] {
        let answer = ask(Method::GET, path, &[("accept-encoding", taken)]).await;
        assert!(!answer.headers().contains_key("content-encoding"), "{path} {taken}");
    }
}

#[tokio::test]
async fn nothing_of_the_page_is_framed_or_runs_what_is_not_served_here() {
    let answer = ask(Method::GET, "/", &[]).await;
    let policy = header(&answer, "content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.split("; ").any(|said| said == rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains('*'), "{policy}");
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_a_problem() {
    for (method, path, status) in [
        (Method::GET, "/assets/index-00000000.js", 404),
        (Method::GET, "/favicon.ico", 404),
        (Method::GET, "/assets/../index.html", 404),
        (Method::POST, "/", 405),
        (Method::DELETE, "/sw.js", 405),
    ] {
        let answer = ask(method.clone(), path, &[]).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn the_edge_serves_its_page_beside_the_api() {
    let store = Store::with_menu().await;
    let till = store.till.without_token();
    let shown = till.get("/").await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.headers["content-type"], "text/html; charset=utf-8");
    let text = String::from_utf8(shown.body.clone()).unwrap();
    assert!(text.contains("<div id=\"app\">"), "{text}");
    assert_eq!(till.get("/history").await.body, shown.body, "a place in the page");
    // Every file that the page names is there.
    for part in text.split('"').filter(|part| part.starts_with('/') && part.contains('.')) {
        assert_eq!(till.get(part).await.status, 200, "{part}");
    }
    let head = till.send(till.request(reqwest::Method::HEAD, "/")).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(till.get("/v1").await.problem(404), "not_found");
    assert_eq!(till.get("/v1/orders.html").await.problem(404), "not_found");
}
