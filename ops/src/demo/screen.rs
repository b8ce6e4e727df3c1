//! What the demo shows: a line for each store that is drawn again and again on
//! a terminal, and is printed every few seconds elsewhere.

use std::{io::IsTerminal, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use schemas::edge_api::{LinkState, SyncStatus};

use super::counter::Counter;
use crate::commands::output::line;

const REDRAW_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(3);
const BAR: &str = "{prefix:16} {bar:24} {msg}";

/// The demo's part of the terminal.
pub(super) struct Screen {
    all: MultiProgress,
    bars: Vec<ProgressBar>,
    terminal: bool,
}

impl Screen {
    pub(super) fn new<'a>(stores: impl Iterator<Item = &'a str>) -> Self {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let all = MultiProgress::new();
        let style =
            ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bars = stores
            .filter(|_| terminal)
            .map(|store| {
                let bar = all.add(ProgressBar::new(1).with_style(style.clone()));
                bar.set_prefix(store.to_owned());
                bar
            })
            .collect();
        Self { all, bars, terminal }
    }

    /// Says something above the stores' lines.
    pub(super) fn say(&self, text: &str) {
        if self.terminal {
            // Nobody can be told that the terminal is gone.
            let _ = self.all.println(text);
        } else {
            line(text);
        }
    }

    /// Draws for as long as it is polled.
    pub(super) async fn follow(&self, counters: &[Counter]) {
        let pause = if self.terminal { REDRAW_EVERY } else { LINE_EVERY };
        loop {
            tokio::time::sleep(pause).await;
            self.draw(counters).await;
        }
    }

    /// Draws a last time and lets the lines stand.
    pub(super) async fn end(&self, counters: &[Counter]) {
        self.draw(counters).await;
        for bar in &self.bars {
            bar.abandon();
        }
    }

    async fn draw(&self, counters: &[Counter]) {
        for (place, counter) in counters.iter().enumerate() {
            // A drawing that misses a figure is not worth an error.
            let Ok(sync) = counter.sync().await else { continue };
            match self.bars.get(place) {
                Some(bar) => {
                    bar.set_length(sync.captured.max(1));
                    bar.set_position(sync.numbered);
                    bar.set_message(tell(&sync));
                }
                None => line(format_args!("  {:16} {}", counter.store(), tell(&sync))),
            }
        }
    }
}

fn tell(sync: &SyncStatus) -> String {
    let line = match sync.link {
        LinkState::Up => "line up",
        LinkState::Unstable => "line unstable",
        LinkState::Down => "NO LINE",
        LinkState::Recovering => "line returning",
    };
    format!(
        "{:>4} captured {:>4} confirmed {:>4} numbered  {line}",
        sync.captured, sync.confirmed, sync.numbered
    )
}
