//! How far an interrupted replay was.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use schemas::BranchId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const FILE: &str = "replay.json";

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// What was asked for, as the command understood it.
    pub asked: String,
    /// The branches that are done, with what was found.
    pub branches: BTreeMap<BranchId, Value>,
    /// The place in the stream up to which entries were read.
    pub place: u64,
    /// Of each journal or branch, the place up to which was published.
    pub published: BTreeMap<String, u64>,
}

/// The file.
#[derive(Debug, Clone)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The one of a data directory.
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join(FILE) }
    }

    /// What an interrupted replay of the same left, if `resume`; else the beginning.
    ///
    /// # Errors
    /// If there is none to resume, or it was asked for something else.
    pub fn begin(&self, asked: String, resume: bool) -> anyhow::Result<Saved> {
        if !resume {
            return Ok(Saved { asked, ..Saved::default() });
        }
        let text = fs::read(&self.path).with_context(|| {
            format!("there is no interrupted replay to resume ({})", self.path.display())
        })?;
        let saved: Saved = serde_json::from_slice(&text).with_context(|| {
            format!("{} cannot be read; begin without --resume", self.path.display())
        })?;
        ensure!(
            saved.asked == asked,
            "the interrupted replay was asked for something else ({}); resume it with the same \
             arguments, or begin anew without --resume",
            saved.asked
        );
        Ok(saved)
    }

    /// Keeps how far it is.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep(&self, saved: &Saved) -> anyhow::Result<()> {
        let making = self.path.with_extension("json.new");
        let write = || -> anyhow::Result<()> {
            fs::write(&making, serde_json::to_vec(saved)?)?;
            Ok(fs::rename(&making, &self.path)?)
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// It came to its end: nothing is left to resume.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn end(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_interrupted_is_resumed_by_the_same_arguments_only() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let file = StateFile::of(dir.path());
        let none = file.begin("a".to_owned(), true).map(drop);
        ensure!(none.is_err_and(|why| why.to_string().contains("no interrupted replay")));
        let mut saved = file.begin("a".to_owned(), false)?;
        saved.place = 7;
        file.keep(&saved)?;
        ensure!(file.begin("a".to_owned(), true)? == saved);
        ensure!(file.begin("a".to_owned(), false)?.place == 0);
        ensure!(file.begin("b".to_owned(), true).is_err());
        for garbage in ["", "{", "{}", "\u{0}", "[1]"] {
            fs::write(&file.path, garbage)?;
            ensure!(file.begin("a".to_owned(), true).is_err(), "{garbage}");
        }
        file.end()?;
        file.end()?;
        ensure!(file.begin("a".to_owned(), true).is_err());
        Ok(())
    }
}
