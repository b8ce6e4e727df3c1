//! How much processor time Postgres has used: its postmaster, its children, and
//! the children that have ended. Read from `/proc`, so only on Linux.

use std::{fs, time::Duration};

use nix::unistd::{SysconfVar, sysconf};

/// The processor time of a postmaster and everything it started; `None` where
/// it cannot be told.
pub(super) fn of_postgres(postmaster: u32) -> Option<Duration> {
    let ticks_per_second = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    let mut ticks = stat(postmaster)?.ticks;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(child) = pid.and_then(stat).filter(|stat| stat.parent == postmaster) {
            ticks += child.ticks;
        }
    }
    Some(Duration::from_millis(ticks * 1_000 / ticks_per_second))
}

struct Stat {
    parent: u32,
    /// User and system time of the process and of its children that ended.
    ticks: u64,
}

/// `/proc/<pid>/stat` (proc(5)); the name in parentheses may hold anything.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // Counted from the state, which is the third field.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = (14..=17).filter_map(number).sum();
    Some(Stat { parent: u32::try_from(number(4)?).ok()?, ticks })
}
