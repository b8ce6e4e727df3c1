//! People and tills that headquarters appoints, as a store's edge knows them.

use rust_decimal::Decimal;
use schemas::{
    DeviceId, Khr, StaffId, Usd,
    back_office::Scope,
    edge_api::{CashSession, LogIn, LoggedIn, OpenCashSession, PairDevice, PairedDevice},
};
use serde_json::{Value, json};
use testkit::{BOUND, sample_id, sample_pin, wait_until};
use tests::{DoorClient, Till, World, new_ticket};

const SCOPES: [Scope; 2] = [Scope::BooksRead, Scope::StaffWrite];

async fn set_pin(office: &DoorClient, staff: StaffId, pin: &str) {
    let path = office.at(&format!("staff/{staff}/pin"));
    let answer = office.post(&path, &format!("pin-{}", new_ticket()), &json!({ "pin": pin })).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

async fn pairing_code(office: &DoorClient, device: DeviceId) -> String {
    let path = office.at(&format!("devices/{device}/pairing-code"));
    let answer = office.post(&path, &format!("code-{}", new_ticket()), &Value::Null).await;
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn somebody_new_sells_with_the_pin_that_headquarters_gave() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &SCOPES).await;
    let maly: StaffId = sample_id("Maly");
    let unknown = shop.till.try_log_in(maly, "7777").await;
    assert_eq!(unknown.refusal(), (401, "wrong_pin".to_owned()));
    office.change(&format!("staff/{maly}"), &json!({ "name": "Maly", "role": "MANAGER" })).await;
    set_pin(&office, maly, "7777").await;
    shop.uses(3).await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    assert_eq!(shop.till.try_log_in(maly, "1234").await.refusal(), (401, "wrong_pin".to_owned()));
    let logged_in = shop.till.try_log_in(maly, "7777").await;
    logged_in.ok();
    let till = shop.till.beside(&logged_in.json::<LoggedIn>().token);
    let open = OpenCashSession {
        device_id: sample_id("Counter 1"),
        staff_id: maly,
        opening_float_usd: Usd(Decimal::from(5)),
        opening_float_khr: Khr(Decimal::ZERO),
    };
    let session = till.ask("/v1/cash-sessions", "maly", &open).await.json::<CashSession>();
    let till = till.in_session(session.cash_session_id);
    till.sell().await;
    // She is a manager.
    let asked = shop.till.sell().await;
    let request = shop.till.void(&asked.ticket_id).await;
    till.approve(request, "yes").await.ok();
    shop.line.restore();
    till.all_numbered().await;
    let sold =
        "SELECT s.cashier_id, c.opened_by FROM sale s JOIN cash_session c USING (cash_session_id)
        WHERE s.status = 'FINALIZED'";
    assert_eq!(world.rows(sold).await, [json!({ "cashier_id": maly, "opened_by": maly })]);
    let decided = "SELECT decided_by, status FROM void_request";
    assert_eq!(world.rows(decided).await, [json!({ "decided_by": maly, "status": "APPROVED" })]);
    let changes = "SELECT action FROM audit_log WHERE action IN ('STAFF_CHANGED', 'STAFF_PIN_SET')
        ORDER BY audit_id";
    assert_eq!(world.rows(changes).await.len(), 2);

    // A new PIN ends what the old one opened.
    set_pin(&office, maly, "8888").await;
    shop.uses(4).await;
    let refused = till.try_sell(&new_ticket(), 1).await.expect("the edge answers");
    assert_eq!(refused.refusal(), (401, "not_logged_in".to_owned()));
    let old = shop.till.try_log_in(maly, "7777").await;
    assert_eq!(old.refusal(), (401, "wrong_pin".to_owned()));
    shop.till.try_log_in(maly, "8888").await.ok();
    till.booked().await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 2);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_till_is_paired_by_the_code_of_headquarters_until_it_is_revoked() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &SCOPES).await;
    let terrace: DeviceId = sample_id("Terrace");
    office
        .change(&format!("devices/{terrace}"), &json!({ "name": "Terrace", "revoked": false }))
        .await;
    let code = pairing_code(&office, terrace).await;
    shop.uses(3).await;

    let stranger = shop.another_till("Terrace", "Dara");
    let pair = |code: &str| PairDevice { device_id: terrace, code: code.to_owned() };
    let wrong = stranger.ask("/v1/devices/pair", "guess", &pair("000000")).await;
    assert!(wrong.status.is_client_error(), "{wrong:?}");
    let paired = stranger.ask("/v1/devices/pair", "pair", &pair(&code)).await;
    let till = stranger.beside(&paired.json::<PairedDevice>().token);
    let again = stranger.ask("/v1/devices/pair", "another", &pair(&code)).await;
    assert!(again.status.is_client_error(), "a code pairs once: {again:?}");
    let login = LogIn { staff_id: sample_id("Dara"), pin: sample_pin("Dara").to_owned() };
    let logged_in = till.ask("/v1/login", "dara", &login).await.json::<LoggedIn>();
    let till = till.beside(&logged_in.token);
    let open = OpenCashSession {
        device_id: terrace,
        staff_id: sample_id("Dara"),
        opening_float_usd: Usd(Decimal::from(5)),
        opening_float_khr: Khr(Decimal::ZERO),
    };
    let session = till.ask("/v1/cash-sessions", "dara", &open).await.json::<CashSession>();
    let till: Till = till.in_session(session.cash_session_id);
    till.sell().await;

    office
        .change(&format!("devices/{terrace}"), &json!({ "name": "Terrace", "revoked": true }))
        .await;
    wait_until("the edge refuses the revoked till", BOUND, async || {
        let answer = till.try_sell(&new_ticket(), 1).await?;
        if answer.status.is_success() {
            return None;
        }
        assert_eq!(answer.refusal(), (403, "device_revoked".to_owned()));
        Some(())
    })
    .await;
    shop.till.sell().await;
    shop.till.all_numbered().await;
    let sold = "SELECT s.device_id, s.device_id = c.device_id AS own
        FROM sale s JOIN cash_session c USING (cash_session_id) ORDER BY s.entry_seq";
    let counter: DeviceId = sample_id("Counter 1");
    let sales = world.rows(sold).await;
    assert_eq!(sales.first(), Some(&json!({ "device_id": terrace, "own": true })));
    assert_eq!(sales.last(), Some(&json!({ "device_id": counter, "own": true })));
    let paired =
        "SELECT subject_id FROM audit_log WHERE action = 'DEVICE_PAIRED' ORDER BY audit_id";
    let expected = [counter, terrace].map(|till| json!({ "subject_id": till }));
    assert_eq!(world.rows(paired).await, expected);
    world.books_are_right().await;
}
