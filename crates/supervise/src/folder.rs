//! The folders that servers keep their data in: made, locked, and in reach of
//! the account that the server runs as.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
    unistd::{Uid, User, geteuid},
};

use crate::SuperviseError;

/// A log is begun anew when it has grown past this many bytes.
const LOG_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// How much of a log's end an error tells, in bytes.
const LOG_TAIL_BYTES: u64 = 2_000;

/// The account that Postgres runs as: ours, or, because it refuses root,
/// `postgres` or `nobody`; `None` is ours.
///
/// # Errors
/// If we are root and neither account exists.
pub fn postgres_account() -> Result<Option<User>, SuperviseError> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Ok(Some(user)) = User::from_name(name) {
            return Ok(Some(user));
        }
    }
    Err(SuperviseError::NotFound {
        what: "an account for Postgres".to_owned(),
        advice: "it refuses to run as root; add an account named postgres".to_owned(),
    })
}

/// Whether Postgres could keep its data in `folder` (which may not exist yet).
///
/// # Errors
/// [`SuperviseError::OutOfReach`] if its account may not enter a folder on the
/// way, [`SuperviseError::Io`] if one cannot be looked at.
pub fn may_hold_postgres(folder: &Path) -> Result<(), SuperviseError> {
    let Some(account) = postgres_account()? else { return Ok(()) };
    let absolute = std::path::absolute(folder)
        .map_err(SuperviseError::io(format!("resolve {}", folder.display())))?;
    for ancestor in absolute.ancestors() {
        let metadata = match fs::metadata(ancestor) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(SuperviseError::io(format!("look at {}", ancestor.display()))(error));
            }
        };
        let execute = if metadata.uid() == account.uid.as_raw() {
            0o100
        } else if metadata.gid() == account.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        if metadata.mode() & execute == 0 {
            return Err(SuperviseError::OutOfReach {
                path: ancestor.to_path_buf(),
                account: account.name,
            });
        }
    }
    Ok(())
}

/// Makes `folder` and what is missing above it. Others may pass through (the
/// account of Postgres must) but not list it, whatever the umask.
pub(crate) fn make(folder: &Path) -> Result<(), SuperviseError> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .collect();
    for ancestor in missing.into_iter().rev() {
        let made = DirBuilder::new().mode(0o711).create(ancestor).and_then(|()| {
            fs::set_permissions(ancestor, std::os::unix::fs::PermissionsExt::from_mode(0o711))
        });
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(SuperviseError::io(format!("make {}", ancestor.display()))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Takes the folder for this process, until the lock is dropped or the
/// process ends.
pub(crate) fn lock(folder: &Path) -> Result<Flock<File>, SuperviseError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(SuperviseError::io(format!("open {}", path.display())))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            let named = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
            named.map_err(SuperviseError::io(format!("write {}", path.display())))?;
            Ok(lock)
        }
        Err((mut file, Errno::EWOULDBLOCK)) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Err(SuperviseError::InUse {
                path: folder.to_path_buf(),
                by: format!("process {}", holder.trim()),
            })
        }
        Err((_, errno)) => {
            Err(SuperviseError::io(format!("lock {}", path.display()))(errno.into()))
        }
    }
}

/// A server's log file.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    /// Where the current run of the server begins.
    begin: u64,
}

impl Log {
    pub(crate) fn in_folder(folder: &Path, name: &str) -> Self {
        Self { path: folder.join(name), begin: 0 }
    }

    /// Opens it for a new run.
    pub(crate) fn open(&mut self) -> Result<File, SuperviseError> {
        let cannot = |path: &Path| SuperviseError::io(format!("open {}", path.display()));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(cannot(&self.path))?;
        let length = file.metadata().map_err(cannot(&self.path))?.len();
        self.begin = length;
        if length > LOG_LIMIT_BYTES {
            file.set_len(0).map_err(cannot(&self.path))?;
            self.begin = 0;
        }
        Ok(file)
    }

    /// The end of what the current run wrote.
    pub(crate) fn tail(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(self.begin.max(length.saturating_sub(LOG_TAIL_BYTES))))?;
            let mut tail = Vec::new();
            file.read_to_end(&mut tail)?;
            Ok(String::from_utf8_lossy(&tail).trim().to_owned())
        };
        read().unwrap_or_else(|error| format!("(its log cannot be read: {error})"))
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(
    path: &Path,
    secret: &str,
    owner: Option<Uid>,
) -> Result<(), SuperviseError> {
    let write = || -> io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(secret.as_bytes())?;
        file.sync_all()?;
        if let Some(owner) = owner {
            nix::unistd::chown(path, Some(owner), None)?;
        }
        Ok(())
    };
    write().map_err(SuperviseError::io(format!("write {}", path.display())))
}

/// 128 random bits as hex.
pub(crate) fn random_hex() -> Result<String, SuperviseError> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(SuperviseError::io("read /dev/urandom"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
