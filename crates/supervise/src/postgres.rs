//! A Postgres server as a child process.
//!
//! The folder it is given holds `cluster/` (the data), `password` (readable by
//! its owner alone), `postgres.log` and `lock`. A cluster is made under
//! another name and renamed when it is whole, so that an interrupted first
//! start leaves nothing half-made. When the parent ends, Postgres gets
//! `SIGQUIT` (its immediate shutdown): it is gone within moments and recovers
//! from its write-ahead log at the next start.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::{fcntl::Flock, sys::signal::Signal, unistd::User};

use crate::{
    SuperviseError,
    binaries::postgres_binaries,
    child::{Child, spawn},
    cluster,
    folder::{self, Log},
    free_port,
};

/// The superuser, and the database that is there from the start.
const NAME: &str = "tillstream";

/// How long a start may take; recovery after a kill is part of it.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long a server that is already going down may hold its data.
const HANDOVER_LIMIT: Duration = Duration::from_secs(15);

/// How often readiness is looked at.
const POLL: Duration = Duration::from_millis(10);

/// `SIGINT` is the fast shutdown with a checkpoint, `SIGQUIT` the immediate
/// one without.
const STOP_STEPS: [(Signal, Duration); 2] =
    [(Signal::SIGINT, Duration::from_secs(60)), (Signal::SIGQUIT, Duration::from_secs(5))];

const SERVER: &str = "Postgres";

/// Settings of every server, for any machine of this size class.
const SETTINGS: [(&str, &str); 11] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("max_connections", "100"),
    ("shared_buffers", "256MB"),
    ("wal_compression", "lz4"),
    ("wal_buffers", "16MB"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "15min"),
    ("timezone", "UTC"),
    // Compiling a plan costs more than any of our statements.
    ("jit", "off"),
    ("log_line_prefix", "%m [%p] "),
];

/// What makes it safe against power cuts.
const DURABLE: [(&str, &str); 3] =
    [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on")];

/// What makes it fast where the data is thrown away. A commit is still written
/// before it is answered: a server that is killed, unlike a machine, keeps it.
const THROW_AWAY: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "off"),
    ("shared_buffers", "64MB"),
];

/// How a server is started.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Its folder; made if missing.
    pub data_dir: PathBuf,
    /// The port on 127.0.0.1; `None` finds a free one and keeps it over restarts.
    pub port: Option<u16>,
    /// `false` only where the data is thrown away: a crash of the machine
    /// may then damage it.
    pub durable: bool,
    /// Further settings (`postgresql.conf`), which win over our own.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// A durable server on a free port.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), port: None, durable: true, settings: Vec::new() }
    }
}

/// A running (or stopped, or killed) server. Dropping it ends the server at
/// once; what was committed is there at the next start.
#[derive(Debug)]
pub struct Postgres {
    options: PostgresOptions,
    account: Option<User>,
    programs: PathBuf,
    password: String,
    port: Option<u16>,
    log: Log,
    child: Option<Child>,
    _lock: Flock<File>,
}

impl Postgres {
    /// Makes the cluster if there is none, starts the server and waits until
    /// it takes connections.
    ///
    /// # Errors
    /// [`SuperviseError`]: not installed, in use, out of reach, or not
    /// starting, with the end of its log.
    pub async fn start(mut options: PostgresOptions) -> Result<Self, SuperviseError> {
        options.data_dir = std::path::absolute(&options.data_dir)
            .map_err(SuperviseError::io(format!("resolve {}", options.data_dir.display())))?;
        let folder = options.data_dir.as_path();
        let account = folder::postgres_account()?;
        folder::make(folder)?;
        folder::may_hold_postgres(folder)?;
        let lock = folder::lock(folder)?;
        let made_by = cluster::version(&folder.join("cluster"));
        let (programs, _) = postgres_binaries(made_by)?;
        let mut server = Self {
            log: Log::in_folder(folder, "postgres.log"),
            port: options.port,
            password: String::new(),
            options,
            account,
            programs,
            child: None,
            _lock: lock,
        };
        if made_by.is_none() {
            server.make_cluster()?;
        }
        let password = server.options.data_dir.join("password");
        server.password = fs::read_to_string(&password)
            .map_err(SuperviseError::io(format!("read {}", password.display())))?;
        server.launch().await?;
        Ok(server)
    }

    /// The URL of a database, password included: keep it out of logs.
    pub fn url(&self, database: &str) -> String {
        let (password, port) = (&self.password, self.port());
        format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{database}")
    }

    /// The URL of the database that is there from the start.
    pub fn default_url(&self) -> String {
        self.url(NAME)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        // `start` has set it before anyone can ask.
        self.port.unwrap_or_default()
    }

    /// The postmaster's process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::pid)
    }

    /// Whether it runs; `false` also when it ended by itself.
    ///
    /// # Errors
    /// If the operating system cannot say.
    pub fn is_running(&mut self) -> Result<bool, SuperviseError> {
        let Some(child) = self.child.as_mut() else { return Ok(false) };
        let status = child.try_wait().map_err(SuperviseError::io("wait for Postgres"))?;
        Ok(status.is_none())
    }

    /// The end of what the current run logged.
    pub fn log_tail(&self) -> String {
        self.log.tail()
    }

    /// Stops it in order, with a checkpoint. Connections are ended.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub async fn stop(&mut self) -> Result<(), SuperviseError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.stop(&STOP_STEPS).await.map_err(SuperviseError::io("stop Postgres"))
    }

    /// `SIGKILL`: what a crash of the postmaster is.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn kill(&mut self) -> Result<(), SuperviseError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().map_err(SuperviseError::io("kill Postgres"))
    }

    /// Stops it if it runs, and starts it again on the same port and data.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn restart(&mut self) -> Result<(), SuperviseError> {
        self.stop().await?;
        self.launch().await
    }

    /// Starts the postmaster and waits until it is ready.
    async fn launch(&mut self) -> Result<(), SuperviseError> {
        self.await_handover().await?;
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let port = match self.port {
                Some(port) => port,
                None => free_port().map_err(SuperviseError::io("find a free port"))?,
            };
            let mut child = self.spawn_postmaster(port)?;
            let ended = loop {
                if let Some(status) =
                    child.try_wait().map_err(SuperviseError::io("wait for Postgres"))?
                {
                    break status;
                }
                if cluster::is_ready(&self.cluster(), child.pid(), port).await {
                    self.port = Some(port);
                    self.child = Some(child);
                    return Ok(());
                }
                if Instant::now() >= deadline {
                    return Err(SuperviseError::TooSlow {
                        what: SERVER,
                        awaited: "ready",
                        seconds: START_LIMIT.as_secs(),
                        log: self.log.tail(),
                    });
                }
                tokio::time::sleep(POLL).await;
            };
            let log = self.log.tail();
            // Both pass: the last backends of a killed server go within
            // moments, and a port is soon given back or another one found.
            let passing = log.contains("pre-existing shared memory block")
                || log.contains("Address already in use");
            if !passing || Instant::now() + HANDOVER_LIMIT >= deadline {
                return Err(SuperviseError::Ended { what: SERVER, status: ended.to_string(), log });
            }
            tokio::time::sleep(POLL * 10).await;
        }
    }

    fn spawn_postmaster(&mut self, port: u16) -> Result<Child, SuperviseError> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.cluster()).arg("-c").arg(format!("port={port}"));
        let mode = if self.options.durable { &DURABLE[..] } else { &THROW_AWAY[..] };
        let own = SETTINGS.iter().chain(mode).map(|(key, value)| format!("{key}={value}"));
        let further = self.options.settings.iter().map(|(key, value)| format!("{key}={value}"));
        for setting in own.chain(further) {
            command.arg("-c").arg(setting);
        }
        let log = self.log.open()?;
        let both = log.try_clone().map_err(SuperviseError::io("share the log of Postgres"))?;
        command.stdin(Stdio::null()).stdout(both).stderr(log);
        spawn(command, Signal::SIGQUIT).map_err(SuperviseError::io("start postgres"))
    }

    /// Waits for a postmaster that is going down, refuses one that is not,
    /// and removes the name of one whose process id belongs to another now.
    async fn await_handover(&self) -> Result<(), SuperviseError> {
        let folder = self.cluster();
        let deadline = Instant::now() + HANDOVER_LIMIT;
        while let Some(pid) = cluster::named_postmaster(&folder) {
            if !cluster::is_alive(pid) {
                // A leftover of a kill: the server itself sorts this out.
                return Ok(());
            }
            if !cluster::works_in(pid, &folder) {
                let stale = folder.join("postmaster.pid");
                return fs::remove_file(&stale)
                    .map_err(SuperviseError::io(format!("remove {}", stale.display())));
            }
            if Instant::now() >= deadline {
                return Err(SuperviseError::InUse {
                    path: folder,
                    by: format!("a Postgres server, process {pid}"),
                });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// `initdb`, the password and our database, all or nothing.
    fn make_cluster(&self) -> Result<(), SuperviseError> {
        let folder = &self.options.data_dir;
        let making = folder.join("cluster.new");
        let remove = |path: &Path| match fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SuperviseError::io(format!("remove {}", path.display()))(error))
            }
            _ => Ok(()),
        };
        remove(&making)?;
        fs::create_dir(&making)
            .map_err(SuperviseError::io(format!("make {}", making.display())))?;
        let owner = self.account.as_ref().map(|account| account.uid);
        if let Some(account) = &self.account {
            nix::unistd::chown(&making, Some(account.uid), Some(account.gid)).map_err(|errno| {
                SuperviseError::io(format!("give away {}", making.display()))(errno.into())
            })?;
        }
        let password = folder::random_hex()?;
        let handed_over = folder.join("password.new");
        folder::write_secret(&handed_over, &password, owner)?;
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(&making).args(["--no-locale", "--encoding=UTF8"]);
        initdb.args(["--auth=scram-sha-256", "--username", NAME]);
        initdb.arg("--pwfile").arg(&handed_over);
        if !self.options.durable {
            initdb.args(["--no-sync", "--wal-segsize=1"]);
        }
        let made = run(initdb, "");
        fs::remove_file(&handed_over)
            .map_err(SuperviseError::io(format!("remove {}", handed_over.display())))?;
        made?;
        let mut single = self.command("postgres");
        single.args(["--single", "-D"]).arg(&making).args(["-c", "log_min_messages=error"]);
        if !self.options.durable {
            single.args(["-c", "fsync=off"]);
        }
        single.arg("template1");
        run(single, &format!("CREATE DATABASE {NAME};\n"))?;
        folder::write_secret(&folder.join("password"), &password, None)?;
        let cluster = self.cluster();
        fs::rename(&making, &cluster)
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(SuperviseError::io(format!("name {}", cluster.display())))
    }

    fn cluster(&self) -> PathBuf {
        self.options.data_dir.join("cluster")
    }

    /// One of its programs, as the account it runs as.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env("LC_ALL", "C").env_remove("PGDATA").current_dir("/");
        if let Some(account) = &self.account {
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        command
    }
}

/// Runs a program to its end with `input`; its output is told if it fails.
fn run(mut command: Command, input: &str) -> Result<(), SuperviseError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot = || SuperviseError::io(format!("run {program}"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(cannot())?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(cannot())?;
    }
    let output = child.wait_with_output().map_err(cannot())?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(SuperviseError::Ended {
        what: SERVER,
        status: format!("{program}: {}", output.status),
        log: String::from_utf8_lossy(&text).trim().to_owned(),
    })
}
