//! The data directory: whose it is, who uses it, how much room it has.
//!
//! A directory is ours if it holds the file [`MARKER`]. Nothing else is ever
//! written into or removed.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use bus::topology::TopologySettings;
use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};
use serde::{Deserialize, Serialize};

/// The file that makes a directory ours.
const MARKER: &str = "tillstream.json";

/// The file whose lock says that a stack runs.
const LOCK: &str = "lock";

/// Where the default directory lies if the repository is out of Postgres's reach.
const SYSTEM_HOME: &str = "/var/lib/tillstream";

/// The least that a stream is given, in bytes.
const LEAST_STREAM_BYTES: u64 = 256 * 1024 * 1024;

/// The part of the free disk that each stream is given at most: one in so many.
const STREAM_SHARE: u64 = 8;

/// What the marker says.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    about: String,
    format: u32,
    /// The bound of each stream, in bytes. Decided once: streams keep it.
    stream_max_bytes: u64,
}

/// Where a stack lies if nobody says: `./data`, or, when we are root and the
/// account of Postgres may not come here (a home directory), a directory of
/// this one's name under `/var/lib/tillstream`.
///
/// # Errors
/// If the current directory cannot be told.
pub fn default_data_dir() -> anyhow::Result<PathBuf> {
    let here = env::current_dir().context("the current directory is not known")?.join("data");
    if supervise::may_hold_postgres(&here).is_ok() {
        return Ok(here);
    }
    let name = here.display().to_string().trim_matches('/').replace('/', "-");
    Ok(Path::new(SYSTEM_HOME).join(name))
}

/// Whether the directory belongs to tillstream.
pub fn is_ours(data_dir: &Path) -> bool {
    data_dir.join(MARKER).is_file()
}

/// Makes the directory if it is missing and takes it for this process.
pub(crate) fn take(data_dir: &Path) -> anyhow::Result<Flock<File>> {
    supervise::may_hold_postgres(data_dir)?;
    let marker = data_dir.join(MARKER);
    if !marker.exists() {
        if data_dir.exists() && !is_empty(data_dir)? {
            bail!(
                "{} is not empty and not ours (it has no {MARKER}); choose another --data-dir",
                data_dir.display()
            );
        }
        make(data_dir)?;
    }
    let lock = lock(data_dir)?;
    if !marker.exists() {
        write_marker(data_dir, &marker)?;
    }
    Ok(lock)
}

/// Removes a directory of ours with all that is in it.
///
/// # Errors
/// If it is not ours, or a stack runs on it.
pub fn remove(data_dir: &Path) -> anyhow::Result<()> {
    if !data_dir.exists() || is_empty(data_dir)? {
        return Ok(());
    }
    if !is_ours(data_dir) {
        bail!("{} is not ours (it has no {MARKER}) and is not removed", data_dir.display());
    }
    let _lock = lock(data_dir)?;
    // The marker goes last: an interrupted removal can be repeated.
    for entry in fs::read_dir(data_dir).with_context(|| cannot("list", data_dir))? {
        let path = entry.with_context(|| cannot("list", data_dir))?.path();
        let removed = match path.file_name().and_then(|name| name.to_str()) {
            Some(MARKER | LOCK) => Ok(()),
            _ if path.is_dir() && !path.is_symlink() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        removed.with_context(|| cannot("remove", &path))?;
    }
    fs::remove_file(data_dir.join(MARKER)).with_context(|| cannot("remove", data_dir))?;
    fs::remove_file(data_dir.join(LOCK)).with_context(|| cannot("remove", data_dir))
}

/// Whether a stack runs on the directory.
pub(super) fn is_taken(data_dir: &Path) -> anyhow::Result<bool> {
    let path = data_dir.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| cannot("open", &path)),
    };
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        Ok(_) => Ok(false),
        Err((_, Errno::EWOULDBLOCK)) => Ok(true),
        Err((_, errno)) => Err(errno).with_context(|| cannot("lock", &path)),
    }
}

/// The streams' bounds on this disk.
pub(crate) fn topology(data_dir: &Path) -> anyhow::Result<TopologySettings> {
    let path = data_dir.join(MARKER);
    let text = fs::read(&path).with_context(|| cannot("read", &path))?;
    let marker: Marker = serde_json::from_slice(&text).with_context(|| cannot("read", &path))?;
    Ok(TopologySettings {
        pos_max_bytes: marker.stream_max_bytes,
        books_max_bytes: marker.stream_max_bytes,
        ..TopologySettings::default()
    })
}

fn lock(data_dir: &Path) -> anyhow::Result<Flock<File>> {
    let path = data_dir.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| cannot("open", &path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            lock.set_len(0)
                .and_then(|()| write!(lock, "{}", std::process::id()))
                .with_context(|| cannot("write", &path))?;
            Ok(lock)
        }
        Err((mut file, Errno::EWOULDBLOCK)) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            bail!(
                "a stack runs on {} already (process {}); stop it first, or choose another --data-dir",
                data_dir.display(),
                process.trim()
            )
        }
        Err((_, errno)) => Err(errno).with_context(|| cannot("lock", &path)),
    }
}

/// Others may pass through (Postgres's account must), but not list.
fn make(data_dir: &Path) -> anyhow::Result<()> {
    let missing: Vec<&Path> =
        data_dir.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
    for folder in missing.into_iter().rev() {
        DirBuilder::new()
            .create(folder)
            .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o711)))
            .with_context(|| cannot("make", folder))?;
    }
    Ok(())
}

fn write_marker(data_dir: &Path, path: &Path) -> anyhow::Result<()> {
    let disk = nix::sys::statvfs::statvfs(data_dir).with_context(|| cannot("look at", data_dir))?;
    let share = free_bytes(&disk) / STREAM_SHARE;
    let usual = TopologySettings::default().pos_max_bytes;
    let marker = Marker {
        about: "This directory belongs to tillstream; `up --fresh` may remove it.".to_owned(),
        format: 1,
        stream_max_bytes: share.clamp(LEAST_STREAM_BYTES, usual.max(LEAST_STREAM_BYTES)),
    };
    let text = serde_json::to_vec_pretty(&marker).context("cannot write the marker")?;
    fs::write(path, text).with_context(|| cannot("write", path))
}

#[cfg_attr(
    target_os = "linux",
    expect(clippy::useless_conversion, reason = "the fields are narrower on other systems")
)]
fn free_bytes(disk: &nix::sys::statvfs::Statvfs) -> u64 {
    u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size()))
}

fn is_empty(folder: &Path) -> anyhow::Result<bool> {
    let mut entries = fs::read_dir(folder).with_context(|| cannot("list", folder))?;
    Ok(entries.next().is_none())
}

fn cannot(what: &str, path: &Path) -> String {
    format!("cannot {what} {}", path.display())
}
