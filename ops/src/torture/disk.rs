//! A disk of an edge's own that can be filled and freed: a small tmpfs, if this
//! process may mount one. What is on it survives every process, not the mount.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// How large it is, in bytes; memory is taken only for what is written.
const BYTES: u64 = 1 << 30;
/// What is left of it when it is filled, in bytes.
const LEFT_BYTES: u64 = 64 * 1024;
/// How often it is made smaller while the edge is writing to it.
const TRIES: u32 = 20;

/// A mounted disk. Dropping it unmounts it: what is on it is gone then.
#[derive(Debug)]
pub(super) struct Disk {
    mounted: PathBuf,
}

impl Disk {
    /// Mounts an empty disk at `folder`, which is made.
    ///
    /// # Errors
    /// If this process may not mount.
    pub(super) fn mount(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let options = format!("size={BYTES},mode=0700");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tillstream"]).arg(folder))?;
        Ok(Self { mounted: folder.to_path_buf() })
    }

    /// Makes it as small as what is on it, so that nothing more fits.
    pub(super) fn fill(&self) -> anyhow::Result<()> {
        let mut refused = None;
        // What is written meanwhile does not fit into the smaller size.
        for _ in 0..TRIES {
            let size = self.used()?.saturating_add(LEFT_BYTES);
            match self.resize(size) {
                Ok(()) => return Ok(()),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.context("never tried")?).context("the disk cannot be filled")
    }

    /// Gives it its room back.
    pub(super) fn free(&self) -> anyhow::Result<()> {
        self.resize(BYTES)
    }

    fn resize(&self, bytes: u64) -> anyhow::Result<()> {
        let options = format!("remount,size={bytes}");
        run(Command::new("mount").args(["-o", &options]).arg(&self.mounted))
    }

    fn used(&self) -> anyhow::Result<u64> {
        let disk = nix::sys::statvfs::statvfs(&self.mounted).context("the disk does not answer")?;
        #[cfg_attr(
            target_os = "linux",
            expect(
                clippy::useless_conversion,
                reason = "the fields are narrower on other systems"
            )
        )]
        let blocks = u64::from(disk.blocks()).saturating_sub(u64::from(disk.blocks_free()));
        Ok(blocks.saturating_mul(disk.fragment_size()))
    }

    /// Takes it away and leaves what was on it in the folder.
    pub(super) fn keep(self) -> anyhow::Result<()> {
        let aside = self.mounted.with_extension("kept");
        run(Command::new("cp").arg("-a").arg(&self.mounted).arg(&aside))?;
        let folder = self.mounted.clone();
        drop(self);
        std::fs::remove_dir(&folder)
            .and_then(|()| std::fs::rename(&aside, &folder))
            .with_context(|| format!("{} was not put back from its copy", folder.display()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // One that is busy goes when its last file is closed.
        if let Err(error) = run(Command::new("umount").arg("-l").arg(&self.mounted)) {
            tracing::warn!(%error, "a disk stays mounted");
        }
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be run", command.get_program().to_string_lossy()))?;
    if !output.status.success() {
        let program = command.get_program().to_string_lossy();
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
