//! A service as a child process that can be killed, stalled and listened to.

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use supervise::{Child, Signal, spawn};
use tempfile::TempDir;

use crate::{OrFail as _, scratch::scratch_dir, wait::wait_until};

/// How much of a log a failing test shows, in bytes.
const SHOWN_BYTES: usize = 8_000;

/// The program `name` that was built beside this test.
///
/// # Panics
/// If it was not built.
pub fn bin(name: &str) -> PathBuf {
    let test = env::current_exe().or_fail("find this test's own program");
    // target/<profile>/deps/<test>
    let built = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join(name));
    match built {
        Some(program) if program.is_file() => program,
        _ => panic!(
            "the program {name} is not built beside {}: run ./ops/test, or \
             `cargo build --workspace --bins --features tests/failpoints` first",
            test.display()
        ),
    }
}

/// How a service will be started.
#[derive(Debug)]
pub struct ServicePlan {
    name: String,
    command: Command,
    failpoints: Vec<String>,
}

impl ServicePlan {
    /// A setting by its dotted name: `nats.url`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        let variable = format!("TILLSTREAM__{}", name.to_uppercase().replace('.', "__"));
        self.command.env(variable, value.to_string());
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
        self.command.arg(arg);
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn start(mut self) -> Service {
        let dir = scratch_dir();
        let log = dir.path().join("log");
        let out = File::create(&log).or_fail("make the log of a service");
        let err = out.try_clone().or_fail("share the log of a service");
        self.command.env("FAILPOINTS", self.failpoints.join(";"));
        self.command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = spawn(self.command, Signal::SIGKILL)
            .or_fail(&format!("start the service {}", self.name));
        Service { name: self.name, child, log, _dir: dir }
    }
}

/// A running service. Dropping it kills it; if the test is failing, the end of
/// its log is shown.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Child,
    log: PathBuf,
    _dir: TempDir,
}

impl Service {
    /// Plans to run the program `name` with no settings but those given.
    ///
    /// # Panics
    /// If it was not built.
    pub fn plan(name: &str) -> ServicePlan {
        let mut command = Command::new(bin(name));
        for (variable, _) in env::vars_os() {
            if variable.to_string_lossy().starts_with("TILLSTREAM__") {
                command.env_remove(variable);
            }
        }
        ServicePlan { name: name.to_owned(), command, failpoints: Vec::new() }
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
        self.child.pid()
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// If the operating system cannot say.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().or_fail("look at a service").is_none()
    }

    /// `SIGKILL`.
    ///
    /// # Panics
    /// If the operating system refuses.
    pub fn kill(&mut self) {
        self.child.kill().or_fail("kill a service");
    }

    /// `SIGSTOP`: it stands still, its connections stay open.
    ///
    /// # Panics
    /// If the operating system refuses.
    pub fn pause(&mut self) {
        self.child.signal(Signal::SIGSTOP).or_fail("pause a service");
    }

    /// `SIGCONT`: it wakes up where it stood.
    ///
    /// # Panics
    /// If the operating system refuses.
    pub fn resume(&mut self) {
        self.child.signal(Signal::SIGCONT).or_fail("wake a service");
    }

    /// `SIGTERM`, and waits for the end.
    ///
    /// # Panics
    /// If it has not ended within `bound`.
    pub async fn terminate(&mut self, bound: Duration) -> ExitStatus {
        self.child.signal(Signal::SIGTERM).or_fail("stop a service");
        self.ended(bound).await
    }

    /// Waits until it has ended: by a failpoint, or of its own accord.
    ///
    /// # Panics
    /// If it has not ended within `bound`.
    pub async fn ended(&mut self, bound: Duration) -> ExitStatus {
        match self.child.wait(bound).await.or_fail("wait for a service") {
            Some(status) => status,
            None => panic!("{} has not ended within {bound:?}", self.name),
        }
    }

    /// All that it wrote so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until its log contains `text`.
    ///
    /// # Panics
    /// If it does not within `bound`.
    pub async fn logged(&self, text: &str, bound: Duration) {
        let what = format!("{} logs {text:?}", self.name);
        wait_until(&what, bound, || async { self.log().contains(text).then_some(()) }).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let mut begin = log.len().saturating_sub(SHOWN_BYTES);
            while !log.is_char_boundary(begin) {
                begin += 1;
            }
            eprintln!("--- the end of {}'s log\n{}---", self.name, &log[begin..]);
        }
    }
}
