//! Values that fit a schema, made from what the service itself said before where
//! that fits: ids that exist lead further in than invented ones.

use std::collections::HashMap;

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::document::Document;

/// The most values that are remembered under one name.
const REMEMBERED: usize = 40;
/// How deep optional parts are made.
const DEPTH: u32 = 8;

/// What the service said, by the name under which it said it.
#[derive(Default)]
pub struct Known(HashMap<String, Vec<Value>>);

/// `staffId` and `staff_id` are one name.
fn normal(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

impl Known {
    /// Remembers every plain value of an answer.
    pub fn learn(&mut self, name: &str, value: &Value, rng: &mut StdRng) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.learn(name, value, rng);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(name, item, rng)),
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) | Value::String(_) => {
                let all = self.0.entry(normal(name)).or_default();
                if all.len() < REMEMBERED {
                    all.push(value.clone());
                } else if let Some(place) = all.get_mut(rng.random_range(0..REMEMBERED)) {
                    *place = value.clone();
                }
            }
        }
    }

    /// A value that was said under that name, or under one that contains it.
    pub fn recall(&self, name: &str, rng: &mut StdRng) -> Option<Value> {
        let wanted = normal(name);
        if let Some(all) = self.0.get(&wanted) {
            return all.choose(rng).cloned();
        }
        let mut alike: Vec<_> = self.0.keys().filter(|known| known.contains(&wanted)).collect();
        alike.sort_unstable();
        self.0.get(*alike.choose(rng)?)?.choose(rng).cloned()
    }

    /// A body like an example: `"$name"` stands for what is known under that name,
    /// `"$new"` and `"$uuid"` for what nobody has used yet.
    pub fn like(&self, example: &Value, rng: &mut StdRng) -> Value {
        match example {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.like(value, rng))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.like(item, rng)).collect(),
            Value::String(text) => match text.strip_prefix('$') {
                Some("new") => json!(format!("new-{}", rng.random::<u64>())),
                Some("uuid") => json!(Uuid::from_u128(rng.random())),
                Some(name) => self.recall(name, rng).unwrap_or_default(),
                None => example.clone(),
            },
            other => other.clone(),
        }
    }
}

/// Makes a value that fits `schema`; `name` is what it is called there.
pub fn fitting(
    document: &Document,
    known: &Known,
    name: &str,
    schema: &Value,
    rng: &mut StdRng,
    depth: u32,
) -> Value {
    let schema = document.resolve(schema);
    if let Some(choices) = schema["enum"].as_array() {
        return choices.choose(rng).cloned().unwrap_or_default();
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    for one_of in ["oneOf", "anyOf"] {
        if let Some(choice) = schema[one_of].as_array().and_then(|all| all.choose(rng)) {
            return fitting(document, known, name, choice, rng, depth);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            match fitting(document, known, name, part, rng, depth) {
                Value::Object(fields) => whole.extend(fields),
                other => return other,
            }
        }
        return Value::Object(whole);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.choose(rng).and_then(Value::as_str),
        kind => kind.as_str(),
    };
    let plain = !matches!(kind, Some("object" | "array"));
    if plain
        && rng.random_bool(0.7)
        && let Some(value) = known.recall(name, rng)
    {
        return value;
    }
    match kind {
        Some("object") => object(document, known, schema, rng, depth),
        Some("array") => {
            let count = if depth == 0 { 0 } else { rng.random_range(0..3) };
            let item = |_| fitting(document, known, name, &schema["items"], rng, depth - 1);
            (0..count).map(item).collect()
        }
        Some("integer" | "number") => number(schema, rng),
        Some("boolean") => json!(rng.random_bool(0.5)),
        Some("null") => Value::Null,
        _ => text(schema, rng),
    }
}

fn object(
    document: &Document,
    known: &Known,
    schema: &Value,
    rng: &mut StdRng,
    depth: u32,
) -> Value {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut whole = Map::new();
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        let needed = required.iter().any(|required| required == name);
        if needed || (depth > 0 && rng.random_bool(0.5)) {
            let value = fitting(document, known, name, part, rng, depth.saturating_sub(1));
            whole.insert(name.clone(), value);
        }
    }
    Value::Object(whole)
}

fn number(schema: &Value, rng: &mut StdRng) -> Value {
    let least = schema["minimum"].as_i64().unwrap_or(0);
    let most = schema["maximum"].as_i64().unwrap_or(least.saturating_add(50)).max(least);
    json!(rng.random_range(least..=most.min(least.saturating_add(50))))
}

fn text(schema: &Value, rng: &mut StdRng) -> Value {
    match schema["format"].as_str() {
        Some("uuid") => json!(Uuid::from_u128(rng.random())),
        Some("date-time") => json!("2026-04-01T07:01:20Z"),
        Some("date") => json!("2026-04-01"),
        _ => {
            let words =
                ["1.50", "0", "20", "4000", "50.00", "latte", "too cold", "USD", "READY", "1111"];
            json!(words.choose(rng))
        }
    }
}

/// How deep a body's optional parts go.
pub fn body(document: &Document, known: &Known, schema: &Value, rng: &mut StdRng) -> Value {
    fitting(document, known, "", schema, rng, DEPTH)
}
