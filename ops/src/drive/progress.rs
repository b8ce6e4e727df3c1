//! What a drive shows while it runs: a bar on a terminal, a line every few
//! seconds elsewhere. All of it on stderr.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{stores::OpenStore, till::Tills};

const REDRAW_EVERY: Duration = Duration::from_millis(250);
const LINE_EVERY: Duration = Duration::from_secs(3);
const BAR: &str = "{bar:32} {pos}/{len} sold  {msg}  {elapsed_precise}";

/// What is shown of a running drive.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// A bar on a terminal, lines elsewhere, nothing if `quiet`.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if quiet || !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // The template is a constant; without it the bar has its usual form.
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self { bar, lines: !quiet && !terminal }
    }

    /// So many sales are to be made.
    pub fn begin(&self, sales: u64) {
        self.bar.set_length(sales);
    }

    /// Shows how far the stores are, for as long as it is polled.
    pub async fn follow(&self, stores: &[OpenStore], tills: &[Arc<Tills>]) {
        let mut next_line = tokio::time::Instant::now() + LINE_EVERY;
        loop {
            tokio::time::sleep(REDRAW_EVERY).await;
            let sold: u64 = tills.iter().map(|tills| tills.finished()).sum();
            let (mut confirmed, mut numbered) = (0, 0);
            for store in stores {
                // A drawing that misses a figure is not worth an error.
                if let Ok(sync) = store.edge.sync().await {
                    confirmed += sync.confirmed;
                    numbered += sync.numbered;
                }
            }
            let cut = stores.iter().filter(|store| store.line.flow() != supervise::Flow::Open);
            let mut message = format!("{confirmed} in the books, {numbered} numbered");
            for store in cut {
                message.push_str(&format!(", no line at {}", store.store.name));
            }
            self.bar.set_position(sold);
            if self.lines && tokio::time::Instant::now() >= next_line {
                next_line = tokio::time::Instant::now() + LINE_EVERY;
                eprintln!("{sold} sold, {message}");
            }
            self.bar.set_message(message);
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
