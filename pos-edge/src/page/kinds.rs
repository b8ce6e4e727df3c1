//! What kinds of files the page has, by the ends of their names.

use axum::http::HeaderValue;

/// The media type of a file.
pub(super) fn of(path: &str) -> HeaderValue {
    let end = path.rsplit('.').next().unwrap_or_default();
    HeaderValue::from_static(match end {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    })
}

/// Whether it gets smaller.
pub(super) fn is_compressible(kind: &HeaderValue) -> bool {
    let Ok(kind) = kind.to_str() else { return false };
    kind.starts_with("text/")
        || matches!(
            kind,
            "application/json" | "application/manifest+json" | "image/svg+xml" | "application/wasm"
        )
}
