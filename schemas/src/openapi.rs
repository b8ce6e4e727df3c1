//! What both OpenAPI documents need beyond what the types say.

use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, Schema, path::Operation};

/// Completes a document that was made from routes and types.
pub fn complete(document: &mut OpenApi) {
    open_flattened_parts(document);
    tell_of_problems(document);
}

/// Any route may refuse a request for what is wrong with the request itself (nobody is
/// logged in, it is no JSON, it is too long, …): with a problem, as it refuses
/// everything. The statuses that an operation names are about what it asks for.
fn tell_of_problems(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for Operation { responses, .. } in methods.into_iter().flatten() {
            let default = responses.responses.entry("default".to_owned());
            default.or_insert_with(|| RefOr::T(problem()));
        }
    }
}

fn problem() -> Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let mut response = Response::new("What is wrong with the request itself.");
    response.content.insert("application/problem+json".to_owned(), RefOr::T(content));
    response
}

/// Lets types that are flattened into others describe only their own fields there.
///
/// A type that takes no unknown fields says so in its schema, and would then also
/// refuse the fields of the object that it is a part of.
fn open_flattened_parts(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    let known = components.schemas.clone();
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::AllOf(whole)) = schema else { continue };
        for part in &mut whole.items {
            let RefOr::Ref(reference) = part else { continue };
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            let Some(RefOr::T(Schema::Object(object))) = known.get(name) else { continue };
            if object.additional_properties.is_some() {
                let mut open = object.clone();
                open.additional_properties = None;
                *part = RefOr::T(Schema::Object(open));
            }
        }
    }
}
