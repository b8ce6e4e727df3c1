//! The files beside the types. Those that are generated are compared with what
//! would be generated now; with `UPDATE_SCHEMAS=1` they are written instead.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn path(file: &str) -> PathBuf {
    folder().join(file)
}

pub fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("schemas/{file}: {error}"))
}

/// Fails if a generated file is not `content`; with `UPDATE_SCHEMAS=1` it is
/// written first.
pub fn assert_generated(file: &str, content: &impl Serialize) {
    let content = sorted(serde_json::to_value(content).unwrap());
    let content = serde_json::to_string_pretty(&content).unwrap() + "\n";
    if env::var_os("UPDATE_SCHEMAS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path(file).parent().unwrap()).unwrap();
        fs::write(path(file), &content).unwrap();
    }
    let found = fs::read_to_string(path(file)).unwrap_or_default();
    if found != content {
        let place = found.lines().zip(content.lines()).take_while(|(one, other)| one == other);
        panic!(
            "schemas/{file} is not what the types give now, from line {} on. If the change is \
             meant and nothing published changes its shape, run the tests with UPDATE_SCHEMAS=1.",
            place.count() + 1
        );
    }
}

/// The same document with its fields in the order of their names, whatever
/// order the JSON library was built to keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            fields.into_iter().map(|(name, inner)| (name, sorted(inner))).collect()
        }
        Value::Array(list) => list.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The names of the files in a folder, as `folder/name`.
pub fn names_in(folder: &str) -> BTreeSet<String> {
    fs::read_dir(path(folder))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect()
}
