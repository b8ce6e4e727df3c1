//! Requests spoilt: parts that are missing, too many, of another type, out of range,
//! too long, too deep, or no JSON and no text at all.

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

/// A value that fits hardly anywhere.
pub fn odd_value(rng: &mut StdRng) -> Value {
    match rng.random_range(0..22) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(u64::MAX),
        5 => json!(i64::MIN),
        6 => json!(1.5e300),
        7 => json!(""),
        8 => json!("\u{0}"),
        9 => json!("x".repeat(70_000)),
        10 => json!("ភាសាខ្មែរ 🧾 \u{202e}\u{feff}"),
        11 => json!("99999999999999999999999999999.99"),
        12 => json!("-0.00"),
        13 => json!("1e400"),
        14 => json!("0.0000000000000000000000000001"),
        15 => json!("00000000-0000-0000-0000-000000000000"),
        16 => json!("9999-12-31T23:59:59.999999999Z"),
        17 => json!("+1000000-01-01T00:00:00Z"),
        18 => json!("'; DROP TABLE sale; --"),
        19 => json!({}),
        20 => json!([[[[{}]]]]),
        _ => json!({ "$ref": "#", "constructor": { "__proto__": 1 } }),
    }
}

/// Changes one place of a body.
pub fn spoil(body: &mut Value, rng: &mut StdRng) {
    match body {
        Value::Object(fields) if !fields.is_empty() && rng.random_bool(0.9) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = names.choose(rng).cloned().unwrap_or_default();
            match rng.random_range(0..6) {
                0 => {
                    fields.remove(&name);
                }
                1 => {
                    fields.insert("unheard_of".to_owned(), odd_value(rng));
                }
                2 => {
                    fields.insert(name, odd_value(rng));
                }
                _ => spoil(fields.entry(name).or_insert(Value::Null), rng),
            }
        }
        Value::Array(items) if !items.is_empty() && rng.random_bool(0.7) => {
            let place = rng.random_range(0..items.len());
            if rng.random_bool(0.2) {
                let again = items[place].clone();
                items.extend(std::iter::repeat_n(again, rng.random_range(1..400)));
            } else {
                spoil(&mut items[place], rng);
            }
        }
        other => *other = odd_value(rng),
    }
}

/// A body's bytes, spoilt as text now and then.
pub fn bytes(body: &Value, rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = body.to_string().into_bytes();
    if !rng.random_bool(0.1) {
        return bytes;
    }
    let place = rng.random_range(0..bytes.len());
    match rng.random_range(0..7) {
        0 => bytes.truncate(place),
        1 => bytes.clear(),
        2 => bytes.insert(place, rng.random()),
        3 => bytes = b"[".repeat(50_000),
        4 => bytes = br#"{"a":"\ud800"}"#.to_vec(),
        5 => bytes = "x".repeat(3 * 1024 * 1024).into_bytes(),
        _ => bytes = (0..200).map(|_| rng.random()).collect(),
    }
    bytes
}

/// What stands in an address or a header instead of what belongs there.
pub fn odd_text(rng: &mut StdRng) -> String {
    const ODD: [&str; 15] = [
        "",
        "0",
        "-1",
        "99999999999999999999",
        "null",
        "%00",
        "%ff%fe",
        "a%2Fb",
        "%F0%9F%A7%BE",
        "00000000-0000-0000-0000-000000000000",
        "2026-99-99T00:00:00Z",
        "+1000000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1.5",
        "%27%3B--",
    ];
    match rng.random_range(0..10) {
        0 => "x".repeat(5_000),
        _ => (*ODD.choose(rng).unwrap_or(&"")).to_owned(),
    }
}
