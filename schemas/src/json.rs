//! JSON that comes from outside.
//!
//! Whoever takes a body from somebody reads it here: what this refuses would be refused
//! later by what keeps it, and then nobody could say why.

use serde::de::{DeserializeOwned, Error as _};

/// Reads a document. No text in it may hold the character U+0000: Postgres keeps no text
/// with it.
///
/// # Errors
/// If it is no JSON, or does not fit; of a U+0000 an error that
/// [`is_data`](serde_json::Error::is_data).
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    if escapes_nul(json) {
        return Err(serde_json::Error::custom("a text holds the character U+0000"));
    }
    serde_json::from_slice(json)
}

/// Whether a text in a document holds U+0000, which JSON can only write as an escape.
fn escapes_nul(json: &[u8]) -> bool {
    let escape = br"\u0000";
    json.windows(escape.len()).enumerate().any(|(at, found)| {
        found == escape && {
            let before = json[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            before % 2 == 0
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_however_many_backslashes_stand_before_it() {
        for (json, has) in [
            (r#""\u0000""#, true),
            (r#""a\\\u0000""#, true),
            (r#""\\u0000""#, false),
            (r#""\u0001 u0000""#, false),
            ("{}", false),
        ] {
            assert_eq!(escapes_nul(json.as_bytes()), has, "{json}");
            let read = parse::<serde_json::Value>(json.as_bytes());
            assert_eq!(read.is_err_and(|error| error.is_data()), has, "{json}");
        }
    }
}
