//! A process from start to end. Each test runs this very program once more as
//! the service, in the role that the environment names.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::{
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const ROLE: &str = "TELEMETRY_TEST_ROLE";
const READY: &str = "the service is ready";

/// The service, in the child; nothing in the parent.
#[test]
fn service() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let code = telemetry::main("example", |shutdown| async move {
        match role.as_str() {
            "fails" => Err(anyhow::anyhow!("the cause").context("the reason")),
            "hits a failpoint" => {
                telemetry::failpoint("example.here");
                Ok(())
            }
            "stops when asked" => {
                eprintln!("{READY}");
                shutdown.cancelled().await;
                Ok(())
            }
            _ => {
                eprintln!("{READY}");
                shutdown.cancelled().await;
                eprintln!("{READY}");
                std::future::pending().await
            }
        }
    });
    std::process::exit(if code == ExitCode::SUCCESS { 0 } else { 1 });
}

fn start(role: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "service", "--nocapture"])
        .env(ROLE, role)
        .env("FAILPOINTS", "example.here=return")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Reads the child's lines until one is `READY`.
fn until_ready(lines: &mut impl BufRead) {
    let mut line = String::new();
    while !line.contains(READY) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended before it was ready");
    }
}

fn end(mut child: Child) -> ExitStatus {
    child.wait().unwrap()
}

#[test]
fn a_service_that_fails_says_why_in_one_line() {
    let output = start("fails").wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.lines().any(|line| line == "example: the reason: the cause"), "{text}");
}

#[test]
fn a_service_stops_in_order_when_asked() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut child = start("stops when asked");
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        until_ready(&mut lines);
        send(&child, signal);
        assert_eq!(end(child).code(), Some(0), "{signal}");
    }
}

#[test]
fn a_second_signal_ends_a_service_that_does_not() {
    let mut child = start("does not stop");
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    until_ready(&mut lines);
    send(&child, Signal::SIGTERM);
    until_ready(&mut lines);
    send(&child, Signal::SIGTERM);
    assert_eq!(end(child).code(), Some(130));
}

#[test]
fn a_failpoint_kills_where_it_is_compiled_in_and_is_nothing_elsewhere() {
    let output = start("hits a failpoint").wait_with_output().unwrap();
    let expected = cfg!(feature = "failpoints").then_some(Signal::SIGKILL as i32);
    assert_eq!(output.status.signal(), expected);
}
