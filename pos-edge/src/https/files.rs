//! Files with keys: whole or as they were before, for the daemon alone.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::Context;
use serde::{Serialize, de::DeserializeOwned};

/// Reads a file; `None` if there is none.
///
/// # Errors
/// If it cannot be read, is no such file, or others may read it.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mode = fs::metadata(path).map(|about| about.permissions().mode());
    let mode = mode.with_context(|| format!("cannot look at {}", path.display()))?;
    anyhow::ensure!(
        mode & 0o077 == 0,
        "{} holds a key and others may read it (mode {:o}); make it 600",
        path.display(),
        mode & 0o777
    );
    let file = serde_json::from_slice(&text).with_context(|| {
        format!("{} is damaged; put the right one back, or move it away", path.display())
    })?;
    Ok(Some(file))
}

/// Writes a file in the place of the one before (mode 0600).
///
/// # Errors
/// If the disk refuses; the one before stays then.
pub(super) fn write(path: &Path, file: &impl Serialize) -> anyhow::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let beside = path.with_extension("new");
    let text = serde_json::to_vec_pretty(file).context("a key cannot be written down")?;
    let write = || -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        fs::File::open(parent)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
