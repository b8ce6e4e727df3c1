//! Folders that go away.

use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Once,
};

use tempfile::TempDir;

use crate::OrFail as _;

/// Folders of one test are named `run-<process id>-…`.
const RUN: &str = "run-";

static SWEEP: Once = Once::new();

/// A folder of this test's own, removed when dropped. Other accounts may pass
/// through it, as the one that Postgres runs as must.
///
/// # Panics
/// If it cannot be made.
pub fn scratch_dir() -> TempDir {
    let home = home();
    SWEEP.call_once(|| sweep(&home));
    let dir = tempfile::Builder::new()
        .prefix(&format!("{RUN}{}-", std::process::id()))
        .tempdir_in(&home)
        .or_fail("make a folder for the test");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711))
        .or_fail("open the folder for Postgres");
    dir
}

/// Where all of it lies: one folder for each account.
pub(crate) fn home() -> PathBuf {
    let us = nix::unistd::geteuid();
    let home = env::temp_dir().join(format!("tillstream-tests-{us}"));
    match fs::DirBuilder::new().mode(0o711).create(&home) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            panic!("cannot make {}: {error}", home.display())
        }
        _ => {}
    }
    let metadata = fs::symlink_metadata(&home).or_fail("look at the folder for tests");
    assert!(
        metadata.is_dir() && metadata.uid() == us.as_raw(),
        "{} belongs to someone else",
        home.display()
    );
    home
}

/// Removes what tests that were killed have left.
fn sweep(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(RUN)?.split('-').next()?.parse::<i32>().ok());
        let gone = process.is_some_and(|process| {
            let process = nix::unistd::Pid::from_raw(process);
            nix::sys::signal::kill(process, None) == Err(nix::errno::Errno::ESRCH)
        });
        if gone {
            // Another test may be doing the same.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
