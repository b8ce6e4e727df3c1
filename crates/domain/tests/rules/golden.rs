//! The golden files of the contracts tell one sale from session to invoice:
//! its figures, hashes and ids are those that the rules give.

use std::{fs, path::Path};

use domain::{
    catalogue, invoice_chain,
    journal_chain::{head_of, seal},
    reprice::compare,
};
use schemas::{
    EntryKind,
    events::{CashSessionOpenedV1, OrderStatusChangedV1, SaleFinalizedV1},
    facts::{InvoiceAssignedV1, StockMovedV1},
    requests::{HeartbeatV1, JournalHead},
};
use serde::de::DeserializeOwned;

fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/golden");
    fs::read(folder.join(name)).unwrap()
}

fn golden<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&bytes(name)).unwrap()
}

#[test]
fn the_golden_sale_is_priced_as_the_golden_catalogue_says() {
    let (index, reference) = catalogue::parse(&bytes("catalogue.v1.json")).unwrap();
    let sale: SaleFinalizedV1 = golden("sale.finalized.v1.json");
    assert_eq!(compare(&index, &sale), []);
    assert_eq!(sale.catalogue, reference);
    let moved: StockMovedV1 = golden("stock.moved.v1.json");
    assert_eq!(moved.lines.len(), sale.deductions.len());
    for (line, deduction) in moved.lines.iter().zip(&sale.deductions) {
        assert_eq!(line.stock_item_id, deduction.stock_item_id);
        assert_eq!(line.delta, -deduction.quantity);
    }
}

#[test]
fn the_golden_journal_and_register_are_chained() {
    let opened: CashSessionOpenedV1 = golden("cash.session_opened.v1.json");
    let sale: SaleFinalizedV1 = golden("sale.finalized.v1.json");
    let moved: OrderStatusChangedV1 = golden("order.status_changed.v1.json");
    let entries = [
        (EntryKind::CashSessionOpened, opened.opened_at, "cash.session_opened.v1.json"),
        (EntryKind::SaleFinalized, sale.finalized_at, "sale.finalized.v1.json"),
        (EntryKind::OrderStatusChanged, moved.changed_at, "order.status_changed.v1.json"),
    ];
    let mut heads = vec![JournalHead::EMPTY];
    for (kind, at, file) in entries {
        let entry = seal(sale.edge_id, heads[heads.len() - 1], kind, 1, at, bytes(file));
        heads.push(head_of(&entry));
    }
    assert_eq!(golden::<HeartbeatV1>("heartbeat.v1.json").journal_head, heads[3]);

    let invoice: InvoiceAssignedV1 = golden("invoice.assigned.v1.json");
    invoice_chain::verify_row(None, &invoice).unwrap();
    assert_eq!(invoice.entry_hash, heads[2].hash);
    assert_eq!(invoice.entry_seq, heads[2].seq);
    assert_eq!(invoice.sale_id, sale.sale_id);
    assert_eq!(invoice.grand_total_usd, sale.grand_total_usd);
    assert_eq!(invoice.vat_usd, sale.vat.amount_usd);
    assert_eq!(invoice.grand_total_khr, sale.grand_total_khr);
}
