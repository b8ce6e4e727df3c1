//! A service as a child process that can be killed, stalled and listened to.

use std::{path::PathBuf, process::ExitStatus, time::Duration};

use tempfile::TempDir;

use crate::{OrFail as _, scratch::scratch_dir, wait::wait_until};

/// The program `name` that was built beside this test.
///
/// # Panics
/// If it was not built.
pub fn bin(name: &str) -> PathBuf {
    supervise::program_beside_us(name).or_fail(&format!("run {name}"))
}

/// How a service will be started.
#[derive(Debug)]
pub struct ServicePlan {
    plan: supervise::ServicePlan,
    failpoints: Vec<String>,
    dir: TempDir,
}

impl ServicePlan {
    /// A setting by its dotted name: `nats.url`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.plan = self.plan.setting(name, value);
        self
    }

    /// A failpoint: `worker.before_commit=return` kills it there.
    #[must_use]
    pub fn failpoint(mut self, failpoint: &str) -> Self {
        self.failpoints.push(failpoint.to_owned());
        self
    }

    /// A command-line argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.plan = self.plan.arg(arg);
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.plan = self.plan.env(name, value);
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn start(self) -> Service {
        let plan = self.plan.env("FAILPOINTS", self.failpoints.join(";"));
        Service { service: plan.start().or_fail("start a service"), _dir: self.dir }
    }
}

/// A running service. Dropping it kills it; if the test is failing, the end of
/// its log is shown.
#[derive(Debug)]
pub struct Service {
    service: supervise::Service,
    _dir: TempDir,
}

impl Service {
    /// Plans to run the program `name` with no settings but those given.
    ///
    /// # Panics
    /// If it was not built.
    pub fn plan(name: &str) -> ServicePlan {
        let dir = scratch_dir();
        let plan = supervise::ServicePlan::new(name, dir.path().join("log"))
            .or_fail(&format!("plan the service {name}"));
        ServicePlan { plan, failpoints: Vec::new(), dir }
    }

    /// Starts the program `name` with settings by their dotted names.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn spawn(name: &str, settings: &[(&str, &str)]) -> Self {
        settings
            .iter()
            .fold(Self::plan(name), |plan, (name, value)| plan.setting(name, value))
            .start()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.service.pid()
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// If the operating system cannot say.
    pub fn is_running(&mut self) -> bool {
        self.service.is_running().or_fail("look at a service")
    }

    /// `SIGKILL`.
    ///
    /// # Panics
    /// If the operating system refuses.
    pub fn kill(&mut self) {
        self.service.kill().or_fail("kill a service");
    }

    /// `SIGSTOP`: it stands still, its connections stay open.
    ///
    /// # Panics
    /// If the operating system refuses.
    pub fn pause(&mut self) {
        self.service.pause().or_fail("pause a service");
    }

    /// `SIGCONT`: it wakes up where it stood.
    ///
    /// # Panics
    /// If the operating system refuses.
    pub fn resume(&mut self) {
        self.service.resume().or_fail("wake a service");
    }

    /// `SIGTERM`, and waits for the end.
    ///
    /// # Panics
    /// If it has not ended within `bound`.
    pub async fn terminate(&mut self, bound: Duration) -> ExitStatus {
        self.service.terminate().or_fail("stop a service");
        self.ended(bound).await
    }

    /// Waits until it has ended: by a failpoint, or of its own accord.
    ///
    /// # Panics
    /// If it has not ended within `bound`.
    pub async fn ended(&mut self, bound: Duration) -> ExitStatus {
        match self.service.ended(bound).await.or_fail("wait for a service") {
            Some(status) => status,
            None => panic!("{} has not ended within {bound:?}", self.service.name()),
        }
    }

    /// All that it wrote so far.
    pub fn log(&self) -> String {
        self.service.log()
    }

    /// Waits until its log contains `text`.
    ///
    /// # Panics
    /// If it does not within `bound`.
    pub async fn logged(&self, text: &str, bound: Duration) {
        let what = format!("{} logs {text:?}", self.service.name());
        wait_until(&what, bound, || async { self.log().contains(text).then_some(()) }).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (name, end) = (self.service.name(), self.service.log_tail());
            eprintln!("--- the end of {name}'s log\n{end}---");
        }
    }
}
