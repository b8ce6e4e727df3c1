//! Where everything of a stack is, as a table for people.

use std::path::Path;

use comfy_table::{Table, presets::NOTHING};

use crate::{
    company::{self, Company},
    log_file,
    stack::Record,
};

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
    table.add_row(["Bakong (stand-in)", &record.bakong_url]);
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

/// Who works at a made-up company's stores, with everyone's PIN.
pub fn people(company: &Company) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["store", "who", "role", "PIN"]);
    for store in &company.stores {
        for (place, member) in store.staff().iter().enumerate() {
            let shown = if place == 0 { store.name.as_str() } else { "" };
            let role = format!("{:?}", member.role).to_lowercase();
            let pin = store.pin(member.staff_id).unwrap_or_default();
            table.add_row([shown, &member.name, &role, &pin]);
        }
    }
    table
}

/// Where the page of a till opens that nobody uses yet: its link pairs a browser, once.
pub fn pages(record: &Record, company: &Company) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["store", "till", "its page, for one browser"]);
    for store in &company.stores {
        let edge = record.edges.iter().find(|edge| edge.edge_id == store.edge_id);
        let (Some(edge), Some(till)) = (edge, store.devices().last()) else { continue };
        let code = store.code(till.device_id).unwrap_or_default();
        let link = format!("{}/#pair={}.{code}", edge.url, till.device_id);
        table.add_row([store.name.clone(), till.name.clone(), link]);
    }
    table
}
