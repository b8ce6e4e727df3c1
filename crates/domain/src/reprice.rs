//! Pricing a finished sale again, only to compare. The captured figures stand
//! whatever comes out; a difference is for a person to look at.

use std::fmt::{Debug, Display};

use schemas::{
    Money,
    edge_api::{Cart, CartLine, TenderOffer},
    events::{SaleFinalizedV1, SaleLine, TenderMethod},
};

use crate::{
    catalogue::CatalogueIndex,
    pricing::{Priced, price},
    tender::settle,
};

/// A figure that comes out differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Which, e.g. `lines[2].line_total_usd`.
    pub field: String,
    /// As the sale has it.
    pub captured: String,
    /// As it comes out now.
    pub computed: String,
}

/// Prices a sale again with the catalogue that it names, at the moment it was
/// finalized (or locked, to be paid by KHQR), and returns what differs: nothing if all is well.
///
/// The caller sees to it that `index` is the catalogue with the sale's content
/// hash. KHQR tenders are compared by their totals only.
pub fn compare(index: &CatalogueIndex, sale: &SaleFinalizedV1) -> Vec<Mismatch> {
    let mut found = Differences::default();
    let document = index.document();
    found.field("tenant_id", &sale.tenant_id, &document.tenant_id);
    found.field("branch_id", &sale.branch_id, &document.branch_id);
    found.field("catalogue.version", &sale.catalogue.version, &document.version);
    let locked = sale.tender.khqr.as_ref().and_then(|proof| proof.khqr_priced_at);
    match price(index, &cart_of(sale), locked.unwrap_or(sale.finalized_at)) {
        Ok(priced) => compare_priced(&mut found, sale, &priced),
        Err(error) => found.push("cart", "a completed sale".to_owned(), error.to_string()),
    }
    found.0
}

fn cart_of(sale: &SaleFinalizedV1) -> Cart {
    let lines = sale.lines.iter().map(|line| CartLine {
        menu_item_id: line.menu_item_id,
        add_on_ids: line.add_ons.iter().map(|add_on| add_on.add_on_id).collect(),
        quantity: line.quantity,
    });
    Cart { sale_type: sale.sale_type, lines: lines.collect() }
}

fn compare_priced(found: &mut Differences, sale: &SaleFinalizedV1, priced: &Priced) {
    let totals = &priced.totals;
    if sale.lines != totals.lines {
        // As many as were priced: the cart was made from the sale's own lines.
        for (place, (captured, computed)) in sale.lines.iter().zip(&totals.lines).enumerate() {
            compare_line(found, place, captured, computed);
        }
    }
    found.debug("discounts", &sale.discounts, &totals.discounts);
    found.field("subtotal_usd", &sale.subtotal_usd, &totals.subtotal_usd);
    found.debug("vat", &sale.vat, &totals.vat);
    found.field("fx_rate_khr_per_usd", &sale.fx_rate_khr_per_usd, &totals.fx_rate_khr_per_usd);
    found.field("grand_total_usd", &sale.grand_total_usd, &totals.grand_total_usd);
    found.field("grand_total_khr", &sale.grand_total_khr, &totals.grand_total_khr);
    found.debug("khr_rounding", &sale.khr_rounding, &totals.khr_rounding);
    found.field("payable_khr", &sale.payable_khr, &totals.payable_khr);
    found.debug("deductions", &sale.deductions, &priced.deductions);

    if sale.tender.method == TenderMethod::Cash {
        let received = Money { amount: sale.tender.received, currency: sale.tender.currency };
        match settle(totals, &TenderOffer { method: TenderMethod::Cash, received }) {
            Ok(tender) => found.debug("tender", &sale.tender, &tender),
            Err(error) => found.push("tender", format!("{:?}", sale.tender), error.to_string()),
        }
    }
}

fn compare_line(found: &mut Differences, place: usize, captured: &SaleLine, computed: &SaleLine) {
    let name = |field: &str| format!("lines[{place}].{field}");
    found.field(&name("line_no"), &captured.line_no, &computed.line_no);
    found.field(&name("name"), &captured.name, &computed.name);
    found.debug(&name("category"), &captured.category, &computed.category);
    found.field(&name("unit_price_usd"), &captured.unit_price_usd, &computed.unit_price_usd);
    found.debug(&name("add_ons"), &captured.add_ons, &computed.add_ons);
    found.field(&name("base_amount_usd"), &captured.base_amount_usd, &computed.base_amount_usd);
    found.debug(&name("discounts"), &captured.discounts, &computed.discounts);
    found.field(&name("discount_usd"), &captured.discount_usd, &computed.discount_usd);
    found.field(&name("line_total_usd"), &captured.line_total_usd, &computed.line_total_usd);
}

#[derive(Default)]
struct Differences(Vec<Mismatch>);

impl Differences {
    fn field<T: PartialEq + Display>(&mut self, name: &str, captured: &T, computed: &T) {
        if captured != computed {
            self.push(name, captured.to_string(), computed.to_string());
        }
    }

    fn debug<T: PartialEq + Debug>(&mut self, name: &str, captured: &T, computed: &T) {
        if captured != computed {
            self.push(name, format!("{captured:?}"), format!("{computed:?}"));
        }
    }

    fn push(&mut self, name: &str, captured: String, computed: String) {
        self.0.push(Mismatch { field: name.to_owned(), captured, computed });
    }
}
