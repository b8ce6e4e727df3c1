//! Where everything of a stack is, as a table for people.

use std::path::Path;

use comfy_table::{Table, presets::NOTHING};

use crate::{company, log_file, stack::Record};

/// The parts of a stack, where to reach them, and where the data lies.
pub fn of(record: &Record, data_dir: &Path) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["part", "where"]);
    let centre = &record.centre_url;
    table.add_row(["centre", centre.as_str()]);
    table.add_row(["centre's metrics", &format!("{centre}/metrics")]);
    let token = data_dir.join(company::TOKEN_FILE);
    if token.exists() {
        table.add_row(["back office's API token", &token.display().to_string()]);
    }
    for edge in &record.edges {
        table.add_row([format!("edge of {}", edge.name), edge.url.clone()]);
    }
    table.add_row(["books (Postgres)", &record.books_url_shown()]);
    let password = data_dir.join("postgres/password").display().to_string();
    table.add_row(["books' password", &password]);
    table.add_row(["broker (NATS)", &record.nats_url]);
    table.add_row(["data", &data_dir.display().to_string()]);
    table.add_row(["log", &data_dir.join(log_file::NAME).display().to_string()]);
    table
}
