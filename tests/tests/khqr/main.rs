//! KHQR from the till to the books: over the edge's door, with the real centre and
//! a stand-in for Bakong. Each test looks in the books.

mod companies;
mod looking;

use reqwest::StatusCode;
use schemas::{Currency, Money, TicketId, edge_api::KhqrCode, requests::KhqrOutcome};
use testkit::{BOUND, Behaviour, Payment, SAMPLE_KHQR_ACCOUNT, sqlx, wait_until};
use tests::{Till, World, new_ticket};

use looking::{Change, codes, exceptions, owed, payment, problem, raised, used};

/// Makes a code, has it paid, and sees it confirmed.
async fn paid_code(world: &World, till: &Till, ticket: &TicketId, currency: Currency) -> KhqrCode {
    let code = till.code(ticket, 2, currency).await;
    let hash = world.centre.bakong.pay(&code.md5, payment(&code));
    match till.check(&code.md5).await {
        KhqrOutcome::Paid { khqr_hash, khqr_to_account_id, .. } => {
            assert_eq!((khqr_hash, khqr_to_account_id.as_str()), (hash, SAMPLE_KHQR_ACCOUNT));
        }
        other => panic!("it was paid, but: {other:?}"),
    }
    code
}

#[tokio::test]
async fn a_customer_pays_in_dollars_and_one_in_riel() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    let mut tickets = Vec::new();
    for currency in [Currency::Usd, Currency::Khr] {
        let ticket = new_ticket();
        let key = format!("code-{ticket}");
        let code = till.code_under(&ticket, &key, 2, currency).await;
        // The same request is the same code; another one is no request of this key.
        let again = till.try_code(&ticket, &key, 2, currency).await;
        assert_eq!(again.json::<KhqrCode>(), code);
        let other = till.try_code(&ticket, &key, 1, currency).await;
        let other = problem(&other, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other, "idempotency_key_conflict");
        let asked = match currency {
            Currency::Usd => code.totals.grand_total_usd.amount(),
            Currency::Khr => code.totals.payable_khr.amount(),
        };
        assert_eq!(code.amount, asked);
        let decoded = domain::khqr::decode(code.payload.as_bytes()).expect("a code of ours");
        assert_eq!(decoded.input.amount, Some(asked));
        assert_eq!(decoded.input.bill_number, Some(domain::khqr::bill_number(&ticket)));
        assert_eq!(codes(&world).await.last().map(|row| row.1.clone()), Some("OPEN".to_owned()));

        // Not paid yet: nothing can be finalized.
        assert_eq!(till.check(&code.md5).await, KhqrOutcome::NotPaidYet {});
        let early = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
        assert_eq!(problem(&early, StatusCode::CONFLICT), "khqr_not_confirmed");

        // A tap that is sent twice is one tap.
        world.centre.bakong.pay(&code.md5, payment(&code));
        let tap = format!("tap-{}", new_ticket());
        let first = till.try_check(&code.md5, &tap).await;
        assert_eq!(till.try_check(&code.md5, &tap).await.body, first.body);
        assert_eq!(world.centre.bakong.checks_of(&code.md5), 2);

        // What is typed must be what the code asked for, to the cent.
        let typed = Money { amount: code.amount + rust_decimal::Decimal::ONE, ..owed(&code) };
        let wrong = till.try_finalize(&ticket, 2, typed).await.expect("an answer");
        assert_eq!(problem(&wrong, StatusCode::UNPROCESSABLE_ENTITY), "invalid_tender");

        let sold = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
        assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
        let again = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
        assert_eq!(again.body, sold.body);
        tickets.push(ticket);
    }
    world.numbered(2).await;
    let claimed: Vec<_> = codes(&world).await.into_iter().map(|row| (row.1, row.2)).collect();
    let expected = tickets.iter().map(|ticket| ("CLAIMED".to_owned(), Some(ticket.to_string())));
    assert_eq!(claimed, expected.collect::<Vec<_>>());
    let proofs = "SELECT count(*) FROM sale s JOIN sale_khqr p USING (sale_id)
        JOIN khqr_intent i ON i.md5 = p.khqr_md5 AND i.paid_hash = p.khqr_hash
        WHERE s.tender_method = 'KHQR' AND s.tender_received = i.amount AND s.tender_change = 0";
    assert_eq!(world.count(proofs).await, 2);
    assert_eq!(world.count("SELECT count(*) FROM cash_movement").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM exception WHERE kind LIKE 'KHQR%'").await, 0);
    assert_eq!(used(&world).await, 4);

    // A KHQR sale is not voided.
    let refused = till.try_void(&tickets[0]).await;
    assert_eq!(problem(&refused, StatusCode::CONFLICT), "void_not_cash");
    assert_eq!(world.count("SELECT count(*) FROM void_request").await, 0);
    world.books_are_right().await;
}

#[tokio::test]
async fn nothing_odd_that_bakong_answers_is_read_as_unpaid_or_as_paid() {
    let mut world = World::with_shops(1).await;
    let plan = world.centre.plan_ingest().setting("khqr.bakong.check_timeout_ms", 1_000);
    world.centre.restart_ingest(plan).await;
    let (till, bakong) = (&world.shops[0].till, &world.centre.bakong);
    let ticket = new_ticket();
    let code = till.code(&ticket, 2, Currency::Usd).await;
    bakong.pay(&code.md5, payment(&code));
    let raw = |body: &str| Behaviour::Raw { status: 200, body: body.to_owned() };
    for behaviour in [
        Behaviour::TooManyRequests,
        Behaviour::ForbiddenHtml,
        Behaviour::ServerError,
        Behaviour::Closed,
        Behaviour::Slow,
        raw("<html>"),
        raw(r#"{"responseCode":0,"data":null}"#),
        Behaviour::TokenInvalid,
    ] {
        bakong.behave(behaviour.clone());
        let outcome = till.check(&code.md5).await;
        assert!(matches!(outcome, KhqrOutcome::Unknown { .. }), "{behaviour:?}: {outcome:?}");
        let early = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
        assert_eq!(problem(&early, StatusCode::CONFLICT), "khqr_not_confirmed", "{behaviour:?}");
    }
    bakong.behave(Behaviour::Failed);
    assert_eq!(till.check(&code.md5).await, KhqrOutcome::Failed {});
    // Bakong's own limit ends the day, whatever we have counted.
    bakong.behave(Behaviour::DailyLimit);
    assert_eq!(till.check(&code.md5).await, KhqrOutcome::BudgetSpent {});
    bakong.behave(Behaviour::Honest);
    let asked = bakong.checks();
    assert_eq!(till.check(&code.md5).await, KhqrOutcome::BudgetSpent {});
    assert_eq!(bakong.checks(), asked);
    assert_eq!(
        world.count("SELECT count(*) FROM khqr_intent WHERE paid_hash IS NOT NULL").await,
        0
    );
}

#[tokio::test]
async fn what_is_paid_and_does_not_fit_is_a_mismatch_that_a_person_hears_of_once() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    let wrong: [(&str, Change); 3] = [
        ("Receiver", |paid| paid.to_account_id = Some("somebody@else".to_owned())),
        ("Currency", |paid| paid.currency = Some("KHR".to_owned())),
        ("Amount", |paid| paid.amount = Some("0.01".to_owned())),
    ];
    for (aspect, change) in wrong {
        let ticket = new_ticket();
        let code = till.code(&ticket, 2, Currency::Usd).await;
        let mut paid = payment(&code);
        change(&mut paid);
        let hash = world.centre.bakong.pay(&code.md5, paid);
        for _ in 0..2 {
            match till.check(&code.md5).await {
                KhqrOutcome::Mismatch { detail } => assert!(detail.contains(aspect), "{detail}"),
                other => panic!("{aspect} is wrong, but: {other:?}"),
            }
        }
        let early = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
        assert_eq!(problem(&early, StatusCode::CONFLICT), "khqr_not_confirmed");
        let told = exceptions(&world, "KHQR_MISMATCH").await;
        let of_ticket: Vec<_> = told.iter().filter(|row| row.0 == ticket.as_str()).collect();
        assert_eq!(of_ticket.len(), 1, "{told:?}");
        assert!(of_ticket[0].1.contains(&hash), "{told:?}");
    }
    // Bakong may leave out all but the hash: then the md5 alone decides.
    let ticket = new_ticket();
    let code = till.code(&ticket, 2, Currency::Usd).await;
    world.centre.bakong.pay(&code.md5, Payment::default());
    assert!(matches!(till.check(&code.md5).await, KhqrOutcome::Paid { .. }));
    world.books_are_right().await;
}

#[tokio::test]
async fn without_a_line_the_till_is_told_at_once_and_a_paid_sale_is_finalized_all_the_same() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let ticket = new_ticket();
    let code = paid_code(&world, &shop.till, &ticket, Currency::Usd).await;
    shop.line.cut();
    wait_until("the edge knows that the line is down", BOUND, async || {
        let sync = shop.till.sync().await?;
        (sync.link == schemas::edge_api::LinkState::Down).then_some(())
    })
    .await;
    let refused = shop.till.try_code(&new_ticket(), "no-line", 1, Currency::Khr).await;
    assert_eq!(problem(&refused, StatusCode::SERVICE_UNAVAILABLE), "khqr_needs_line");
    assert!(refused.body.contains("cash"), "{}", refused.body);
    // What was confirmed is known here.
    assert!(matches!(shop.till.check(&code.md5).await, KhqrOutcome::Paid { .. }));
    let sold = shop.till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
    assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
    shop.till.sell().await;
    shop.line.restore();
    world.numbered(2).await;
    assert_eq!(world.count("SELECT count(*) FROM khqr_intent").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM exception WHERE kind LIKE 'KHQR%'").await, 0);
    world.books_are_right().await;
}

#[tokio::test]
async fn another_cart_needs_another_code_and_a_payment_of_the_old_one_is_told() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    let ticket = new_ticket();
    let old = till.code(&ticket, 1, Currency::Usd).await;
    let paid = till.code(&ticket, 2, Currency::Usd).await;
    assert_ne!(old.md5, paid.md5);
    let states: Vec<_> = codes(&world).await.into_iter().map(|row| row.1).collect();
    assert_eq!(states, ["SUPERSEDED", "OPEN"]);

    world.centre.bakong.pay(&paid.md5, payment(&paid));
    assert!(matches!(till.check(&paid.md5).await, KhqrOutcome::Paid { .. }));
    let changed = till.try_finalize(&ticket, 3, owed(&paid)).await.expect("an answer");
    assert_eq!(problem(&changed, StatusCode::CONFLICT), "khqr_cart_changed");
    let again = till.try_code(&ticket, "once-more", 2, Currency::Usd).await;
    assert_eq!(problem(&again, StatusCode::CONFLICT), "khqr_already_paid");

    // The customer paid the old one too.
    let hash = world.centre.bakong.pay(&old.md5, payment(&old));
    assert!(matches!(till.check(&old.md5).await, KhqrOutcome::Paid { .. }));
    let told = raised(&world, "KHQR_PAID_SUPERSEDED").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, ticket.as_str());
    assert!(told[0].1.contains(&hash) && told[0].1.contains("customer@aclb"), "{told:?}");

    let sold = till.try_finalize(&ticket, 2, owed(&paid)).await.expect("an answer");
    assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
    let after = till.try_code(&ticket, "too-late", 2, Currency::Usd).await;
    assert_eq!(problem(&after, StatusCode::UNPROCESSABLE_ENTITY), "ticket_conflict");
    world.numbered(1).await;
    let states: Vec<_> = codes(&world).await.into_iter().map(|row| row.1).collect();
    assert_eq!(states, ["SUPERSEDED", "CLAIMED"]);
    assert_eq!(exceptions(&world, "KHQR_PAID_SUPERSEDED").await.len(), 1);
    world.books_are_right().await;
}

#[tokio::test]
async fn one_payment_pays_for_one_ticket() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    let (first, second) = (new_ticket(), new_ticket());
    let code = paid_code(&world, till, &first, Currency::Usd).await;
    let other = till.code(&second, 2, Currency::Usd).await;
    // Bakong names the transaction of the first for the second.
    let hash: String = sqlx::query_scalar("SELECT paid_hash FROM khqr_intent WHERE md5 = $1")
        .bind(&code.md5)
        .fetch_one(&world.books.pool)
        .await
        .expect("it was paid");
    let body = format!(r#"{{"responseCode":0,"data":{{"hash":"{hash}"}}}}"#);
    world.centre.bakong.behave_for(&other.md5, Behaviour::Raw { status: 200, body });
    assert!(matches!(till.check(&other.md5).await, KhqrOutcome::Mismatch { .. }));
    let told = exceptions(&world, "KHQR_MISMATCH").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains(&hash) && told[0].0 == second.as_str(), "{told:?}");
    let refused = till.try_finalize(&second, 2, owed(&other)).await.expect("an answer");
    assert_eq!(problem(&refused, StatusCode::CONFLICT), "khqr_not_confirmed");
    let sold = till.try_finalize(&first, 2, owed(&code)).await.expect("an answer");
    assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
    world.numbered(1).await;
    world.books_are_right().await;
}

#[tokio::test]
async fn ingest_dies_between_bakongs_answer_and_the_books() {
    let mut world = World::with_shops(1).await;
    let ticket = new_ticket();
    let code = world.shops[0].till.code(&ticket, 2, Currency::Usd).await;
    let plan = world.centre.plan_ingest().failpoint("ingest.before_payment=return");
    world.centre.restart_ingest(plan).await;
    world.centre.bakong.pay(&code.md5, payment(&code));

    let outcome = world.shops[0].till.try_check(&code.md5, "dies").await;
    let unknown = outcome.status == StatusCode::OK
        && matches!(
            outcome.json::<schemas::edge_api::KhqrChecked>().outcome,
            KhqrOutcome::Unknown { .. }
        );
    let no_answer = outcome.status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(unknown || no_answer, "{outcome:?}");
    world.centre.ingest.ended(BOUND).await;
    assert_eq!(codes(&world).await[0].1, "OPEN");
    assert_eq!((world.centre.bakong.checks(), used(&world).await), (1, 1));

    let plan = world.centre.plan_ingest();
    world.centre.restart_ingest(plan).await;
    let till = &world.shops[0].till;
    wait_until("the next tap hears of the payment", BOUND, async || {
        let answer = till.try_check(&code.md5, &format!("tap-{}", new_ticket())).await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        matches!(answer.json::<schemas::edge_api::KhqrChecked>().outcome, KhqrOutcome::Paid { .. })
            .then_some(())
    })
    .await;
    assert_eq!((world.centre.bakong.checks(), used(&world).await), (2, 2));
    let sold = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
    assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
    world.numbered(1).await;
    assert_eq!(codes(&world).await[0].1, "CLAIMED");
    world.books_are_right().await;
}

#[tokio::test]
async fn an_edge_that_dies_between_paid_and_finalized_knows_of_the_payment() {
    let mut world = World::with_shops(1).await;
    let ticket = new_ticket();
    let code = paid_code(&world, &world.shops[0].till, &ticket, Currency::Khr).await;
    let plan = world.shops[0].plan();
    world.shops[0].restart(plan).await;
    let till = &world.shops[0].till;
    let sold = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
    assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
    world.numbered(1).await;
    assert_eq!(codes(&world).await[0].1, "CLAIMED");
    world.books_are_right().await;
}

#[tokio::test]
async fn a_budget_that_is_spent_stays_spent_after_a_restart() {
    let mut world = World::with_shops(1).await;
    let plan = world.centre.plan_ingest().setting("khqr.bakong.daily_checks", 2);
    world.centre.restart_ingest(plan).await;
    let ticket = new_ticket();
    let code = world.shops[0].till.code(&ticket, 2, Currency::Usd).await;
    for _ in 0..2 {
        assert_eq!(world.shops[0].till.check(&code.md5).await, KhqrOutcome::NotPaidYet {});
    }
    world.centre.bakong.pay(&code.md5, payment(&code));
    assert_eq!(world.shops[0].till.check(&code.md5).await, KhqrOutcome::BudgetSpent {});
    let plan = world.centre.plan_ingest().setting("khqr.bakong.daily_checks", 2);
    world.centre.restart_ingest(plan).await;
    let till = &world.shops[0].till;
    wait_until("the restarted door answers", BOUND, async || {
        let answer = till.try_check(&code.md5, &format!("tap-{}", new_ticket())).await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        let outcome = answer.json::<schemas::edge_api::KhqrChecked>().outcome;
        assert_eq!(outcome, KhqrOutcome::BudgetSpent {});
        Some(())
    })
    .await;
    assert_eq!((world.centre.bakong.checks(), used(&world).await), (2, 2));
    let refused = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
    assert_eq!(problem(&refused, StatusCode::CONFLICT), "khqr_not_confirmed");
}

#[tokio::test]
async fn a_payment_that_no_sale_claims_is_told_of_once() {
    let mut world = World::with_shops(1).await;
    let plan = world.centre.plan_ingest().setting("khqr.unclaimed_after_s", 0);
    world.centre.restart_ingest(plan).await;
    let ticket = new_ticket();
    let code = paid_code(&world, &world.shops[0].till, &ticket, Currency::Usd).await;
    let told = raised(&world, "KHQR_UNCLAIMED").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, ticket.as_str());
    for named in [code.md5.as_str(), "customer@aclb", SAMPLE_KHQR_ACCOUNT] {
        assert!(told[0].1.contains(named), "{told:?} does not name {named}");
    }
    // The sale comes after all; it claims the payment, and nobody is told again.
    let till = &world.shops[0].till;
    let sold = till.try_finalize(&ticket, 2, owed(&code)).await.expect("an answer");
    assert_eq!(sold.status, StatusCode::CREATED, "{}", sold.body);
    world.numbered(1).await;
    assert_eq!(codes(&world).await[0].1, "CLAIMED");
    assert_eq!(world.count("SELECT count(*) FROM exception WHERE kind LIKE 'KHQR%'").await, 1);
    world.books_are_right().await;
}
