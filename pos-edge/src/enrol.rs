//! Making a new edge's place on a box: its directory, key and empty journal.

use std::{fs, os::unix::fs::DirBuilderExt, path::Path};

use anyhow::Context;
use schemas::Clock;

use crate::{
    journal::{EdgeIdentity, Journal, JournalKey, JournalSettings, KEY_VARIABLE},
    people::OperatorToken,
};

/// Makes `dir` (mode 0700) with a fresh key (`journal.key`, mode 0600), a token
/// for the operator's tools (`operator.token`, mode 0600) and an empty journal.
/// A key that is there already, or in [`KEY_VARIABLE`], is used: an enrolment
/// that was interrupted can be repeated. The centre must know the edge's ids.
///
/// # Errors
/// If there is a journal already, or the disk refuses.
pub async fn enrol(dir: &Path, identity: EdgeIdentity, clock: &dyn Clock) -> anyhow::Result<()> {
    make_place(dir)?;
    Journal::create(&JournalSettings::in_dir(dir), identity, clock).await?;
    Ok(())
}

/// The same for an edge that replaces another one of its branch: it takes over what the
/// books have of that before it takes anything itself.
///
/// # Errors
/// As of [`enrol`].
pub async fn enrol_replacement(
    dir: &Path,
    identity: EdgeIdentity,
    clock: &dyn Clock,
) -> anyhow::Result<()> {
    make_place(dir)?;
    Journal::create_replacement(&JournalSettings::in_dir(dir), identity, clock).await?;
    Ok(())
}

fn make_place(dir: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make {}", dir.display()))?;
    let key_file = dir.join("journal.key");
    if !key_file.exists() && std::env::var_os(KEY_VARIABLE).is_none() {
        JournalKey::generate().save(&key_file)?;
    }
    OperatorToken::make(dir)
}
