//! A journal that is not wholly ours and intact is refused, and left as it is.

use std::{collections::BTreeMap, fs, path::Path};

use pos_edge::journal::{EdgeIdentity, Journal, JournalKey, JournalSettings, OpenError};
use schemas::SystemClock;
use std::sync::Arc;

use crate::store::{Closed, SIGNED_IN, Store, identity};

/// Every file of the journal with its bytes.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
        })
        .collect()
}

async fn open(dir: &Path, identity: EdgeIdentity) -> Result<Journal, OpenError> {
    Journal::open(&JournalSettings::in_dir(dir), identity, Arc::new(SystemClock)).await
}

/// Opens what must be refused; checks that not a byte was touched.
#[track_caller]
fn check_untouched(before: &BTreeMap<String, Vec<u8>>, dir: &Path) {
    let after = files(dir);
    for (name, bytes) in before {
        assert!(after.get(name) == Some(bytes), "{name} was touched");
    }
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
}

async fn refused(dir: &Path, identity: EdgeIdentity) -> OpenError {
    let before = files(dir);
    let Err(error) = open(dir, identity).await else { panic!("it was opened") };
    check_untouched(&before, dir);
    error
}

/// A closed store with `sales` sales; its log is folded into its file.
async fn closed(sales: usize) -> Closed {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    for n in 0..sales {
        store.till.sell(&format!("t{n}"), &session).await.ok(201);
    }
    store.stop().await
}

/// Copies the files of a running store, as a crash would leave them.
async fn crashed(sales: usize) -> (tempfile::TempDir, EdgeIdentity) {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    for n in 0..sales {
        store.till.sell(&format!("t{n}"), &session).await.ok(201);
    }
    let copy = testkit::scratch_dir();
    copy_files(store.dir.path(), copy.path());
    let identity = store.identity;
    store.stop().await;
    (copy, identity)
}

fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_crashed_journal_opens_with_all_it_promised() {
    let (dir, identity) = crashed(5).await;
    assert!(fs::metadata(dir.path().join("journal.db-wal")).unwrap().len() > 0);
    let journal = open(dir.path(), identity).await.unwrap();
    assert_eq!(journal.head().borrow().seq, SIGNED_IN + 6);
    assert_eq!(*journal.verified().borrow(), SIGNED_IN + 6);
    journal.close().await;
}

#[tokio::test]
async fn the_wrong_key_is_refused() {
    let left = closed(2).await;
    let key = left.dir.path().join("journal.key");
    let right = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    JournalKey::generate().save(&key).unwrap();
    let error = refused(left.dir.path(), left.identity).await;
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");
    assert!(error.to_string().contains("wrong key"), "{error}");
    // Also without the fence's help, and with a log beside it.
    let (dir, identity) = crashed(2).await;
    fs::remove_file(dir.path().join("journal.fence")).unwrap();
    fs::write(dir.path().join("journal.fence"), b"").unwrap();
    fs::remove_file(dir.path().join("journal.key")).unwrap();
    JournalKey::generate().save(&dir.path().join("journal.key")).unwrap();
    let error = refused(dir.path(), identity).await;
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    // The right one still opens it.
    fs::write(&key, right).unwrap();
    let journal = open(left.dir.path(), left.identity).await.unwrap();
    assert_eq!(journal.head().borrow().seq, SIGNED_IN + 3);
    journal.close().await;
}

#[tokio::test]
async fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let left = closed(1).await;
    let key = left.dir.path().join("journal.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = refused(left.dir.path(), left.identity).await;
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn another_edges_journal_is_refused() {
    let left = closed(1).await;
    let error = refused(left.dir.path(), identity()).await;
    assert!(matches!(error, OpenError::OtherEdge { .. }), "{error}");
    assert!(error.to_string().contains(&left.identity.edge_id.to_string()), "{error}");
}

#[tokio::test]
async fn what_is_no_journal_is_refused() {
    let dir = testkit::scratch_dir();
    let error = open(dir.path(), identity()).await.err().unwrap();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("enrol"), "{error}");
    assert!(files(dir.path()).is_empty());
    JournalKey::generate().save(&dir.path().join("journal.key")).unwrap();
    fs::write(dir.path().join("journal.fence"), b"").unwrap();
    fs::write(dir.path().join("journal.db"), vec![b'x'; 8_192]).unwrap();
    let error = refused(dir.path(), identity()).await;
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
}

#[tokio::test]
async fn a_journal_is_never_made_over_another() {
    let left = closed(1).await;
    let before = files(left.dir.path());
    pos_edge::enrol(left.dir.path(), left.identity, &SystemClock).await.unwrap_err();
    check_untouched(&before, left.dir.path());
}

#[tokio::test]
async fn a_second_daemon_on_one_journal_is_refused() {
    let store = Store::with_menu().await;
    let error = open(store.dir.path(), store.identity).await.err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    let session = store.till.open_session().await;
    store.till.sell("t1", &session).await.ok(201);
}

#[tokio::test]
async fn a_truncated_journal_is_refused_wherever_it_was_cut() {
    let left = closed(40).await;
    let file = left.dir.path().join("journal.db");
    let whole = fs::read(&file).unwrap();
    for keep in [0, 100, 4_096, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
        fs::write(&file, &whole[..keep]).unwrap();
        let error = refused(left.dir.path(), left.identity).await;
        assert!(
            matches!(error, OpenError::Truncated { .. } | OpenError::Damaged { .. }),
            "cut to {keep} of {}: {error}",
            whole.len()
        );
    }
    fs::write(&file, &whole).unwrap();
    open(left.dir.path(), left.identity).await.unwrap().close().await;
}

#[tokio::test]
async fn a_flipped_byte_is_refused_wherever_it_is() {
    let left = closed(40).await;
    let file = left.dir.path().join("journal.db");
    let whole = fs::read(&file).unwrap();
    let pages = whole.len() / 4_096;
    for page in 0..pages {
        let mut flipped = whole.clone();
        flipped[page * 4_096 + 1_234] ^= 0x20;
        fs::write(&file, &flipped).unwrap();
        let error = refused(left.dir.path(), left.identity).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "page {page}: {error}");
    }
}

#[tokio::test]
async fn a_log_that_lost_its_tail_is_refused() {
    let (dir, identity) = crashed(20).await;
    let log = dir.path().join("journal.db-wal");
    let whole = fs::read(&log).unwrap();
    // Cut off, or a byte flipped (SQLite takes the log up to there).
    let cut = whole[..whole.len() / 2].to_vec();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for damaged in [cut, flipped, Vec::new()] {
        fs::write(&log, &damaged).unwrap();
        let error = refused(dir.path(), identity).await;
        assert!(
            matches!(error, OpenError::LostEntries { promised, .. } if promised == SIGNED_IN + 21),
            "{error}"
        );
    }
    fs::write(&log, &whole).unwrap();
    let journal = open(dir.path(), identity).await.unwrap();
    assert_eq!(journal.head().borrow().seq, SIGNED_IN + 21);
    journal.close().await;
}

#[tokio::test]
async fn an_older_copy_is_refused() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.till.sell("t1", &session).await.ok(201);
    let left = store.stop().await;
    let older = fs::read(left.dir.path().join("journal.db")).unwrap();
    let store = left.start().await;
    store.till.sell("t2", &session).await.ok(201);
    let left = store.stop().await;
    fs::write(left.dir.path().join("journal.db"), &older).unwrap();
    let error = refused(left.dir.path(), left.identity).await;
    assert!(
        matches!(error, OpenError::LostEntries { found, promised, .. } if (found, promised) == (SIGNED_IN + 2, SIGNED_IN + 3)),
        "{error}"
    );
    assert!(error.to_string().contains("older copy"), "{error}");
}
