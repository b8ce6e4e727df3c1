//! Real servers: they die with their parent, and start again on what they left.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use supervise::{
    NatsOptions, NatsServer, Postgres, PostgresOptions, SuperviseError, postgres_binaries,
};
use tempfile::TempDir;

const BOUND: Duration = Duration::from_secs(60);

/// A folder that Postgres's account may pass through.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn throw_away(folder: &TempDir) -> PostgresOptions {
    PostgresOptions { durable: false, ..PostgresOptions::new(folder.path().join("postgres")) }
}

/// Runs one statement with `psql`.
fn sql(postgres: &Postgres, statement: &str) -> String {
    let (programs, _) = postgres_binaries(None).unwrap();
    let output = Command::new(programs.join("psql"))
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement])
        .arg(postgres.default_url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The processes whose working directory or command line names `folder`.
fn processes_in(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()) {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let cwd = fs::read_link(process.join("cwd")).unwrap_or_default();
        let numbered = process.file_name().unwrap().to_string_lossy().parse::<u32>();
        if numbered.is_ok_and(|pid| pid != std::process::id())
            && (command.contains(&name) || cwd.starts_with(folder))
        {
            found.push(format!("{} {command}", process.display()));
        }
    }
    found
}

async fn until_none_in(folder: &Path) {
    let deadline = Instant::now() + BOUND;
    while !processes_in(folder).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:#?}", processes_in(folder));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("examples").join(name)
}

#[tokio::test]
async fn nothing_outlives_a_killed_parent_and_all_of_it_starts_again() {
    let folder = folder();
    let mut pids = String::new();
    for _ in 0..2 {
        let mut parent = Command::new(example("hold"))
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.split_whitespace().count(), 2, "the helper got both servers up");
        assert_ne!(line, pids);
        pids = line;
        assert!(processes_in(folder.path()).len() >= 3, "the helper and its children run");
        parent.kill().unwrap();
        parent.wait().unwrap();
        // The second round starts at once, on what may still be going down.
    }
    until_none_in(folder.path()).await;
}

#[tokio::test]
async fn what_was_committed_survives_stop_kill_and_a_new_owner() {
    let folder = folder();
    let mut postgres = Postgres::start(throw_away(&folder)).await.unwrap();
    let port = postgres.port();
    sql(&postgres, "CREATE TABLE kept AS SELECT 42 AS answer");

    postgres.restart().await.unwrap();
    assert_eq!(postgres.port(), port);
    assert_eq!(sql(&postgres, "SELECT answer FROM kept"), "42");

    postgres.kill().unwrap();
    assert!(!postgres.is_running().unwrap());
    postgres.restart().await.unwrap();
    assert_eq!(sql(&postgres, "SELECT answer FROM kept"), "42");

    drop(postgres);
    let postgres = Postgres::start(throw_away(&folder)).await.unwrap();
    assert_eq!(sql(&postgres, "SELECT answer FROM kept"), "42");
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let folder = folder();
    let _running = Postgres::start(throw_away(&folder)).await.unwrap();
    let refused = Postgres::start(throw_away(&folder)).await;
    assert!(matches!(refused, Err(SuperviseError::InUse { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_begun_again() {
    let folder = folder();
    let half = folder.path().join("postgres/cluster.new");
    fs::create_dir_all(&half).unwrap();
    fs::set_permissions(half.parent().unwrap(), fs::Permissions::from_mode(0o711)).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    let postgres = Postgres::start(throw_away(&folder)).await.unwrap();
    assert_eq!(sql(&postgres, "SELECT 1"), "1");
}

#[tokio::test]
async fn a_stale_process_id_of_someone_else_is_no_obstacle() {
    let folder = folder();
    let mut postgres = Postgres::start(throw_away(&folder)).await.unwrap();
    postgres.stop().await.unwrap();
    // Our own process id, as after a reboot that gave the number to another.
    let pid_file = folder.path().join("postgres/cluster/postmaster.pid");
    fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
    postgres.restart().await.unwrap();
    assert_eq!(sql(&postgres, "SELECT 1"), "1");
}

#[tokio::test]
async fn the_password_is_asked_for() {
    let folder = folder();
    let postgres = Postgres::start(throw_away(&folder)).await.unwrap();
    let (programs, _) = postgres_binaries(None).unwrap();
    let output = Command::new(programs.join("psql"))
        .args(["-w", "-c", "SELECT 1"])
        .arg(format!("postgres://tillstream@127.0.0.1:{}/tillstream", postgres.port()))
        .env_remove("PGPASSWORD")
        .env("PGPASSFILE", "/dev/null")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let secret = fs::metadata(folder.path().join("postgres/password")).unwrap();
    assert_eq!(secret.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn nats_keeps_its_port_and_store_until_it_is_wiped() {
    let folder = folder();
    let mut nats = NatsServer::start(NatsOptions::new(folder.path())).await.unwrap();
    let (port, store) = (nats.port(), folder.path().join("jetstream"));
    let kept = store.join("kept");
    fs::write(&kept, "here").unwrap();

    nats.restart().await.unwrap();
    assert_eq!(nats.port(), port);
    nats.kill().unwrap();
    assert!(!nats.is_running().unwrap());
    nats.restart().await.unwrap();
    assert!(kept.exists());

    nats.wipe_store().unwrap();
    assert!(!store.exists());
    nats.restart().await.unwrap();
    assert!(nats.is_running().unwrap());
    drop(nats);
    until_none_in(folder.path()).await;
}
