//! One child process that dies with its parent.
//!
//! Linux sends the death signal when the *thread* that forked ends, so every
//! child is started by one thread that lives as long as the process. A child
//! is in a process group of its own: Ctrl-C on the terminal reaches the
//! parent alone, which then stops its children in order.

use std::{
    io,
    process::{Command, ExitStatus},
    sync::{LazyLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How often a child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(5);

/// How long a dropped child may take to end by its death signal before it is
/// killed.
const DROP_LIMIT: Duration = Duration::from_secs(3);

type Job = (Command, mpsc::SyncSender<io::Result<std::process::Child>>);

/// The thread that forks; it ends with the process only.
static SPAWNER: LazyLock<io::Result<mpsc::Sender<Job>>> = LazyLock::new(|| {
    let (jobs, inbox) = mpsc::channel::<Job>();
    thread::Builder::new().name("supervise-spawn".to_owned()).spawn(move || {
        for (mut command, reply) in inbox {
            // A caller that is gone drops the child's handle, not the child;
            // nobody gives up waiting below.
            let _ = reply.send(command.spawn());
        }
    })?;
    Ok(jobs)
});

/// A running child. Dropping it signals it, waits a moment, and kills it.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    death_signal: Signal,
    status: Option<ExitStatus>,
    #[cfg(not(target_os = "linux"))]
    _watch: watch::Watch,
}

/// Starts `command` as a child that gets `death_signal` when this process
/// ends, in whatever way.
///
/// # Errors
/// What `fork` or `exec` said.
pub fn spawn(mut command: Command, death_signal: Signal) -> io::Result<Child> {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
    #[cfg(target_os = "linux")]
    die_with_parent(&mut command, death_signal);
    let spawner = SPAWNER.as_ref().map_err(|error| io::Error::from(error.kind()))?;
    let (reply, answer) = mpsc::sync_channel(1);
    let gone = || io::Error::other("the spawning thread has ended");
    spawner.send((command, reply)).map_err(|_| gone())?;
    let process = answer.recv().map_err(|_| gone())??;
    Ok(Child {
        #[cfg(not(target_os = "linux"))]
        _watch: watch::Watch::over(process.id(), death_signal)?,
        process,
        death_signal,
        status: None,
    })
}

/// Asks the kernel to signal the child when its parent thread ends. It is set
/// after the change of user (which would clear it) and before `exec`.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "`pre_exec` has no safe form; both calls are async-signal-safe")]
fn die_with_parent(command: &mut Command, signal: Signal) {
    use std::os::unix::process::CommandExt as _;
    let parent = Pid::this();
    let set = move || {
        nix::sys::prctl::set_pdeathsig(signal)?;
        // A parent that ended before the call above sends nothing any more.
        if nix::unistd::getppid() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls; it
    // neither allocates nor takes a lock.
    unsafe { command.pre_exec(set) };
}

impl Child {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The child's standard output, once, if it was piped.
    pub fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.process.stdout.take()
    }

    /// The child's standard error, once, if it was piped.
    pub fn take_stderr(&mut self) -> Option<std::process::ChildStderr> {
        self.process.stderr.take()
    }

    /// The exit status, if it has ended.
    ///
    /// # Errors
    /// What `waitpid` said.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.process.try_wait()?;
        }
        Ok(self.status)
    }

    /// Sends a signal; one that has ended is left alone.
    ///
    /// # Errors
    /// What `kill` said.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        // Not reaped yet means that the id is still this child's.
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.pid()).map_err(io::Error::other)?;
        match kill(Pid::from_raw(pid), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits until it has ended, at most `limit`; `None` if it has not.
    ///
    /// # Errors
    /// What `waitpid` said.
    pub async fn wait(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Sends each signal in turn and gives it its time; the last resort is
    /// `SIGKILL`, which nothing survives.
    ///
    /// # Errors
    /// What `kill` or `waitpid` said.
    pub async fn stop(&mut self, steps: &[(Signal, Duration)]) -> io::Result<()> {
        // A stopped (SIGSTOP) child would not see the others.
        self.signal(Signal::SIGCONT)?;
        for (signal, limit) in steps {
            self.signal(*signal)?;
            if self.wait(*limit).await?.is_some() {
                return Ok(());
            }
        }
        self.kill()
    }

    /// `SIGKILL`, and waits for the end.
    ///
    /// # Errors
    /// What `kill` or `waitpid` said.
    pub fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::SIGKILL)?;
        if self.status.is_none() {
            self.status = Some(self.process.wait()?);
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let deadline = Instant::now() + DROP_LIMIT;
        let signalled = self.signal(Signal::SIGCONT).and_then(|()| self.signal(self.death_signal));
        while signalled.is_ok() && Instant::now() < deadline {
            match self.try_wait() {
                Ok(None) => thread::sleep(POLL),
                _ => break,
            }
        }
        if let Err(error) = self.kill() {
            tracing::warn!(child.pid = self.pid(), %error, "a child could not be killed");
        }
    }
}

/// Where the kernel knows no death signal, a shell waits for the end of a
/// pipe that only this process holds open, and then signals the child.
#[cfg(any(test, not(target_os = "linux")))]
mod watch {
    use std::{
        io,
        os::unix::process::CommandExt as _,
        process::{Command, Stdio},
    };

    use nix::sys::signal::Signal;

    /// The watching shell; dropping it calls the watch off.
    #[derive(Debug)]
    pub(super) struct Watch(std::process::Child);

    impl Watch {
        pub(super) fn over(pid: u32, signal: Signal) -> io::Result<Self> {
            Command::new("/bin/sh")
                .arg("-c")
                .arg(format!("read _; kill -{} {pid}", signal as i32))
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map(Self)
        }

        /// What the end of this process does: the pipe closes.
        #[cfg(test)]
        pub(super) fn hang_up(mut self) -> io::Result<()> {
            drop(self.0.stdin.take());
            self.0.wait().map(|_| ())
        }
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    }

    #[tokio::test]
    async fn a_dropped_child_is_gone() {
        let child = spawn(sleeper(), Signal::SIGTERM).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.pid()).unwrap());
        drop(child);
        assert_eq!(kill(pid, None), Err(Errno::ESRCH));
    }

    #[tokio::test]
    async fn a_child_that_ignores_its_signals_is_killed() {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; echo ready; exec sleep 600"]);
        command.stdout(std::process::Stdio::piped());
        let mut child = spawn(command, Signal::SIGKILL).unwrap();
        let mut ready = String::new();
        let mut stdout = io::BufReader::new(child.take_stdout().unwrap());
        io::BufRead::read_line(&mut stdout, &mut ready).unwrap();
        child.stop(&[(Signal::SIGTERM, Duration::from_millis(50))]).await.unwrap();
        let status = child.try_wait().unwrap().unwrap();
        assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
    }

    #[tokio::test]
    async fn a_child_outlives_the_thread_that_asked_for_it() {
        let spawned = thread::spawn(|| spawn(sleeper(), Signal::SIGKILL)).join();
        let mut child = spawned.unwrap().unwrap();
        assert!(child.wait(Duration::from_millis(50)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_watching_shell_signals_when_the_pipe_closes() {
        let mut child = spawn(sleeper(), Signal::SIGKILL).unwrap();
        let watch = watch::Watch::over(child.pid(), Signal::SIGINT).unwrap();
        watch.hang_up().unwrap();
        let status = child.wait(Duration::from_secs(10)).await.unwrap().unwrap();
        assert_eq!(status.signal(), Some(Signal::SIGINT as i32));
    }
}
