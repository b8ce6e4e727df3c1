//! Books that go back to a backup, while the stores sell on.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use schemas::TicketId;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{BOUND, bin, scratch_dir, sqlx, wait_until};
use tests::{Till, World};
use tokio::process::Command;

/// The longest that one run of the command may take.
const COMMAND_BOUND: Duration = Duration::from_secs(120);

/// A world with a place for backups.
pub struct Stage {
    pub world: World,
    backups: TempDir,
}

impl Stage {
    pub async fn with_shops(count: usize) -> Self {
        Self { world: World::with_shops(count).await, backups: scratch_dir() }
    }

    /// A `tillstream` command on these books and this broker.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(bin("tillstream"));
        let (job, rest) = arguments.split_first().expect("a command");
        command.args([job, "--books-url", &self.world.books.url]);
        command.args(["--nats-url", &self.world.nats.url()]).args(rest);
        command.env("USER", "an operator").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let run = self.command(arguments).output();
        let output = tokio::time::timeout(COMMAND_BOUND, run).await.expect("it ends");
        output.expect("tillstream runs")
    }

    /// Runs it, which must succeed; what it printed.
    pub async fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Makes a backup.
    pub async fn back_up(&self) -> PathBuf {
        let number = std::fs::read_dir(self.backups.path()).expect("it is there").count();
        let file = self.backups.path().join(format!("books-{number}.dump"));
        self.must(&["backup", "--out", file.to_str().expect("UTF-8")]).await;
        file
    }

    /// Ends the services, and puts the books back as a backup has them.
    pub async fn go_back_to(&mut self, file: &std::path::Path) {
        self.stop_centre();
        self.restore(file).await;
    }

    /// Puts the books back while whoever uses them goes on.
    pub async fn restore(&self, file: &std::path::Path) {
        let file = file.to_str().expect("UTF-8");
        self.must(&["backup", "--restore", file, "--replace"]).await;
    }

    /// Kills every service of the centre.
    pub fn stop_centre(&mut self) {
        let centre = &mut self.world.centre;
        centre.workers.kill();
        centre.numbering.kill();
        centre.ingest.kill();
    }

    /// Starts them again.
    pub async fn start_centre(&mut self) {
        let centre = &mut self.world.centre;
        centre.workers = centre.plan("workers").start();
        centre.numbering = centre.plan("numbering").start();
        let plan = centre.plan_ingest();
        centre.restart_ingest(plan).await;
    }

    /// Starts again, as a supervisor does, whatever did not survive that its database
    /// was away.
    pub async fn start_what_ended(&mut self) {
        let centre = &mut self.world.centre;
        if !centre.workers.is_running() {
            centre.workers = centre.plan("workers").start();
        }
        if !centre.numbering.is_running() {
            centre.numbering = centre.plan("numbering").start();
        }
        if !centre.ingest.is_running() {
            let plan = centre.plan_ingest();
            centre.restart_ingest(plan).await;
        }
    }

    /// Recovers, and returns the report.
    pub async fn recover(&self, arguments: &[&str]) -> Value {
        let said = self.must(&[&["recover", "--json", "--wait", "30"], arguments].concat()).await;
        serde_json::from_str(&said).expect("the report is JSON")
    }

    /// The register as an auditor sees it: number → ticket and hash.
    pub async fn register(&self) -> BTreeMap<i64, (String, String)> {
        let rows: Vec<(i64, String, String)> = sqlx::query_as(
            "SELECT no, ticket_id, encode(hash, 'hex') FROM invoice ORDER BY series_id, no",
        )
        .fetch_all(&self.world.books.pool)
        .await
        .expect("the books answer");
        rows.into_iter().map(|(no, ticket, hash)| (no, (ticket, hash))).collect()
    }

    /// Exports the register as JSON Lines and has it checked offline.
    pub async fn exported_register_is_whole(&self, saying: &str) {
        let mut conn = self.world.books.pool.acquire().await.expect("the books answer");
        let series = self.world.company.series_id;
        let rows = store::invoices::after_no(&mut conn, series, 0, u32::MAX).await;
        let lines: Vec<_> = rows
            .expect("the register can be read")
            .iter()
            .map(|row| serde_json::to_string(row).expect("a row is JSON"))
            .collect();
        let file = self.backups.path().join("register.jsonl");
        std::fs::write(&file, lines.join("\n")).expect("a file can be written");
        let mut command = Command::new(bin("tillstream"));
        let checked = command.arg("verify-register").arg(&file).output().await;
        let checked = checked.expect("tillstream runs");
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success() && said.contains(saying), "{said}");
    }

    /// What the first store's edge may forget.
    pub async fn watermark(&self) -> u64 {
        let mut conn = self.world.books.pool.acquire().await.expect("the books answer");
        let edge = self.world.company.stores[0].edge_id;
        store::backups::watermark(&mut conn, edge).await.expect("there is a watermark")
    }

    /// Waits until it is said that the books must be recovered; why.
    pub async fn must_recover(&self) -> String {
        wait_until("the books are known to be older", BOUND, async || {
            sqlx::query_scalar("SELECT reason FROM recovery WHERE recovered_at IS NULL LIMIT 1")
                .fetch_optional(&self.world.books.pool)
                .await
                .ok()?
        })
        .await
    }
}

/// What each ticket of a till was told.
pub async fn told(till: &Till, tickets: &[TicketId]) -> BTreeMap<String, u64> {
    let mut numbers = BTreeMap::new();
    for ticket in tickets {
        numbers.insert(ticket.to_string(), till.number_of(ticket).await);
    }
    numbers
}
