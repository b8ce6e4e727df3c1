//! Logs of the stack go to a file in its data directory, so that the terminal
//! is left to what people want to see. Until there is such a directory, and
//! whenever `RUST_LOG` is set, they go to stderr.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tracing_subscriber::{EnvFilter, fmt};

/// The file's name.
pub const NAME: &str = "tillstream.log";

/// A file that has grown past this many bytes is put aside at the next start.
const LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// Sends logs to the file of `data_dir` from now on.
pub fn install(data_dir: &Path) {
    if std::env::var_os(telemetry::logs::LEVELS).is_some() {
        return telemetry::logs::install(telemetry::logs::DEFAULT_LEVELS);
    }
    let folder = data_dir.to_path_buf();
    let lines = fmt()
        .with_env_filter(EnvFilter::new(telemetry::logs::DEFAULT_LEVELS))
        .with_ansi(false)
        .with_writer(move || Sink { folder: folder.clone() });
    // An error means that an embedding program was first.
    let _was_first = lines.try_init();
}

/// Opens the file with the first line that finds a directory of ours.
struct Sink {
    folder: PathBuf,
}

static OPENED: OnceLock<File> = OnceLock::new();

impl Sink {
    fn file(&self) -> io::Result<&'static File> {
        if let Some(file) = OPENED.get() {
            return Ok(file);
        }
        if !crate::stack::is_ours(&self.folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let path = self.folder.join(NAME);
        if fs::metadata(&path).is_ok_and(|log| log.len() > LIMIT_BYTES) {
            fs::rename(&path, path.with_extension("log.1"))?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(OPENED.get_or_init(|| file))
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.file() {
            Ok(mut file) => file.write(line),
            Err(_) => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
