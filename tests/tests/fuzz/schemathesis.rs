//! The same attack by somebody else's tool, where it is installed: Schemathesis makes
//! its own requests from the OpenAPI document and checks the answers by it.

use std::process::{Command, Stdio};

use crate::attack::{Target, seed};

/// What is checked of each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

/// Whether the tool is there; says so if it is not.
pub fn is_installed() -> bool {
    let found = Command::new("schemathesis")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: schemathesis is not installed (pip install schemathesis)");
    }
    found
}

/// Lets it attack a service with its first token. It must find nothing.
pub async fn attack(target: &Target, leave_out: &[&str]) {
    let mut command = tokio::process::Command::new("schemathesis");
    command
        .args(["run", &format!("{}/openapi.json", target.base), "--checks", CHECKS])
        .args(["--seed", &seed().to_string(), "--max-examples", "20", "--no-color"])
        .args(["--phases", "examples,coverage,fuzzing", "--request-timeout", "20"])
        .args(["--header", &format!("Authorization: Bearer {}", target.tokens[0])]);
    for path in leave_out {
        command.args(["--exclude-path", path]);
    }
    let output = command.output().await.expect("schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "schemathesis found something:\n{said}");
    eprintln!("{said}");
}
