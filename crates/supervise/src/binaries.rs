//! Where the servers' programs are, and whether they are new enough.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::SuperviseError;

/// The oldest Postgres that will do: major version.
pub const MIN_POSTGRES: u32 = 15;

/// The oldest nats-server that will do: major and minor version.
pub const MIN_NATS_SERVER: (u32, u32) = (2, 12);

/// Names the directory of `postgres` and `initdb`, before anything else.
const POSTGRES_BIN_VAR: &str = "TILLSTREAM_POSTGRES_BIN";

/// Names the nats-server program, before anything else.
const NATS_SERVER_VAR: &str = "TILLSTREAM_NATS_SERVER";

/// Folders that hold one folder for each Postgres version, with `bin` in it.
const POSTGRES_HOMES: [&str; 4] =
    ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql"];

/// The directory that holds `postgres` and `initdb`, and their major version:
/// `$TILLSTREAM_POSTGRES_BIN`, else `PATH`, else the newest installed. With
/// `major`, exactly that version: a cluster is bound to the one that made it.
///
/// # Errors
/// [`SuperviseError::NotFound`].
pub fn postgres_binaries(major: Option<u32>) -> Result<(PathBuf, u32), SuperviseError> {
    let fits = |version: u32| match major {
        Some(major) => version == major,
        None => version >= MIN_POSTGRES,
    };
    let usable = |dir: &Path| {
        if !dir.join("initdb").is_file() {
            return None;
        }
        let version = *version_of(&dir.join("postgres"))?.first()?;
        fits(version).then(|| (dir.to_path_buf(), version))
    };
    if let Some(dir) = env::var_os(POSTGRES_BIN_VAR) {
        return usable(Path::new(&dir)).ok_or_else(|| SuperviseError::NotFound {
            what: postgres_named(major),
            advice: format!("{POSTGRES_BIN_VAR} names {}", Path::new(&dir).display()),
        });
    }
    let on_path = path_folders().find_map(|dir| {
        // A link on PATH leads to the folder with all of the programs.
        let real = fs::canonicalize(dir.join("postgres")).ok()?;
        usable(real.parent()?)
    });
    let installed = || {
        let homes = POSTGRES_HOMES.iter().filter_map(|home| fs::read_dir(home).ok()).flatten();
        homes
            .flatten()
            .filter_map(|home| usable(&home.path().join("bin")))
            .max_by_key(|(_, version)| *version)
    };
    on_path.or_else(installed).ok_or_else(|| SuperviseError::NotFound {
        what: postgres_named(major),
        advice: "run ./ops/install-needs, or name its folder of programs in \
                 TILLSTREAM_POSTGRES_BIN"
            .to_owned(),
    })
}

fn postgres_named(major: Option<u32>) -> String {
    match major {
        Some(major) => format!("Postgres {major} (the version that made this data)"),
        None => format!("Postgres {MIN_POSTGRES} or newer"),
    }
}

/// The nats-server program: `$TILLSTREAM_NATS_SERVER`, else `PATH`, else the
/// one that `ops/install-needs` fetched; each only if it is new enough.
///
/// # Errors
/// [`SuperviseError::NotFound`].
pub fn nats_server_binary() -> Result<PathBuf, SuperviseError> {
    let usable = |program: &PathBuf| match version_of(program).as_deref() {
        Some([major, minor, ..]) => (*major, *minor) >= MIN_NATS_SERVER,
        _ => false,
    };
    let (major, minor) = MIN_NATS_SERVER;
    let missing = |advice: String| SuperviseError::NotFound {
        what: format!("nats-server {major}.{minor} or newer"),
        advice,
    };
    if let Some(program) = env::var_os(NATS_SERVER_VAR).map(PathBuf::from) {
        let advice = || missing(format!("{NATS_SERVER_VAR} names {}", program.display()));
        return if usable(&program) { Ok(program) } else { Err(advice()) };
    }
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .map(|cache| cache.join("tillstream/tools"));
    path_folders().chain(cache).map(|dir| dir.join("nats-server")).find(usable).ok_or_else(|| {
        missing(format!("run ./ops/install-needs, or name the program in {NATS_SERVER_VAR}"))
    })
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// The numbers of `program --version`: `[2, 15, 1]`.
fn version_of(program: &Path) -> Option<Vec<u32>> {
    if !program.is_file() {
        return None;
    }
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first dotted number of a line: "nats-server: v2.15.1" → `[2, 15, 1]`.
fn parse_version(line: &str) -> Option<Vec<u32>> {
    let digits = line.find(|c: char| c.is_ascii_digit())?;
    let number = line[digits..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    number.trim_end_matches('.').split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_are_read_as_the_servers_print_them() {
        for (line, version) in [
            ("nats-server: v2.15.1", &[2, 15, 1][..]),
            ("nats-server: v2.12.0-beta.1", &[2, 12, 0]),
            ("postgres (PostgreSQL) 15.12 (Debian 15.12-0+deb12u2)", &[15, 12]),
            ("postgres (PostgreSQL) 18beta1", &[18]),
        ] {
            assert_eq!(parse_version(line).as_deref(), Some(version), "{line}");
        }
        assert_eq!(parse_version("no number"), None);
    }
}
