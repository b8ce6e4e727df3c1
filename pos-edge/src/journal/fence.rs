//! The fence: one small file beside the journal that keeps a second daemon out
//! and remembers how far the journal was.
//!
//! It is locked (`flock`) for as long as the daemon lives. After each commit
//! the new head is written into it, without waiting for the disk: the mark is
//! never ahead of the journal, and a killed process loses nothing of it. A
//! journal that is behind its mark at the next start has lost entries that
//! were promised (an older copy was put back, or its tail was cut off), which
//! the journal alone cannot see. A power cut may leave an older mark or a torn
//! one; an older one is harmless and a torn one does not count.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use nix::fcntl::{Flock, FlockArg};
use schemas::{EdgeId, Sha256Hash, requests::JournalHead};
use sha2::{Digest, Sha256};

const FORMAT: &str = "tillstream-fence-1";

/// The locked file. Dropping it lets the next daemon in.
pub(super) struct Fence {
    file: Flock<File>,
}

/// What a fence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Whose journal it stands beside.
    pub(super) edge_id: EdgeId,
    /// Which key it was made with ([`super::JournalKey::fingerprint`]).
    pub(super) key: String,
    /// The newest entry that was promised.
    pub(super) head: JournalHead,
}

impl Fence {
    /// Takes the lock; `None` if another process (or journal) holds it.
    pub(super) fn lock(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Some(Self { file })),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// What it says; `None` if it is new or torn.
    pub(super) fn read(&self) -> io::Result<Option<Mark>> {
        let mut text = vec![0; Mark::MAX_BYTES];
        let mut filled = 0;
        loop {
            match self.file.read_at(&mut text[filled..], filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(std::str::from_utf8(&text[..filled]).ok().and_then(Mark::parse))
    }

    /// Writes a mark, and waits for the disk only if told to.
    pub(super) fn write(&self, mark: &Mark, wait_for_disk: bool) -> io::Result<()> {
        self.file.write_all_at(mark.to_text().as_bytes(), 0)?;
        if wait_for_disk { self.file.sync_data() } else { Ok(()) }
    }

    /// Removes the file of a journal whose making failed.
    pub(super) fn remove(self, path: &Path) {
        let _best_effort = fs::remove_file(path);
    }
}

impl Mark {
    /// A mark always has the same length, below one disk sector.
    const MAX_BYTES: usize = 512;

    fn to_text(&self) -> String {
        let body = format!(
            "{FORMAT} {} {} {:020} {}",
            self.edge_id, self.key, self.head.seq, self.head.hash
        );
        format!("{body} {}\n", checksum(&body))
    }

    fn parse(text: &str) -> Option<Self> {
        let (body, sum) = text.strip_suffix('\n')?.rsplit_once(' ')?;
        if sum != checksum(body) {
            return None;
        }
        let mut fields = body.split(' ');
        if fields.next()? != FORMAT {
            return None;
        }
        Some(Self {
            edge_id: fields.next()?.parse().ok()?,
            key: fields.next()?.to_owned(),
            head: JournalHead {
                seq: fields.next()?.parse().ok()?,
                hash: fields.next()?.parse::<Sha256Hash>().ok()?,
            },
        })
    }
}

fn checksum(body: &str) -> String {
    hex::encode(&Sha256::digest(body.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn mark(seq: u64) -> Mark {
        Mark {
            edge_id: EdgeId::from_uuid(uuid::Uuid::from_u128(7)),
            key: "0011223344556677".to_owned(),
            head: JournalHead { seq, hash: Sha256Hash::from_bytes([9; 32]) },
        }
    }

    #[test]
    fn the_newest_mark_is_read_back_and_a_second_lock_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.fence");
        let fence = Fence::lock(&path).unwrap().unwrap();
        assert_eq!(fence.read().unwrap(), None);
        for seq in [u64::MAX, 3] {
            fence.write(&mark(seq), true).unwrap();
            assert_eq!(fence.read().unwrap(), Some(mark(seq)));
        }
        assert!(Fence::lock(&path).unwrap().is_none(), "two daemons on one journal");
        drop(fence);
        assert_eq!(Fence::lock(&path).unwrap().unwrap().read().unwrap(), Some(mark(3)));
    }

    #[test]
    fn a_torn_mark_does_not_count() {
        let whole = mark(12).to_text();
        for cut in 0..whole.len() {
            assert_eq!(Mark::parse(&whole[..cut]), None, "cut at {cut}");
        }
        assert_eq!(Mark::parse(&whole.replace('9', "8")), None);
    }
}
