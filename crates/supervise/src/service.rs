//! One of our own programs as a child process: with settings by environment, a
//! log of its own, and whatever may happen to a process: killed, stalled, started
//! again as it was.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use crate::{
    Signal, SuperviseError,
    child::{Child, spawn},
};

/// The start of each environment variable that is a setting; none is inherited.
const SETTING: &str = "TILLSTREAM__";

/// How much of a log's end is told, in bytes.
const TAIL_BYTES: usize = 8_000;

/// The program `name` that lies beside our own.
///
/// # Errors
/// [`SuperviseError::NotFound`] says where it was looked for.
pub fn program_beside_us(name: &str) -> Result<PathBuf, SuperviseError> {
    let ours = env::current_exe().map_err(SuperviseError::io("find our own program"))?;
    let beside = ours.parent().unwrap_or(Path::new("."));
    // Tests and examples lie one folder below the programs, in target/<profile>/deps.
    let is_below = ["deps", "examples"].map(OsStr::new).map(Some).contains(&beside.file_name());
    let below = is_below.then(|| beside.parent()).flatten();
    let folder = below.unwrap_or(beside);
    let program = folder.join(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(SuperviseError::NotFound {
        what: format!("the program {name} in {}", folder.display()),
        advice: "build all programs with `cargo build --workspace --bins` (as ./ops/up and \
                 ./ops/test do), or put them beside tillstream"
            .to_owned(),
    })
}

/// How a service is started, as often as it has to be.
#[derive(Debug, Clone)]
pub struct ServicePlan {
    name: String,
    program: PathBuf,
    log: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl ServicePlan {
    /// Plans to run the program `name` that lies beside our own, with no settings
    /// but those given; what it writes is added to the file `log`.
    ///
    /// # Errors
    /// As for [`program_beside_us`].
    pub fn new(name: &str, log: impl Into<PathBuf>) -> Result<Self, SuperviseError> {
        Ok(Self {
            name: name.to_owned(),
            program: program_beside_us(name)?,
            log: log.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
        })
    }

    /// A setting by its dotted name: `nats.url`.
    #[must_use]
    pub fn setting(self, name: &str, value: impl ToString) -> Self {
        let variable = format!("{SETTING}{}", name.to_uppercase().replace('.', "__"));
        self.env(&variable, value.to_string())
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// A command-line argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Starts it; it is not waited for.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn start(self) -> Result<Service, SuperviseError> {
        let child = self.spawn()?;
        Ok(Service { plan: self, child })
    }

    fn spawn(&self) -> Result<Child, SuperviseError> {
        let Self { name, program, log, arguments, environment } = self;
        let opened = OpenOptions::new().create(true).append(true).open(log);
        let out = opened.map_err(SuperviseError::io(format!("write {}", log.display())))?;
        let err = out.try_clone().map_err(SuperviseError::io(format!("share {name}'s log")))?;
        let mut command = Command::new(program);
        for (variable, _) in env::vars_os() {
            if variable.to_string_lossy().starts_with(SETTING) {
                command.env_remove(variable);
            }
        }
        command.args(arguments);
        command.envs(environment.iter().map(|(variable, value)| (variable, value)));
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        spawn(command, Signal::SIGKILL).map_err(SuperviseError::io(format!("start {name}")))
    }
}

/// A service that was started. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    plan: ServicePlan,
    child: Child,
}

impl Service {
    /// Its program's name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// If the operating system cannot say.
    pub fn is_running(&mut self) -> Result<bool, SuperviseError> {
        Ok(self.child.try_wait().map_err(self.cannot("look at"))?.is_none())
    }

    /// `SIGKILL`.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn kill(&mut self) -> Result<(), SuperviseError> {
        self.child.kill().map_err(self.cannot("kill"))
    }

    /// `SIGSTOP`: it stands still, its connections stay open.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn pause(&mut self) -> Result<(), SuperviseError> {
        self.child.signal(Signal::SIGSTOP).map_err(self.cannot("pause"))
    }

    /// `SIGCONT`: it wakes up where it stood.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn resume(&mut self) -> Result<(), SuperviseError> {
        self.child.signal(Signal::SIGCONT).map_err(self.cannot("wake"))
    }

    /// `SIGTERM`, which is not waited for.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn terminate(&mut self) -> Result<(), SuperviseError> {
        self.child.signal(Signal::SIGTERM).map_err(self.cannot("stop"))
    }

    /// Stops it in order; after `limit`, by `SIGKILL`.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub async fn stop(&mut self, limit: Duration) -> Result<(), SuperviseError> {
        let cannot = self.cannot("stop");
        self.child.stop(&[(Signal::SIGTERM, limit)]).await.map_err(cannot)
    }

    /// Waits until it has ended, at most `limit`; `None` if it has not.
    ///
    /// # Errors
    /// If the operating system cannot say.
    pub async fn ended(&mut self, limit: Duration) -> Result<Option<ExitStatus>, SuperviseError> {
        let cannot = self.cannot("wait for");
        self.child.wait(limit).await.map_err(cannot)
    }

    /// Starts it again as it was; one that runs is killed first.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn restart(&mut self) -> Result<(), SuperviseError> {
        self.kill()?;
        self.child = self.plan.spawn()?;
        Ok(())
    }

    /// All that it wrote so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.plan.log).unwrap_or_default()).into_owned()
    }

    /// The end of what it wrote so far.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        log[log.ceil_char_boundary(log.len().saturating_sub(TAIL_BYTES))..].to_owned()
    }

    fn cannot(&self, what: &str) -> impl FnOnce(std::io::Error) -> SuperviseError + use<> {
        SuperviseError::io(format!("{what} {}", self.plan.name))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const BOUND: Duration = Duration::from_secs(10);

    #[test]
    fn a_program_that_is_not_there_is_named_with_its_place() {
        let missing = program_beside_us("no-such-program").unwrap_err().to_string();
        assert!(missing.contains("no-such-program in /"), "{missing}");
        assert!(missing.contains("cargo build --workspace --bins"), "{missing}");
    }

    #[tokio::test]
    async fn it_is_killed_stalled_and_started_again_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let plan = ServicePlan {
            name: "a shell".to_owned(),
            program: PathBuf::from("/bin/sh"),
            log: folder.path().join("log"),
            arguments: vec!["-c".into(), "echo $TILLSTREAM__NATS__URL; exec sleep 600".into()],
            environment: Vec::new(),
        };
        let mut service = plan.setting("nats.url", "nats://there").start().unwrap();
        let first = service.pid();
        service.pause().unwrap();
        assert!(service.is_running().unwrap());
        service.resume().unwrap();
        service.kill().unwrap();
        assert!(!service.is_running().unwrap());
        service.restart().unwrap();
        assert_ne!(service.pid(), first);
        while !service.log_tail().ends_with("nats://there\n") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        service.terminate().unwrap();
        let status = service.ended(BOUND).await.unwrap();
        assert!(status.is_some_and(|status| !status.success()), "{status:?}");
    }
}
