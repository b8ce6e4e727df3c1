//! A small file system of a test's own: a tmpfs, where this process may mount one.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use testkit::scratch_dir;

/// It is unmounted when it is dropped.
pub struct SmallDisk {
    dir: TempDir,
}

impl SmallDisk {
    /// One of so many MiB; `None`, said aloud, if this process may not mount.
    pub fn of(mib: u64) -> Option<Self> {
        let disk = Self { dir: scratch_dir() };
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tillstream-test"])
            .arg(disk.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(disk);
        }
        eprintln!("SKIPPED: only root may mount a small disk; this was not tested");
        None
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where an edge lies on it.
    pub fn edge(&self) -> PathBuf {
        self.path().join("edge")
    }

    /// Makes it larger or smaller.
    pub fn resize(&self, mib: u64) {
        let options = format!("remount,size={mib}m");
        let done = Command::new("mount").args(["-o", &options]).arg(self.path()).status().unwrap();
        assert!(done.success());
    }

    /// Something else takes all that is left, while others write.
    pub async fn fill(&self) {
        use std::io::Write as _;
        let path = self.path().join("ballast");
        let full = tokio::task::spawn_blocking(move || {
            let mut ballast = std::fs::File::create(path).unwrap();
            loop {
                if let Err(error) = ballast.write_all(&[7; 65_536]) {
                    return error;
                }
            }
        });
        assert_eq!(full.await.unwrap().kind(), std::io::ErrorKind::StorageFull);
    }

    /// And gives it back.
    pub fn unfill(&self) {
        std::fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It may not be mounted; lazily, because an edge may still be closing.
        let _best_effort = Command::new("umount").arg("-l").arg(self.dir.path()).status();
    }
}
