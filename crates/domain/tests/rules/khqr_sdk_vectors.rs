//! Byte for byte what the National Bank's SDK writes. Its vectors are not part of
//! the project: they are read where they lie, and without them the test says so.

use std::{
    env, fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use domain::khqr::{
    Account, DEFAULT_MCC, Field, KhqrInput, OtherLanguage, decode, encode, read_tlv,
};
use rust_decimal::Decimal;
use schemas::Currency;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    frozen_now_ms: i64,
    vectors: Vec<Vector>,
    error_vectors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    created_ms: Option<i64>,
    input: Input,
    payload: String,
    md5: String,
    tlv: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Refusal {
    id: String,
    input: Input,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    r#type: String,
    account_id: String,
    merchant_id: Option<String>,
    acquiring_bank: Option<String>,
    merchant_name: String,
    merchant_city: String,
    currency: Currency,
    amount: Option<Decimal>,
    expires_ms: Option<i64>,
    mcc: Option<String>,
    bill_number: Option<String>,
    mobile_number: Option<String>,
    store_label: Option<String>,
    terminal_label: Option<String>,
    purpose: Option<String>,
    alt_lang: Option<String>,
    alt_name: Option<String>,
    alt_city: Option<String>,
    upi: Option<String>,
}

impl Input {
    fn typed(self) -> KhqrInput {
        let account = match self.r#type.as_str() {
            "individual" => Account::Individual {
                account_id: self.account_id,
                account_information: None,
                acquiring_bank: self.acquiring_bank,
            },
            "merchant" => Account::Merchant {
                account_id: self.account_id,
                merchant_id: self.merchant_id.unwrap(),
                acquiring_bank: self.acquiring_bank.unwrap(),
            },
            other => panic!("no account is called {other}"),
        };
        KhqrInput {
            account,
            merchant_name: self.merchant_name,
            merchant_city: self.merchant_city,
            mcc: self.mcc.unwrap_or_else(|| DEFAULT_MCC.to_owned()),
            currency: self.currency,
            amount: self.amount,
            expires_ms: self.expires_ms,
            bill_number: self.bill_number,
            mobile_number: self.mobile_number,
            store_label: self.store_label,
            terminal_label: self.terminal_label,
            purpose: self.purpose,
            other_language: self.alt_lang.map(|language| OtherLanguage {
                language,
                name: self.alt_name.unwrap(),
                city: self.alt_city,
            }),
            upi: self.upi,
        }
    }
}

/// What lies beside the repository, or where `TILLSTREAM_SHARED` says.
fn shared(file: &str) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    env::var_os("TILLSTREAM_SHARED").map_or_else(beside, PathBuf::from).join(file)
}

fn vectors() -> Option<Vectors> {
    let path = shared("data/khqr/vectors.json");
    match fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Past the test runner's capture, so that it is seen.
            let note = format!("SKIPPED: {} is not here\n", path.display());
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            None
        }
        Err(error) => panic!("cannot read {}: {error}", path.display()),
    }
}

#[test]
fn codes_are_those_of_the_sdk() {
    let Some(vectors) = vectors() else { return };
    assert!(!vectors.vectors.is_empty());
    for vector in vectors.vectors {
        let id = vector.id;
        let input = vector.input.typed();
        let code = encode(&input, vectors.frozen_now_ms).unwrap();
        assert_eq!(code.payload, vector.payload, "{id}");
        assert_eq!(code.md5, vector.md5, "{id}");
        let objects: Vec<_> = read_tlv(&code.payload)
            .unwrap()
            .into_iter()
            .map(|(tag, value)| (tag.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(objects, vector.tlv, "{id}");
        let decoded = decode(vector.payload.as_bytes()).unwrap();
        assert_eq!(decoded.input, input, "{id}");
        assert_eq!(decoded.created_ms, vector.created_ms, "{id}");
    }
}

#[test]
fn what_the_sdk_refuses_is_refused_by_its_field() {
    let Some(vectors) = vectors() else { return };
    assert!(!vectors.error_vectors.is_empty());
    for Refusal { id, input } in vectors.error_vectors {
        let field = match id.as_str() {
            "amount-without-expiry" | "expiry-in-seconds" => Field::ExpiresMs,
            "usd-3-decimals" | "negative-amount" => Field::Amount,
            "account-33-chars" => Field::AccountId,
            "city-16" => Field::MerchantCity,
            "upi-with-usd" => Field::Upi,
            "mcc-alpha" => Field::Mcc,
            other => panic!("which field does {other} get wrong?"),
        };
        let refused = encode(&input.typed(), vectors.frozen_now_ms).unwrap_err();
        assert_eq!(refused.field(), field, "{id}: {refused}");
    }
}
