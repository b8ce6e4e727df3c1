//! What an OpenAPI document says: operations, and the schemas they refer to.

use serde_json::{Map, Value};

/// A document.
pub struct Document {
    root: Value,
    /// Its operations, in their order.
    pub operations: Vec<Operation>,
}

/// One route with one method.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub parameters: Vec<Parameter>,
    /// The schema of the body, if one is taken.
    pub body: Option<Value>,
    responses: Map<String, Value>,
}

/// Something in the path, the query or the headers.
pub struct Parameter {
    pub name: String,
    pub place: String,
    pub required: bool,
    pub schema: Value,
}

impl Document {
    /// Reads a document.
    pub fn parse(root: Value) -> Self {
        let mut operations = Vec::new();
        for (path, methods) in root["paths"].as_object().expect("a document has paths") {
            for (method, told) in methods.as_object().expect("a path has methods") {
                operations.push(operation(method, path, told));
            }
        }
        assert!(operations.len() > 30, "a document of {} operations", operations.len());
        Self { root, operations }
    }

    /// Follows a schema's reference, if it is one.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        while let Some(target) = schema["$ref"].as_str() {
            let pointer = target.strip_prefix('#').expect("references stay in the document");
            schema = self.root.pointer(pointer).expect("references lead somewhere");
        }
        schema
    }

    /// What is wrong with an answer's body by the document; `None` for statuses that
    /// the operation does not describe by a JSON schema.
    pub fn check_answer(&self, of: &Operation, status: u16, body: &Value) -> Option<String> {
        let told = of.responses.get(&status.to_string()).or_else(|| of.responses.get("default"))?;
        let content = self.resolve(told)["content"].as_object()?;
        let schema = content.iter().find(|(kind, _)| kind.contains("json"))?.1["schema"].clone();
        let schema = serde_json::json!({
            "allOf": [schema],
            "components": self.root["components"],
        });
        let validator =
            jsonschema::validator_for(&schema).expect("the document's schemas are whole");
        validator
            .iter_errors(body)
            .next()
            .map(|error| format!("{error} at {}", error.instance_path()))
    }
}

impl Operation {
    /// Whether the document names this status.
    pub fn names(&self, status: u16) -> bool {
        self.responses.contains_key(&status.to_string())
    }
}

fn operation(method: &str, path: &str, told: &Value) -> Operation {
    let parameters = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parameters = parameters.iter().map(|parameter| Parameter {
        name: parameter["name"].as_str().unwrap_or_default().to_owned(),
        place: parameter["in"].as_str().unwrap_or_default().to_owned(),
        required: parameter["required"] == true,
        schema: parameter["schema"].clone(),
    });
    let body = told.pointer("/requestBody/content/application~1json/schema").cloned();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        parameters: parameters.collect(),
        body,
        responses: told["responses"].as_object().cloned().unwrap_or_default(),
    }
}
