//! The client of Bakong against the stand-in, over real sockets: every odd answer,
//! who is asked how often, and what that costs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::{sync::Arc, time::Duration};

use ingest::bakong::{
    Aspect, BakongClient, Check, DailyBudget, Expected, MemoryBudget, Paid, Settings, Why, matches,
};
use rust_decimal::Decimal;
use schemas::{Clock as _, Currency, ManualClock, Timestamp};
use testkit::{BAKONG_EMAIL, BOUND, BakongStandIn, Behaviour, Flow, Line, Payment};
use tokio::time::{advance, pause, resume, timeout};

const MD5: &str = "ba75529ef883b2e6dc80614199dcf316";
const OTHER: &str = "7ec25565db58a7d8d6c4bb19755973d4";

struct Setup {
    bakong: BakongStandIn,
    client: Arc<BakongClient>,
    budget: Arc<MemoryBudget>,
    clock: ManualClock,
}

fn noon() -> Timestamp {
    Timestamp::parse("2026-11-21T05:00:00Z").unwrap()
}

fn settings(bakong: &BakongStandIn) -> Settings {
    Settings {
        token: Some(bakong.token()),
        email: Some(BAKONG_EMAIL.to_owned()),
        ..Settings::at(bakong.url())
    }
}

/// A client, and who counts its checks.
fn client(settings: Settings, clock: &ManualClock) -> (BakongClient, Arc<MemoryBudget>) {
    let budget = Arc::new(MemoryBudget::new(DailyBudget::new(settings.daily_checks)));
    let client = BakongClient::new(settings, Arc::new(clock.clone())).unwrap();
    (client.counted_by(budget.clone()), budget)
}

async fn setup_with(change: impl FnOnce(&mut Settings)) -> Setup {
    let bakong = BakongStandIn::start().await.unwrap();
    let mut settings = settings(&bakong);
    change(&mut settings);
    let clock = ManualClock::at(noon());
    let (client, budget) = client(settings, &clock);
    Setup { bakong, client: Arc::new(client), budget, clock }
}

async fn setup() -> Setup {
    setup_with(|_| ()).await
}

impl Setup {
    /// Bounded, so that a test cannot hang.
    async fn check(&self, md5: &str) -> Check {
        timeout(BOUND, self.client.check_transaction_by_md5(md5)).await.unwrap()
    }

    fn left(&self) -> u32 {
        self.budget.so_far().left(self.clock.now())
    }
}

fn payment() -> Payment {
    Payment {
        from_account_id: Some("customer@aclb".to_owned()),
        to_account_id: Some("dara@wing".to_owned()),
        currency: Some("USD".to_owned()),
        amount: Some("2.50".to_owned()),
    }
}

fn unknown(why: Why) -> Check {
    Check::Unknown { why }
}

fn hash_of(check: Check) -> Option<String> {
    match check {
        Check::Paid(paid) => Some(paid.hash),
        _ => None,
    }
}

#[tokio::test]
async fn a_code_is_not_found_until_it_is_paid() {
    let setup = setup().await;
    assert_eq!(setup.check(MD5).await, Check::NotFound);
    let hash = setup.bakong.pay(MD5, payment());
    let Check::Paid(paid) = setup.check(MD5).await else { panic!("it was paid") };
    assert_eq!(
        paid,
        Paid {
            md5: MD5.to_owned(),
            hash,
            from_account_id: Some("customer@aclb".to_owned()),
            to_account_id: Some("dara@wing".to_owned()),
            currency: Some("USD".to_owned()),
            amount: Some(Decimal::new(250, 2)),
        }
    );
    assert_eq!(setup.check(OTHER).await, Check::NotFound);
    assert_eq!((setup.bakong.checks_of(MD5), setup.bakong.checks_of(OTHER)), (2, 1));
    assert_eq!((setup.bakong.renewals(), setup.left()), (0, 97));

    let expected = Expected {
        md5: MD5.to_owned(),
        to_account_id: "dara@wing".to_owned(),
        currency: Currency::Usd,
        amount: Decimal::new(260, 2),
    };
    let differences = matches(&expected, &paid).unwrap_err();
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].aspect, Aspect::Amount);
}

#[tokio::test]
async fn a_person_pays_with_curl() {
    let setup = setup().await;
    let pay = async |body: &str| {
        let answer = reqwest::Client::new()
            .post(format!("{}/stand-in/pay", setup.bakong.url()))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    };
    assert_eq!(pay(&format!(r#"{{"md5":"{MD5}"}}"#)).await, 200);
    let Check::Paid(paid) = setup.check(MD5).await else { panic!("it was paid") };
    assert_eq!((paid.to_account_id, paid.currency, paid.amount), (None, None, None));
    assert!(!paid.hash.is_empty());

    let all = format!(r#"{{"md5":"{OTHER}","amount":4100,"currency":"KHR","toAccountId":"a@b"}}"#);
    assert_eq!(pay(&all).await, 200);
    let Check::Paid(paid) = setup.check(OTHER).await else { panic!("it was paid") };
    assert_eq!(paid.amount, Some(Decimal::from(4100)));
    assert_eq!(paid.to_account_id.as_deref(), Some("a@b"));
    assert_eq!(pay(r#"{"md5":"paid!"}"#).await, 400);
}

#[tokio::test]
async fn nothing_odd_is_read_as_paid_or_unpaid() {
    let setup = setup().await;
    // It is paid all along: whoever answers NotFound would lose the money.
    setup.bakong.pay(MD5, payment());
    let raw = |status, body: &str| Behaviour::Raw { status, body: body.to_owned() };
    let garbage = |what| Why::Garbage { what };
    for (behaviour, why) in [
        (Behaviour::TooManyRequests, Why::TooManyRequests),
        (Behaviour::ForbiddenHtml, Why::Forbidden),
        (Behaviour::ServerError, Why::Status { status: 503 }),
        (Behaviour::Closed, Why::Broken),
        (raw(200, "<html>"), garbage("it is not the JSON of an answer")),
        (raw(200, ""), garbage("it is not the JSON of an answer")),
        (raw(404, ""), Why::Status { status: 404 }),
        (raw(302, ""), Why::Status { status: 302 }),
        (
            raw(200, r#"{"responseCode":0,"data":{}}"#),
            garbage("a success without the data that belong to it"),
        ),
        (raw(200, r#"{"responseCode":1,"errorCode":13}"#), Why::Code { code: 13 }),
        (raw(200, &"x".repeat(70_000)), garbage("it is longer than 64 KiB")),
    ] {
        let asked = setup.bakong.checks();
        setup.bakong.behave_for(MD5, behaviour.clone());
        assert_eq!(setup.check(MD5).await, unknown(why), "{behaviour:?}");
        // What may have arrived is not sent twice.
        assert_eq!(setup.bakong.checks(), asked + 1, "{behaviour:?}");
    }
    assert_eq!(u64::from(setup.left()), 100 - setup.bakong.checks());
    setup.bakong.behave_for(MD5, Behaviour::Failed);
    assert_eq!(setup.check(MD5).await, Check::Failed);
    setup.bakong.behave_for(MD5, Behaviour::NotFound);
    assert_eq!(setup.check(MD5).await, Check::NotFound);
    setup.bakong.behave_for(MD5, Behaviour::Honest);
    assert!(hash_of(setup.check(MD5).await).is_some());
    assert_eq!(setup.bakong.renewals(), 0);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let setup = setup().await;
    setup.bakong.pay(MD5, payment());
    setup.bakong.behave(Behaviour::Slow);
    let client = Arc::clone(&setup.client);
    let waiting = tokio::spawn(async move { client.check_transaction_by_md5(MD5).await });
    timeout(BOUND, setup.bakong.wait_for_checks(1)).await.unwrap();
    // The request has arrived; now ten seconds pass at once.
    pause();
    advance(Duration::from_millis(10_001)).await;
    assert_eq!(waiting.await.unwrap(), unknown(Why::TimedOut));
    resume();
    assert_eq!((setup.bakong.checks(), setup.left()), (1, 99));

    // A slow answer that comes in time counts.
    let client = Arc::clone(&setup.client);
    let waiting = tokio::spawn(async move { client.check_transaction_by_md5(MD5).await });
    timeout(BOUND, setup.bakong.wait_for_checks(2)).await.unwrap();
    setup.bakong.answer_slow();
    assert!(hash_of(timeout(BOUND, waiting).await.unwrap().unwrap()).is_some());
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_check_repeated_once() {
    let setup = setup().await;
    setup.bakong.pay(MD5, payment());
    setup.bakong.expire_token();
    assert!(hash_of(setup.check(MD5).await).is_some());
    assert_eq!((setup.bakong.checks(), setup.bakong.renewals()), (2, 1));
    assert_eq!(setup.left(), 98);

    // Refused again a moment later: not renewed again, but after a while.
    setup.bakong.expire_token();
    assert_eq!(setup.check(MD5).await, unknown(Why::TokenRefused));
    assert_eq!(setup.bakong.renewals(), 1);
    setup.clock.set(noon().plus_micros(60_000_000));
    assert!(hash_of(setup.check(MD5).await).is_some());
    assert_eq!(setup.bakong.renewals(), 2);

    // Refused even after it was renewed.
    setup.clock.set(noon().plus_micros(120_000_000));
    setup.bakong.behave(Behaviour::TokenInvalid);
    let asked = setup.bakong.checks();
    assert_eq!(setup.check(MD5).await, unknown(Why::TokenRefused));
    assert_eq!((setup.bakong.checks(), setup.bakong.renewals()), (asked + 2, 3));
}

#[tokio::test]
async fn one_renewal_serves_all_who_wait() {
    let setup = setup().await;
    setup.bakong.pay(MD5, payment());
    setup.bakong.expire_token();
    setup.bakong.behave_on_renewal(Behaviour::Slow);
    let checks: Vec<_> = (0..5)
        .map(|_| {
            let client = Arc::clone(&setup.client);
            tokio::spawn(async move { client.check_transaction_by_md5(MD5).await })
        })
        .collect();
    timeout(BOUND, setup.bakong.wait_for_renewals(1)).await.unwrap();
    setup.bakong.answer_slow();
    for check in checks {
        let check = timeout(BOUND, check).await.unwrap().unwrap();
        assert!(hash_of(check).is_some());
    }
    assert_eq!(setup.bakong.renewals(), 1);
}

#[tokio::test]
async fn a_token_is_asked_for_where_none_is_set_and_said_to_be_refused_where_none_can_be() {
    let fresh = setup_with(|settings| settings.token = None).await;
    assert_eq!(fresh.check(MD5).await, Check::NotFound);
    assert_eq!((fresh.bakong.checks(), fresh.bakong.renewals()), (1, 1));
    fresh.clock.set(noon().plus_micros(60_000_000));
    fresh.client.renew_token().await.unwrap();
    assert_eq!(fresh.client.renew_token().await, Err(Why::TokenRefused));
    assert_eq!(fresh.check(MD5).await, Check::NotFound);

    let stuck = setup_with(|settings| settings.email = None).await;
    stuck.bakong.expire_token();
    assert_eq!(stuck.check(MD5).await, unknown(Why::TokenRefused));
    assert_eq!((stuck.bakong.checks(), stuck.bakong.renewals()), (1, 0));

    let stranger = setup_with(|s| s.email = Some("who@shop.example".to_owned())).await;
    stranger.bakong.expire_token();
    let failed = Why::RenewalFailed(Box::new(Why::Code { code: 10 }));
    assert_eq!(stranger.check(MD5).await, unknown(failed));
}

#[tokio::test]
async fn odd_answers_to_a_renewal_say_so() {
    for (behaviour, why) in [
        (Behaviour::ForbiddenHtml, Why::Forbidden),
        (Behaviour::ServerError, Why::Status { status: 503 }),
        (Behaviour::Closed, Why::Broken),
        (
            Behaviour::Raw { status: 200, body: "{}".to_owned() },
            Why::Garbage { what: "it is not the JSON of an answer" },
        ),
        (
            Behaviour::Raw {
                status: 200,
                body: r#"{"responseCode":0,"data":{"token":"a\nb"}}"#.to_owned(),
            },
            Why::Garbage { what: "a token that is none" },
        ),
    ] {
        let setup = setup().await;
        setup.bakong.expire_token();
        setup.bakong.behave_on_renewal(behaviour);
        assert_eq!(setup.check(MD5).await, unknown(Why::RenewalFailed(Box::new(why))));
        assert_eq!((setup.bakong.checks(), setup.bakong.renewals()), (1, 1));
    }
}

#[tokio::test]
async fn nobody_is_asked_beyond_the_budget() {
    let setup = setup_with(|settings| settings.daily_checks = 2).await;
    for _ in 0..2 {
        assert_eq!(setup.check(MD5).await, Check::NotFound);
    }
    assert_eq!(setup.check(MD5).await, unknown(Why::BudgetSpent));
    assert_eq!(setup.bakong.checks(), 2);
    // A restart does not help, the next day in Phnom Penh does.
    let kept = setup.budget.so_far();
    let again = BakongClient::new(settings(&setup.bakong), Arc::new(setup.clock.clone()))
        .unwrap()
        .counted_by(Arc::new(MemoryBudget::new(DailyBudget::restored(2, kept.day(), kept.used()))));
    assert_eq!(again.check_transaction_by_md5(MD5).await, unknown(Why::BudgetSpent));
    setup.clock.set(Timestamp::parse("2026-11-21T17:00:00Z").unwrap());
    assert_eq!(setup.check(MD5).await, Check::NotFound);
    assert_eq!(setup.bakong.checks(), 3);
}

#[tokio::test]
async fn when_bakong_says_that_is_all_for_today_it_is() {
    let setup = setup().await;
    setup.bakong.behave(Behaviour::DailyLimit);
    assert_eq!(setup.check(MD5).await, unknown(Why::DailyLimit));
    setup.bakong.behave(Behaviour::Honest);
    assert_eq!(setup.check(MD5).await, unknown(Why::BudgetSpent));
    assert_eq!((setup.bakong.checks(), setup.left()), (1, 0));
}

#[tokio::test]
async fn what_never_arrived_costs_nothing() {
    let setup = setup().await;
    assert_eq!(setup.check("not an md5").await, unknown(Why::NotAnMd5));
    assert_eq!(setup.check(&MD5.to_uppercase()).await, unknown(Why::NotAnMd5));
    assert_eq!((setup.bakong.checks(), setup.left()), (0, 100));

    // Nobody listens there: no connection, three times.
    let nowhere = format!("http://127.0.0.1:{}", testkit::free_port().unwrap());
    let settings = Settings { base_url: nowhere, ..settings(&setup.bakong) };
    let (client, budget) = client(settings, &setup.clock);
    assert_eq!(client.check_transaction_by_md5(MD5).await, unknown(Why::Unreachable));
    assert_eq!(budget.so_far().left(setup.clock.now()), 100);
}

#[tokio::test]
async fn a_line_that_is_cut_is_unknown_and_costs_a_check() {
    let bakong = BakongStandIn::start().await.unwrap();
    bakong.pay(MD5, payment());
    let line = Line::to(bakong.addr()).await.unwrap();
    let settings = Settings { base_url: format!("http://{}", line.addr()), ..settings(&bakong) };
    let clock = ManualClock::at(noon());
    let (client, budget) = client(settings, &clock);
    line.cut();
    assert_eq!(line.flow(), Flow::Cut);
    let check = client.check_transaction_by_md5(MD5).await;
    assert_eq!(check, unknown(Why::Broken));
    assert_eq!((bakong.checks(), budget.so_far().left(clock.now())), (0, 99));
    line.restore();
    assert!(hash_of(client.check_transaction_by_md5(MD5).await).is_some());
}
