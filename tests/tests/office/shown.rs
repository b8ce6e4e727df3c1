//! Sales that a till priced and completed by itself, with a catalogue that its store does
//! not use any more: the figures that the customer was shown stand, in the store and in
//! the books, which compare them with the catalogue that they name.

use rust_decimal::Decimal;
use schemas::{Khr, Usd, back_office::Scope, edge_api::SaleReceipt};
use serde_json::{Value, json};
use testkit::sample_id;
use tests::{World, new_ticket};

const SCOPES: [Scope; 2] = [Scope::BooksRead, Scope::CatalogueWrite];
const SOLD: &str = "SELECT ticket_id, catalogue_version AS version, grand_total_usd::text AS usd
    FROM sale ORDER BY entry_seq";
const OBJECTIONS: &str = "SELECT t.ticket_id, e.kind, e.detail
    FROM exception e JOIN sale t USING (sale_id)
    WHERE e.kind <> 'STOCK_NEGATIVE' ORDER BY t.entry_seq";

#[tokio::test]
async fn what_a_till_showed_stands_with_the_catalogue_that_it_names() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &SCOPES).await;
    let old = shop.till.shown_sale().await;
    let water = json!({ "name": "Water", "category_id": null, "price_usd": "1.50", "add_ons": [],
        "stock": { "kind": "untracked" } });
    let item = format!("menu/items/{}", sample_id::<schemas::MenuItemId>("water"));
    office.change(&item, &water).await;
    shop.uses(2).await;

    // Online the customer would be told another price now.
    let refused = shop.till.ask("/v1/sales", new_ticket().as_str(), &old).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(refused.json::<Value>()["code"], "figures_changed");

    let tickets = [new_ticket(), new_ticket(), new_ticket()];
    let fact: SaleReceipt = shop.till.bring(&tickets[0], &old).await.json();
    assert_eq!(fact.catalogue.version, 1);
    let again: SaleReceipt = shop.till.bring(&tickets[0], &old).await.json();
    assert_eq!(again, fact);
    // Figures that their catalogue does not give, and less than is owed: booked, and told.
    let mut wrong = old.clone();
    // All add up, but nobody charged the VAT.
    let untaxed = wrong.shown.as_mut().map(|shown| &mut shown.totals).expect("its figures");
    let total = untaxed.grand_total_usd.amount() - untaxed.vat.amount_usd.amount();
    let riel = (total * untaxed.fx_rate_khr_per_usd).normalize();
    untaxed.vat.amount_usd = Usd::ZERO;
    untaxed.grand_total_usd = Usd(total);
    untaxed.grand_total_khr = Khr(riel);
    untaxed.payable_khr = Khr(riel + untaxed.khr_rounding.rounding_khr.amount());
    shop.till.bring(&tickets[1], &wrong).await.json::<SaleReceipt>();
    let mut short = old.clone();
    short.tender.received.amount = Decimal::ONE;
    shop.till.bring(&tickets[2], &short).await.json::<SaleReceipt>();
    for (ticket, no) in tickets.iter().zip(1..) {
        assert_eq!(shop.till.number_of(ticket).await, no);
    }

    let row = |ticket: usize, usd: &str| json!({ "ticket_id": tickets[ticket], "version": 1, "usd": usd });
    assert_eq!(
        world.rows(SOLD).await,
        [row(0, "4.46"), row(1, &total.to_string()), row(2, "4.46")]
    );
    let objections = world.rows(OBJECTIONS).await;
    let told: Vec<Value> =
        objections.iter().map(|row| json!([row["ticket_id"], row["kind"]])).collect();
    assert_eq!(
        told,
        [json!([tickets[1], "PRICE_MISMATCH"]), json!([tickets[2], "PRICE_MISMATCH"])]
    );
    let detail = |row: usize| objections[row]["detail"].as_str().expect("in words");
    let differs = format!("grand_total_usd: captured {total}, computed 4.46");
    assert!(detail(0).contains(&differs), "{}", detail(0));
    assert!(detail(1).starts_with("tender: "), "{}", detail(1));
    world.books_are_right().await;
}
