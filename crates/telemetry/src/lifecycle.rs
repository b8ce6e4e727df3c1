//! From start to end of a process.

use std::{future::Future, process::ExitCode};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{failpoint, logs};

/// Set (to anything) in the environment of a service that shall not outlive
/// the process that started it.
pub const DIE_WITH_PARENT: &str = "TILLSTREAM_DIE_WITH_PARENT";

/// The whole of a service's `main`: logs to stderr, runs `service`, and cancels
/// the token it was given on SIGINT or SIGTERM. What `service` returns decides
/// the exit status; an error is one line on stderr and status 1.
pub fn main<F, R>(name: &'static str, service: F) -> ExitCode
where
    F: FnOnce(CancellationToken) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    logs::install(logs::DEFAULT_LEVELS);
    failpoint::arm();
    match run(service) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run<F, R>(service: F) -> anyhow::Result<()>
where
    F: FnOnce(CancellationToken) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    if std::env::var_os(DIE_WITH_PARENT).is_some() {
        die_with_parent().context("cannot tie this process to its parent")?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let interrupted = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let terminated = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        tokio::spawn(stop_on_signal(interrupted, terminated, shutdown.clone()));
        service(shutdown).await
    })
}

/// First signal: ask. Second signal: end.
async fn stop_on_signal(
    mut interrupted: Signal,
    mut terminated: Signal,
    shutdown: CancellationToken,
) {
    /// What a shell reports of a process that SIGINT ended.
    const INTERRUPTED: i32 = 130;
    loop {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        if shutdown.is_cancelled() {
            std::process::exit(INTERRUPTED);
        }
        tracing::info!("stopping");
        shutdown.cancel();
    }
}

/// Ends this process with SIGKILL when its parent ends. On Linux the kernel
/// does it, when the *thread* that started us ends: start services from a
/// thread that lives as long as they should.
///
/// # Errors
/// If the parent is gone already.
pub fn die_with_parent() -> std::io::Result<()> {
    let parent = nix::unistd::getppid();
    tie_to_parent(parent)?;
    if nix::unistd::getppid() == parent {
        Ok(())
    } else {
        Err(std::io::Error::other("the process that started this one is gone"))
    }
}

#[cfg(target_os = "linux")]
fn tie_to_parent(_parent: nix::unistd::Pid) -> std::io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn tie_to_parent(parent: nix::unistd::Pid) -> std::io::Result<()> {
    /// How long an orphan may live.
    const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
    std::thread::Builder::new().name("parent-watch".to_owned()).spawn(move || {
        while nix::unistd::getppid() == parent {
            std::thread::sleep(LOOK_EVERY);
        }
        let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
    })?;
    Ok(())
}
