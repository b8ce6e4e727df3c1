//! Reading Bakong's answers, without I/O. Amounts are read from the JSON text
//! itself, digit for digit.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{Check, Paid, Why};

const SUCCESS: i64 = 0;
const NOT_FOUND: i64 = 1;
const FAILED: i64 = 3;
const UNAUTHORIZED: i64 = 6;
const DAILY_LIMIT: i64 = 17;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    response_code: i64,
    #[serde(default)]
    error_code: Option<i64>,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    hash: String,
    #[serde(default)]
    from_account_id: Option<String>,
    #[serde(default)]
    to_account_id: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    amount: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// What the answer to a check of `md5` says.
pub(super) fn read_check(md5: &str, status: StatusCode, body: &[u8]) -> Check {
    let envelope = match read_envelope(status, body) {
        Ok(envelope) => envelope,
        Err(why) => return why.into(),
    };
    match refusal(&envelope) {
        None => read_paid(md5, &envelope).map_or_else(Check::from, Check::Paid),
        Some(Why::Code { code: NOT_FOUND }) => Check::NotFound,
        Some(Why::Code { code: FAILED }) => Check::Failed,
        Some(why) => why.into(),
    }
}

/// The token that a renewal brings.
pub(super) fn read_token(status: StatusCode, body: &[u8]) -> Result<String, Why> {
    let envelope = read_envelope(status, body)?;
    if let Some(why) = refusal(&envelope) {
        return Err(why);
    }
    Ok(data::<Token>(&envelope)?.token)
}

fn read_envelope(status: StatusCode, body: &[u8]) -> Result<Envelope, Why> {
    match status {
        _ if status.is_success() => serde_json::from_slice(body)
            .map_err(|_| Why::Garbage { what: "it is not the JSON of an answer" }),
        StatusCode::UNAUTHORIZED => Err(Why::TokenRefused),
        StatusCode::FORBIDDEN => Err(Why::Forbidden),
        StatusCode::TOO_MANY_REQUESTS => Err(Why::TooManyRequests),
        _ => Err(Why::Status { status: status.as_u16() }),
    }
}

/// Why the answer is no success, by its codes.
fn refusal(envelope: &Envelope) -> Option<Why> {
    match (envelope.response_code, envelope.error_code) {
        (SUCCESS, None) => None,
        (SUCCESS, Some(_)) => Some(Why::Garbage { what: "a success with an error code" }),
        (1, Some(UNAUTHORIZED)) => Some(Why::TokenRefused),
        (1, Some(DAILY_LIMIT)) => Some(Why::DailyLimit),
        (1, Some(code)) => Some(Why::Code { code }),
        (1, None) => Some(Why::Garbage { what: "a failure without an error code" }),
        _ => Some(Why::Garbage { what: "an unknown response code" }),
    }
}

fn data<T: DeserializeOwned>(envelope: &Envelope) -> Result<T, Why> {
    let data = envelope.data.as_deref().ok_or(Why::Garbage { what: "a success without data" })?;
    serde_json::from_str(data.get())
        .map_err(|_| Why::Garbage { what: "a success without the data that belong to it" })
}

fn read_paid(md5: &str, envelope: &Envelope) -> Result<Paid, Why> {
    let transaction: Transaction = data(envelope)?;
    if transaction.hash.is_empty() {
        return Err(Why::Garbage { what: "a transaction without a hash" });
    }
    Ok(Paid {
        md5: md5.to_owned(),
        hash: transaction.hash,
        from_account_id: transaction.from_account_id,
        to_account_id: transaction.to_account_id,
        currency: transaction.currency,
        amount: transaction.amount.as_deref().map(read_amount).transpose()?,
    })
}

/// A number, or a string that holds one; an exponent is understood.
fn read_amount(json: &RawValue) -> Result<Decimal, Why> {
    let text = json.get();
    let text = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
    let amount = if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
    } else {
        Decimal::from_str_exact(&text)
    };
    amount.map_err(|_| Why::Garbage { what: "an amount that is no number" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "ba75529ef883b2e6dc80614199dcf316";

    fn check(status: u16, body: &str) -> Check {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        read_check(MD5, status, body.as_bytes())
    }

    fn amount(json: &str) -> Option<String> {
        let body = format!(r#"{{"responseCode":0,"data":{{"hash":"a1","amount":{json}}}}}"#);
        match check(200, &body) {
            Check::Paid(paid) => Some(paid.amount?.to_string()),
            Check::Unknown { why: Why::Garbage { .. } } => Some("garbage".to_owned()),
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn amounts_are_read_digit_for_digit() {
        for (json, read) in [
            ("2.50", Some("2.50")),
            ("1.0", Some("1.0")),
            ("4100", Some("4100")),
            (r#""2.50""#, Some("2.50")),
            ("1.41E+4", Some("14100")),
            // Not a number of 64 bits: as a float it would be 0.30000000000000004.
            ("0.3000000000000000000000000001", Some("0.3000000000000000000000000001")),
            ("null", None),
            ("true", Some("garbage")),
            (r#""two""#, Some("garbage")),
            ("1e400", Some("garbage")),
            ("79228162514264337593543950336", Some("garbage")),
            ("{}", Some("garbage")),
        ] {
            assert_eq!(amount(json).as_deref(), read, "{json}");
        }
    }

    #[test]
    fn only_bakongs_own_words_say_paid_unpaid_or_failed() {
        let unknown = |why| Check::Unknown { why };
        let garbage = |what| unknown(Why::Garbage { what });
        let refused = |code| format!(r#"{{"responseCode":1,"errorCode":{code},"data":null}}"#);
        for (status, body, outcome) in [
            (200, refused("1"), Check::NotFound),
            (200, refused("3"), Check::Failed),
            (200, refused("6"), unknown(Why::TokenRefused)),
            (200, refused("17"), unknown(Why::DailyLimit)),
            (200, refused("13"), unknown(Why::Code { code: 13 })),
            (200, refused("null"), garbage("a failure without an error code")),
            (200, refused("\"1\""), garbage("it is not the JSON of an answer")),
            (401, refused("1"), unknown(Why::TokenRefused)),
            (403, refused("1"), unknown(Why::Forbidden)),
            (404, refused("1"), unknown(Why::Status { status: 404 })),
            (429, refused("1"), unknown(Why::TooManyRequests)),
            (302, refused("1"), unknown(Why::Status { status: 302 })),
            (500, refused("1"), unknown(Why::Status { status: 500 })),
            (
                503,
                r#"{"responseCode":0,"data":{"hash":"a1"}}"#.to_owned(),
                unknown(Why::Status { status: 503 }),
            ),
        ] {
            assert_eq!(check(status, &body), outcome, "{status} {body}");
        }
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>OK</html>",
            r#"{"responseCode":"0"}"#,
            r#"{"responseCode":2}"#,
            r#"{"responseCode":0}"#,
            r#"{"responseCode":0,"data":null}"#,
            r#"{"responseCode":0,"data":{}}"#,
            r#"{"responseCode":0,"data":[]}"#,
            r#"{"responseCode":0,"data":{"hash":null}}"#,
            r#"{"responseCode":0,"data":{"hash":""}}"#,
            r#"{"responseCode":0,"errorCode":1,"data":{"hash":"a1"}}"#,
            r#"{"responseCode":0,"data":{"hash":"a1"}"#,
        ] {
            let outcome = check(200, body);
            let is_garbage = matches!(outcome, Check::Unknown { why: Why::Garbage { .. } });
            assert!(is_garbage, "{body}: {outcome:?}");
        }
    }

    #[test]
    fn a_renewal_brings_a_token_or_says_why_not() {
        let token = |body: &str| read_token(StatusCode::OK, body.as_bytes());
        let brought = token(r#"{"responseCode":0,"errorCode":null,"data":{"token":"eyJ"}}"#);
        assert_eq!(brought.as_deref(), Ok("eyJ"));
        let unknown = token(r#"{"responseCode":1,"errorCode":10,"data":null}"#);
        assert_eq!(unknown, Err(Why::Code { code: 10 }));
        assert!(matches!(token(r#"{"responseCode":0}"#), Err(Why::Garbage { .. })));
        assert_eq!(read_token(StatusCode::FORBIDDEN, b""), Err(Why::Forbidden));
    }
}
