//! `tillstream up` as a user runs it: it starts, refuses what it must, dies
//! cleanly with its children, and starts again on what it left.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use ops::{
    company,
    stack::{self, EdgePlan, Stack, StackOptions},
};
use schemas::{BranchId, Clock as _, EdgeId, SystemClock, TenantId};
use supervise::{Child, Signal};
use testkit::{
    BOUND, scratch_dir,
    sqlx::{self, PgPool},
    wait_until,
};
use uuid::Uuid;

/// `tillstream up` until it says that it is up.
fn up(data_dir: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.args(["up", "--no-demo", "--data-dir"]).arg(data_dir).args(arguments);
    command.stdout(Stdio::piped());
    let mut child = supervise::spawn(command, Signal::SIGKILL).unwrap();
    let mut seen = String::new();
    for line in BufReader::new(child.take_stdout().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("up;") {
            return child;
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    panic!("it did not come up:\n{seen}")
}

/// What an `up` that must be refused says.
fn refused(data_dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tillstream"))
        .args(["up", "--no-demo", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// Processes other than this one whose command line or directory names `folder`.
fn processes_in(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()) {
        let numbered = process.file_name().unwrap().to_string_lossy().parse::<u32>();
        if !numbered.is_ok_and(|pid| pid != std::process::id()) {
            continue;
        }
        let mut command = Vec::new();
        // A process may end while it is looked at.
        let _ = fs::File::open(process.join("cmdline"))
            .and_then(|mut file| file.read_to_end(&mut command));
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let cwd = fs::read_link(process.join("cwd")).unwrap_or_default();
        if command.contains(&name) || cwd.starts_with(folder) {
            found.push(format!("{} {command}", process.display()));
        }
    }
    found
}

async fn until_none_in(folder: &Path) {
    wait_until("nothing runs there any more", BOUND, || async {
        processes_in(folder).is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_kill_leaves_no_child_and_the_same_data_starts_again() {
    let folder = scratch_dir();
    let data_dir = folder.path().join("data");
    let mut first = up(&data_dir, &[]);
    assert!(processes_in(folder.path()).len() >= 3, "Postgres and nats-server run");
    let attached = Stack::attach(&data_dir).unwrap();
    assert_eq!(attached.record.pid, first.pid());

    let said = refused(&data_dir, &[]);
    assert!(said.contains("already") && said.contains(&first.pid().to_string()), "{said}");
    let said = refused(&data_dir, &["--fresh"]);
    assert!(said.contains("already"), "{said}");

    first.kill().unwrap();
    // At once, on what may still be going down.
    let mut second = up(&data_dir, &[]);
    second.signal(Signal::SIGINT).unwrap();
    let status = second.wait(BOUND).await.unwrap().expect("Ctrl-C ends it");
    assert!(status.success(), "{status}");
    until_none_in(folder.path()).await;
    let said = Stack::attach(&data_dir).unwrap_err().to_string();
    assert!(said.contains("no stack runs"), "{said}");
}

#[tokio::test]
async fn what_is_not_ours_is_neither_used_nor_removed() {
    let folder = scratch_dir();
    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "dear reader").unwrap();
    for arguments in [&[][..], &["--fresh"]] {
        let said = refused(folder.path(), arguments);
        assert!(said.contains("not ours"), "{said}");
    }
    assert!(stack::remove(folder.path()).is_err());
    assert_eq!(fs::read_to_string(&letter).unwrap(), "dear reader");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Shows the demo until a line says `enough`, and interrupts it.
async fn interrupted(data_dir: &Path, enough: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.args(["up", "--data-dir"]).arg(data_dir).stdout(Stdio::piped());
    let mut child = supervise::spawn(command, Signal::SIGKILL).unwrap();
    let mut lines = BufReader::new(child.take_stdout().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(enough)), "it never said {enough}");
    child.signal(Signal::SIGINT).unwrap();
    // It must not wait for somebody to read what it says.
    let rest = tokio::task::spawn_blocking(move || lines.count());
    let status = child.wait(BOUND).await.unwrap().expect("Ctrl-C ends it");
    assert!(status.success() && rest.await.unwrap() > 0, "{status}");
}

/// The figures on the line of a store after the demo's day: paid in cash, by
/// KHQR, voided, not voided, delivered, drawers closed.
fn told(out: &str, store: &str) -> Vec<i64> {
    let day = out.split_once("The drawers are counted and closed:").unwrap().1;
    let line = day.lines().find(|line| line.trim_start().starts_with(store)).unwrap();
    let figures = line.trim_start().trim_start_matches(store).split_whitespace();
    figures.filter_map(|word| word.parse().ok()).take(6).collect()
}

/// The same from the books, for what came after a moment.
async fn booked(pool: &PgPool, store: &str, since: i64) -> Vec<i64> {
    let query = "
        WITH s AS (
            SELECT s.*, o.status AS order_status FROM sale s
            JOIN branch b USING (branch_id) JOIN sale_order o USING (sale_id)
            WHERE b.name = $1 AND s.finalized_at >= to_timestamp($2 / 1e6)
        ), z AS (
            SELECT z.* FROM z_report z JOIN cash_session c USING (cash_session_id)
            JOIN branch b ON b.branch_id = z.branch_id
            WHERE b.name = $1 AND c.opened_at >= to_timestamp($2 / 1e6)
        )
        SELECT ARRAY[
            (SELECT count(*) FROM s WHERE tender_method = 'CASH'),
            (SELECT count(*) FROM s JOIN sale_khqr USING (sale_id) WHERE tender_method = 'KHQR'),
            (SELECT count(*) FROM s WHERE status = 'VOIDED' AND order_status = 'VOIDED'),
            (SELECT count(*) FROM s JOIN void_request v USING (sale_id) WHERE v.status = 'REJECTED'),
            (SELECT count(*) FROM s WHERE order_status = 'DELIVERED'),
            (SELECT count(*) FROM z),
            (SELECT count(*) FROM z WHERE difference_usd = -1 AND difference_khr = 0),
            (SELECT count(*) FROM s WHERE vat_usd > 0),
            (SELECT count(*) FROM s WHERE item_discount_usd + branch_discount_usd > 0),
            (SELECT count(*) FROM s WHERE tender_method = 'CASH' AND tender_currency = 'KHR'),
            (SELECT count(*) FROM s WHERE khr_rounding <> 0)
        ]";
    let asked = sqlx::query_scalar(query).bind(store).bind(since);
    asked.fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_sells_in_every_way_and_a_second_one_closes_what_the_first_left_open() {
    let folder = scratch_dir();
    let data_dir = folder.path().join("data");
    interrupted(&data_dir, "loses its line").await;
    let since = SystemClock.now().unix_micros();
    let place = data_dir.clone();
    let shown = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
        command.args(["up", "--exit", "--data-dir"]).arg(place).output().unwrap()
    });
    let output = shown.await.unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    for said in ["prints tickets", "The shift changes", "no line for KHQR", "is invoice No."] {
        assert!(out.contains(said), "{said}: {out}");
    }

    let options = StackOptions::throw_away(&data_dir);
    let stack = Stack::start(options, Arc::new(SystemClock)).await.unwrap();
    for store in company::demo().stores {
        let booked = booked(stack.pool(), &store.name, since).await;
        assert_eq!(told(&out, &store.name), booked[..6], "{}: {out}", store.name);
        // Two shifts of three tills, one of the drawers a dollar short.
        assert_eq!(booked[5..7], [6, 1], "{}", store.name);
        let sold = booked[0] + booked[1];
        assert!(booked.iter().all(|count| *count > 0), "{}: {booked:?}", store.name);
        assert_eq!(booked[7], sold, "{}: every sale has VAT", store.name);
    }
    let open = "SELECT count(*) FROM cash_session WHERE status = 'OPEN'";
    let all = "SELECT count(*) FROM cash_session";
    for (query, expected) in [(open, 0_i64), (all, 27)] {
        let found: i64 = sqlx::query_scalar(query).fetch_one(stack.pool()).await.unwrap();
        assert_eq!(found, expected, "{query}");
    }
    stack.shutdown().await.unwrap();
}

/// The company of the demo, with its first store's edge to start.
async fn seeded(stack: &Stack) -> EdgePlan {
    let company = company::demo();
    let store = &company.stores[0];
    let plan = EdgePlan {
        name: store.name.clone(),
        tenant_id: company.tenant_id,
        branch_id: store.branch_id,
        edge_id: store.edge_id,
    };
    company::seed(stack.pool(), company, Arc::new(SystemClock)).await.unwrap();
    plan
}

async fn until_it_has_a_catalogue(stack: &Stack, plan: &EdgePlan) {
    let journal = &stack.edge(plan.edge_id).unwrap().journal;
    wait_until("the edge has a catalogue", BOUND, || async {
        journal.catalogue().borrow().is_some().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edges_and_crashed_servers_come_back() {
    let folder = scratch_dir();
    let options = StackOptions::throw_away(folder.path().join("data"));
    let mut stack = Stack::start(options.clone(), Arc::new(SystemClock)).await.unwrap();
    let plan = seeded(&stack).await;
    stack.add_edge(plan.clone()).await.unwrap();
    until_it_has_a_catalogue(&stack, &plan).await;
    assert_eq!(stack.record().edges.len(), 1);

    // Both servers die behind the stack's back.
    for pid in [stack.record().postgres_pid, stack.record().nats_pid] {
        let status = Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        assert!(status.success());
    }
    wait_until("the books answer again", BOUND, || async {
        let mut servers = stack.servers().lock_owned().await;
        let running = servers.postgres.is_running().unwrap() && servers.nats.is_running().unwrap();
        drop(servers);
        if !running {
            return None;
        }
        let mut conn = stack.pool().acquire().await.ok()?;
        store::companies::tenants(&mut conn).await.ok().filter(|tenants| tenants.len() == 1)
    })
    .await;
    stack.shutdown().await.unwrap();

    let stack = Stack::start(options, Arc::new(SystemClock)).await.unwrap();
    assert_eq!(stack.edges().len(), 1, "the edge is started again");
    assert_eq!(stack.edges()[0].plan, plan);
    until_it_has_a_catalogue(&stack, &plan).await;
    stack.shutdown().await.unwrap();
    until_none_in(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_the_disk_half_knows_is_enrolled_again() {
    let folder = scratch_dir();
    let options = StackOptions::throw_away(folder.path().join("data"));
    let edge_id = EdgeId::from_uuid(Uuid::now_v7());
    let half = folder.path().join("data/edges").join(edge_id.to_string());
    let mut stack = Stack::start(options, Arc::new(SystemClock)).await.unwrap();
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("journal.key"), "cut sh").unwrap();
    let plan = EdgePlan {
        name: "Nowhere".to_owned(),
        tenant_id: TenantId::from_uuid(Uuid::now_v7()),
        branch_id: BranchId::from_uuid(Uuid::now_v7()),
        edge_id,
    };
    stack.add_edge(plan).await.unwrap();
    stack.stop_edge(edge_id).await.unwrap();
    assert!(stack.edges().is_empty());
    stack.shutdown().await.unwrap();
}
