//! What is shown while it works: a bar on a terminal, a line every few seconds
//! elsewhere. All of it on stderr.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(3);
const BAR: &str = "{bar:32} {pos}/{len} {msg}  {elapsed_precise}";

/// The progress of one job.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    said_at: Instant,
}

impl Progress {
    /// A bar on a terminal, lines elsewhere, nothing if `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if quiet || !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // The template is a constant; without it the bar has its usual form.
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self { bar, lines: !quiet && !terminal, said_at: Instant::now() }
    }

    /// So many are done, of so many; of `what`.
    pub(crate) fn at(&mut self, done: u64, all: u64, what: &str) {
        self.bar.set_length(all);
        self.bar.set_position(done);
        self.bar.set_message(what.to_owned());
        if self.lines && self.said_at.elapsed() >= LINE_EVERY {
            self.said_at = Instant::now();
            eprintln!("{done} of {all} {what}");
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
