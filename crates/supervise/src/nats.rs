//! A nats-server with JetStream as a child process.
//!
//! The folder it is given holds `jetstream/` (the streams), `nats.conf`,
//! `nats.log` and `lock`. When the parent ends it is killed; what it had
//! acknowledged may then be lost if the machine goes down too, which the rest
//! of tillstream is made to bear.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::{fcntl::Flock, sys::signal::Signal};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{
    SuperviseError,
    binaries::nats_server_binary,
    child::{Child, spawn},
    folder::{self, Log},
    free_port,
};

/// How long a start may take; reading its streams back is part of it.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How often readiness is looked at.
const POLL: Duration = Duration::from_millis(10);

/// How long a server may take to greet a connection.
const GREETING_LIMIT: Duration = Duration::from_secs(1);

/// How long a port that was just given up may still be taken.
const PORT_LIMIT: Duration = Duration::from_secs(10);

/// `SIGTERM` is its orderly shutdown.
const STOP_STEPS: [(Signal, Duration); 1] = [(Signal::SIGTERM, Duration::from_secs(10))];

const SERVER: &str = "nats-server";

/// How a server is started.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// Its folder; made if missing.
    pub store_dir: PathBuf,
    /// The port on 127.0.0.1; `None` finds a free one and keeps it over restarts.
    pub port: Option<u16>,
    /// The program; `None` finds one that is new enough.
    pub bin: Option<PathBuf>,
    /// How much its streams may promise to hold, in bytes; `None` is what the server
    /// makes of the free disk.
    pub max_file_store: Option<u64>,
}

impl NatsOptions {
    /// Enough for all our streams to promise their limits. They bound what is really
    /// kept; the server's own guess from the free disk would refuse them on a small one.
    pub const ENOUGH_FOR_THE_STREAMS: u64 = 64 << 30;

    /// A server on a free port.
    pub fn new(store_dir: impl Into<PathBuf>) -> Self {
        Self { store_dir: store_dir.into(), port: None, bin: None, max_file_store: None }
    }
}

/// A running (or stopped, or killed) server. Dropping it ends the server.
#[derive(Debug)]
pub struct NatsServer {
    folder: PathBuf,
    bin: PathBuf,
    name: String,
    port: Option<u16>,
    max_file_store: Option<u64>,
    log: Log,
    child: Option<Child>,
    _lock: Flock<File>,
}

impl NatsServer {
    /// Starts the server and waits until it greets connections with
    /// JetStream enabled.
    ///
    /// # Errors
    /// [`SuperviseError`]: not installed, in use, or not starting, with the
    /// end of its log.
    pub async fn start(options: NatsOptions) -> Result<Self, SuperviseError> {
        let folder = std::path::absolute(&options.store_dir)
            .map_err(SuperviseError::io(format!("resolve {}", options.store_dir.display())))?;
        folder::make(&folder)?;
        let lock = folder::lock(&folder)?;
        let mut server = Self {
            bin: options.bin.map_or_else(nats_server_binary, Ok)?,
            name: format!("tillstream-{}", folder::random_hex()?),
            port: options.port,
            max_file_store: options.max_file_store,
            log: Log::in_folder(&folder, "nats.log"),
            folder,
            child: None,
            _lock: lock,
        };
        server.launch().await?;
        Ok(server)
    }

    /// The URL to connect to.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port()))
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        // `start` has set it before anyone can ask.
        self.port.unwrap_or_default()
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::pid)
    }

    /// Whether it runs; `false` also when it ended by itself.
    ///
    /// # Errors
    /// If the operating system cannot say.
    pub fn is_running(&mut self) -> Result<bool, SuperviseError> {
        let Some(child) = self.child.as_mut() else { return Ok(false) };
        let status = child.try_wait().map_err(SuperviseError::io("wait for nats-server"))?;
        Ok(status.is_none())
    }

    /// The end of what the current run logged.
    pub fn log_tail(&self) -> String {
        self.log.tail()
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub async fn stop(&mut self) -> Result<(), SuperviseError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.stop(&STOP_STEPS).await.map_err(SuperviseError::io("stop nats-server"))
    }

    /// `SIGKILL`.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn kill(&mut self) -> Result<(), SuperviseError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().map_err(SuperviseError::io("kill nats-server"))
    }

    /// Stops it if it runs, and starts it again on the same port and store.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn restart(&mut self) -> Result<(), SuperviseError> {
        self.stop().await?;
        self.launch().await
    }

    /// Kills it if it runs, and deletes every stream, as a lost disk would.
    /// [`Self::restart`] then starts it empty.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn wipe_store(&mut self) -> Result<(), SuperviseError> {
        self.kill()?;
        let store = self.folder.join("jetstream");
        match fs::remove_dir_all(&store) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SuperviseError::io(format!("remove {}", store.display()))(error))
            }
            _ => Ok(()),
        }
    }

    async fn launch(&mut self) -> Result<(), SuperviseError> {
        let begin = Instant::now();
        loop {
            let port = match self.port {
                Some(port) => port,
                None => free_port().map_err(SuperviseError::io("find a free port"))?,
            };
            let mut child = self.spawn_server(port)?;
            let ended = loop {
                if let Some(status) =
                    child.try_wait().map_err(SuperviseError::io("wait for nats-server"))?
                {
                    break status;
                }
                if greets(port, &self.name).await {
                    self.port = Some(port);
                    self.child = Some(child);
                    return Ok(());
                }
                if begin.elapsed() >= START_LIMIT {
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
            if !log.contains("address already in use") || begin.elapsed() >= PORT_LIMIT {
                return Err(SuperviseError::Ended { what: SERVER, status: ended.to_string(), log });
            }
            tokio::time::sleep(POLL * 10).await;
        }
    }

    fn spawn_server(&mut self, port: u16) -> Result<Child, SuperviseError> {
        let config = self.folder.join("nats.conf");
        fs::write(&config, configuration(&self.name, port, &self.folder, self.max_file_store))
            .map_err(SuperviseError::io(format!("write {}", config.display())))?;
        let log = self.log.open()?;
        let both = log.try_clone().map_err(SuperviseError::io("share the log of nats-server"))?;
        let mut command = Command::new(&self.bin);
        command.arg("--config").arg(config).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(both).stderr(log);
        spawn(command, Signal::SIGKILL).map_err(SuperviseError::io("start nats-server"))
    }
}

/// No monitoring port; `sync_interval` stays at its default, because nobody
/// takes the broker's acknowledgement for durability.
fn configuration(name: &str, port: u16, folder: &Path, max_file_store: Option<u64>) -> String {
    let store = folder.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let bound =
        max_file_store.map_or_else(String::new, |bytes| format!("  max_file_store: {bytes}\n"));
    format!(
        "server_name: \"{name}\"\n\
         listen: \"127.0.0.1:{port}\"\n\
         max_payload: 1MB\n\
         jetstream {{\n  store_dir: \"{store}\"\n{bound}}}\n"
    )
}

/// Whether the server on `port` is the one named `name`, with JetStream.
async fn greets(port: u16, name: &str) -> bool {
    let greeting = async {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        io::Result::Ok(line)
    };
    match timeout(GREETING_LIMIT, greeting).await {
        Ok(Ok(line)) => {
            line.starts_with("INFO ")
                && line.contains(&format!("\"server_name\":\"{name}\""))
                && line.contains("\"jetstream\":true")
        }
        _ => false,
    }
}
