//! Each invariant broken on purpose: some seed notices it, and says what.

use simulate::{Broken, Plan, run};

/// Seeds within which each broken invariant must be noticed.
const SEEDS: u64 = 400;

#[track_caller]
fn is_noticed(broken: Broken, says: &[&str]) {
    let noticed = (0..SEEDS).find_map(|seed| {
        let plan = Plan { broken: Some(broken), ..Plan::of(seed) };
        run(&plan).violation.map(|why| (seed, why))
    });
    let Some((seed, why)) = noticed else {
        panic!("{broken} was noticed by none of {SEEDS} seeds")
    };
    assert!(says.iter().any(|says| why.contains(says)), "{broken}, seed {seed}: {why}");
    assert_eq!(run(&Plan::of(seed)).violation, None, "the same seed, not broken");
}

macro_rules! noticed {
    ($($name:ident: $broken:ident says $($says:literal)|+;)+) => {
        $(#[test]
        fn $name() {
            is_noticed(Broken::$broken, &[$($says),+]);
        })+
    };
}

noticed! {
    ack_before_commit: AckBeforeCommit says "as confirmed, and the books end at";
    prune_on_broker_ack: PruneOnBrokerAck says "which the books do not have";
    skip_hole_check: SkipHoleCheck says "and its cursors say";
    reuse_message_id: ReuseMessageId says "the broker swallows entry";
    relay_by_watermark: RelayByWatermark says "facts wait for their place";
    number_outside_the_transaction: NumberOutsideTransaction says "the register breaks" | "has two numbers";
    unfenced_holder: UnfencedHolder says
        "which the books do not have" | "and the books end at" | "sales have" | "has two numbers"
        | "and its cursors say";
    answer_before_fsync: AnswerBeforeFsync says "was answered and is lost" | "answered twice";
    trust_old_copy: TrustOldCopy says "is an old copy";
    new_ticket_on_retry: NewTicketOnRetry says "one purchase was sold twice";
    skip_mapping_gap: SkipMappingGap says "holds other numbers than the register";
    cursor_apart: CursorApart says "and its cursors say" | "the books refuse a batch";
    trust_unknown_commit: TrustUnknownCommit says "as confirmed, and the books end at";
    attempts_from_zero: AttemptsFromZero says "the broker swallows entry";
    settle_apart: SettleApart says "was refused";
}
