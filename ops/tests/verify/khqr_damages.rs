//! What can happen to KHQR sales, and to the codes that they claim. The entries are
//! those of [`with_khqr`].

use rust_decimal::Decimal;
use schemas::{
    Clock as _, Currency, DeviceId, Entry, EntryKind, Sha256Hash, StaffId, SystemClock,
    events::{KhqrProof, SaleFinalizedV1, Tender, TenderMethod},
    requests::KhqrIntentV1,
};
use store::khqr::{self, NewIntent, Payment, Recorded};
use testkit::{Store, sqlx::PgPool};
use uuid::Uuid;

use crate::damages::{Damage, damage};

pub const KHQR: &[Damage] = &[
    damage("the proofs of sales are gone", "DELETE FROM sale_khqr WHERE true", &["khqr"]),
    damage(
        "a proof names another transaction",
        "UPDATE sale_khqr p SET khqr_hash = 'another' FROM khqr_intent i
         WHERE i.sale_id = p.sale_id",
        &["khqr"],
    ),
    damage(
        "a claimed code asked for another amount",
        "UPDATE khqr_intent SET amount = amount + 1 WHERE state = 'CLAIMED'",
        &["khqr"],
    ),
    damage(
        "a claimed code paid somebody else",
        "UPDATE khqr_intent SET paid_to_account = 'somebody@else' WHERE state = 'CLAIMED'",
        &["khqr"],
    ),
    damage(
        "a claimed code was of another ticket",
        "UPDATE khqr_intent SET ticket_id = 'another' WHERE state = 'CLAIMED'",
        &["khqr"],
    ),
    damage(
        "a claim is forgotten",
        "UPDATE khqr_intent SET state = 'PAID', sale_id = NULL WHERE state = 'CLAIMED'",
        &["khqr"],
    ),
    damage(
        "a code is claimed by a sale that is not there",
        "UPDATE khqr_intent SET sale_id = gen_random_uuid() WHERE state = 'CLAIMED'",
        &["khqr"],
    ),
    damage(
        "the code of a payment that nobody claimed is claimed",
        "UPDATE khqr_intent SET state = 'CLAIMED', sale_id = gen_random_uuid()
         WHERE state = 'PAID'",
        &["khqr"],
    ),
    damage("a code is gone", "DELETE FROM khqr_intent WHERE state = 'CLAIMED'", &["khqr"]),
    damage(
        "nobody is told of a sale without a payment",
        "DELETE FROM exception WHERE kind = 'KHQR_UNPROVEN'",
        &["khqr"],
    ),
];

/// 1 opening, 2 and 3 paid by KHQR, 4 the same without a code in the books, 5 in
/// cash; and a payment that no sale claims.
pub async fn with_khqr(pool: &PgPool, store: &Store) -> Vec<Entry> {
    let mut journal = store.journal();
    let mut entries = vec![journal.open_session()];
    for place in 0..4 {
        let mut sale = journal.next_sale();
        let md5 = Uuid::now_v7().simple().to_string();
        if place != 2 {
            intend(pool, store, &sale, &md5).await;
        }
        if place < 3 {
            sale.tender = tender(&sale, &md5);
        }
        entries.push(journal.append(EntryKind::SaleFinalized, &sale));
    }
    entries
}

fn payment(sale: &SaleFinalizedV1, md5: &str) -> Payment {
    Payment {
        hash: format!("transaction of {md5}"),
        from_account_id: None,
        to_account_id: "shop@bank".to_owned(),
        confirmed_at: sale.finalized_at,
    }
}

fn tender(sale: &SaleFinalizedV1, md5: &str) -> Tender {
    let paid = payment(sale, md5);
    Tender {
        method: TenderMethod::Khqr,
        currency: Currency::Usd,
        received: sale.grand_total_usd.amount(),
        change: Decimal::ZERO,
        khqr: Some(KhqrProof {
            khqr_md5: md5.to_owned(),
            khqr_hash: paid.hash,
            khqr_to_account_id: paid.to_account_id,
            khqr_confirmed_at: paid.confirmed_at,
            khqr_priced_at: None,
        }),
    }
}

/// Writes a code with its payment, as `ingest` does.
async fn intend(pool: &PgPool, store: &Store, sale: &SaleFinalizedV1, md5: &str) {
    let now = SystemClock.now();
    let intent = KhqrIntentV1 {
        md5: md5.to_owned(),
        payload: "a code".to_owned(),
        ticket_id: sale.ticket_id.clone(),
        cash_session_id: None,
        device_id: DeviceId::from_uuid(Uuid::nil()),
        staff_id: StaffId::from_uuid(Uuid::nil()),
        currency: Currency::Usd,
        amount: sale.grand_total_usd.amount(),
        to_account_id: "shop@bank".to_owned(),
        cart_hash: Sha256Hash::ZERO,
        created_at: now,
        expires_at: now.plus_micros(1),
    };
    let Store { tenant_id, branch_id, edge_id, .. } = *store;
    let (intent, locked) = (&intent, None);
    let new = NewIntent { tenant_id, branch_id, edge_id, intent, locked, recorded_at: now };
    let mut conn = pool.acquire().await.unwrap();
    assert!(khqr::insert(&mut conn, &new).await.unwrap());
    let recorded = khqr::record_payment(&mut conn, md5, &payment(sale, md5)).await.unwrap();
    assert_eq!(recorded, Recorded::Now);
}
