//! `tillstream simulate`, as a person runs it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

/// Its exit status, and what it printed on stdout and stderr.
fn simulate(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    let output = command.arg("simulate").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn honest_seeds_hold_and_say_what_was_done_to_them() {
    let (status, stdout, stderr) = simulate(&["--seeds", "40", "--json"]);
    assert_eq!(status, 0, "{stderr}");
    let summary: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&summary["seeds"], &summary["first_seed"]), (&40.into(), &0.into()));
    assert_eq!(summary["violations"], serde_json::json!({}));
    assert_eq!(summary["sales"], summary["numbers"]);
    assert!(summary["faults"]["edge killed"].as_u64() > Some(0), "{summary}");
}

#[test]
fn a_seed_that_breaks_a_promise_is_told_and_replays_exactly() {
    let broken = ["--broken", "skip-hole-check"];
    let (status, stdout, stderr) = simulate(&["--seeds", "5", broken[0], broken[1]]);
    assert_eq!(status, 1, "{stdout}");
    assert!(stderr.contains("of 5 seeds break a promise"), "{stderr}");
    let replay = stdout.lines().find_map(|line| line.trim().strip_prefix("replay: tillstream "));
    let arguments: Vec<&str> = replay.unwrap().split(' ').skip(1).collect();
    let (status, first, _) = simulate(&arguments);
    assert_eq!(status, 1);
    assert!(first.contains(" sends 1 ") && first.contains("VIOLATED"), "{first}");
    let untimed = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.contains("virtual hours")).map(str::to_owned).collect()
    };
    assert_eq!(untimed(&first), untimed(&simulate(&arguments).1));
}

#[test]
fn a_trace_of_many_runs_and_an_unknown_invariant_are_refused() {
    let (status, _, stderr) = simulate(&["--seeds", "2", "--trace"]);
    assert_eq!(status, 1);
    assert!(stderr.contains("--trace prints one run"), "{stderr}");
    let (status, _, stderr) = simulate(&["--broken", "nothing"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("ack-before-commit"), "{stderr}");
}
