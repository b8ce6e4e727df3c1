//! What a cluster's folder says about the server that works in it.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// The major version that made a cluster, if there is one.
pub(crate) fn version(cluster: &Path) -> Option<u32> {
    fs::read_to_string(cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// The process id in `postmaster.pid`, if there is such a file.
pub(crate) fn named_postmaster(cluster: &Path) -> Option<u32> {
    let file = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    file.lines().next()?.trim().parse().ok()
}

/// Ready is: our own postmaster says so in its file (its eighth line, as
/// `pg_ctl` reads it), and its port answers.
pub(crate) async fn is_ready(cluster: &Path, pid: u32, port: u16) -> bool {
    let Ok(file) = fs::read_to_string(cluster.join("postmaster.pid")) else { return false };
    let mut lines = file.lines().map(str::trim);
    let ours = lines.next() == Some(&pid.to_string());
    if !ours || lines.nth(6) != Some("ready") {
        return false;
    }
    tokio::net::TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.is_ok()
}

/// Whether there is such a process.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    // EPERM is alive as well: it belongs to another account.
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) != Err(nix::errno::Errno::ESRCH)
}

/// Whether the process works in the cluster's directory, as its postmaster
/// does. Where that cannot be seen, it is taken to.
pub(crate) fn works_in(pid: u32, cluster: &Path) -> bool {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(cwd) => cwd == fs::canonicalize(cluster).unwrap_or_else(|_| cluster.to_path_buf()),
        Err(_) => is_alive(pid),
    }
}
