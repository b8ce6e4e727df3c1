//! What becomes of an edge's arrivals, case by case.

use domain::journal_chain::head_of;
use schemas::{Entry, requests::JournalHead};
use workers::admission::{
    Admission, Arrival, Content, Decision, EdgeBooks, EdgeMemory, MAX_SUSPECTS, admit,
};

use crate::model::{Step, Store, store::forked};

fn journal(length: usize) -> Vec<Entry> {
    Store::new(0).write(&vec![Step::Sell; length])
}

/// Books that have the first `have` entries.
fn books(journal: &[Entry], have: usize) -> EdgeBooks {
    let head = have.checked_sub(1).map_or(JournalHead::EMPTY, |last| head_of(&journal[last]));
    let archived = journal[..have].iter().map(|entry| (entry.seq, entry.hash)).collect();
    EdgeBooks { head, held: false, archived }
}

fn verified(entries: &[&Entry]) -> Vec<Arrival<'static>> {
    let leak = |entry: &Entry| -> &'static Entry { Box::leak(Box::new(entry.clone())) };
    entries
        .iter()
        .enumerate()
        .map(|(place, entry)| Arrival {
            place,
            message: place as u64 + 1,
            content: Content::Verified(leak(entry)),
        })
        .collect()
}

fn unverifiable(seq: Option<u64>, message: u64) -> Arrival<'static> {
    Arrival { place: 0, message, content: Content::Unverifiable { seq } }
}

fn decide(books: &EdgeBooks, memory: &mut EdgeMemory, arrivals: &[Arrival<'_>]) -> Admission {
    admit(Store::new(0).edge_id, books, memory, arrivals)
}

fn decisions(admission: &Admission) -> Vec<Decision> {
    let mut by_place = admission.decisions.clone();
    by_place.sort_by_key(|(place, _)| *place);
    by_place.into_iter().map(|(_, decision)| decision).collect()
}

#[test]
fn what_is_contiguous_is_applied_in_order_however_it_came() {
    let journal = journal(4);
    let arrivals = verified(&[&journal[2], &journal[1], &journal[1], &journal[3]]);
    let admission = decide(&books(&journal, 1), &mut EdgeMemory::default(), &arrivals);
    use Decision::{Apply, Duplicate};
    assert_eq!(decisions(&admission), [Apply, Apply, Duplicate, Apply]);
    let order: Vec<usize> =
        admission.decisions.iter().filter(|d| d.1 == Apply).map(|d| d.0).collect();
    assert_eq!(order, [1, 0, 3]);
    assert_eq!(admission.head, head_of(&journal[3]));
    assert!(!admission.resend);
}

#[test]
fn a_hole_is_asked_for_once_for_each_cursor() {
    let journal = journal(6);
    let mut memory = EdgeMemory::default();
    let have_one = books(&journal, 1);
    let ahead = verified(&[&journal[2], &journal[3]]);
    let first = decide(&have_one, &mut memory, &ahead);
    assert_eq!(decisions(&first), [Decision::Hole, Decision::Hole]);
    assert!(first.resend);
    assert!(!decide(&have_one, &mut memory, &ahead).resend, "asked already");
    // Part of it came, and then another hole.
    let next = verified(&[&journal[1], &journal[4]]);
    let admission = decide(&have_one, &mut memory, &next);
    assert_eq!(decisions(&admission), [Decision::Apply, Decision::Hole]);
    assert!(admission.resend, "the cursor is another one");
    assert_eq!(admission.head.seq, 2);
}

#[test]
fn an_entry_of_another_history_holds_the_edge() {
    let journal = journal(4);
    // In a place that the books have.
    let known = decide(
        &books(&journal, 3),
        &mut EdgeMemory::default(),
        &verified(&[&forked(&journal[1]), &journal[3]]),
    );
    assert_eq!(decisions(&known), [Decision::Fork, Decision::Held]);
    assert_eq!(known.head.seq, 3);
    assert!(known.hold.is_some_and(|why| why.contains("another history")));
    // Twice in one batch.
    let twice = decide(
        &books(&journal, 1),
        &mut EdgeMemory::default(),
        &verified(&[&journal[1], &forked(&journal[1])]),
    );
    assert_eq!(decisions(&twice), [Decision::Apply, Decision::Fork]);
    assert_eq!(twice.head, head_of(&journal[1]));
    // Next in line, but sealed upon something else.
    let mut other = Store::new(0);
    other.write(&[Step::Open]);
    let stray = other.write(&[Step::Sell]);
    let next = decide(&books(&journal, 1), &mut EdgeMemory::default(), &verified(&[&stray[0]]));
    assert_eq!(decisions(&next), [Decision::Fork]);
    assert!(next.hold.is_some() && !next.resend);
}

#[test]
fn a_held_edge_is_applied_nothing_of() {
    let journal = journal(3);
    let held = EdgeBooks { held: true, ..books(&journal, 1) };
    let mut arrivals = verified(&[&journal[0], &journal[1]]);
    arrivals.push(Arrival { place: 2, ..unverifiable(Some(3), 9) });
    let admission = decide(&held, &mut EdgeMemory::default(), &arrivals);
    assert_eq!(decisions(&admission), [Decision::Held; 3]);
    assert_eq!((admission.head.seq, admission.hold, admission.resend), (1, None, false));
}

#[test]
fn the_same_entry_unverifiable_in_two_messages_holds_the_edge() {
    let journal = journal(3);
    let have = books(&journal, 1);
    let mut memory = EdgeMemory::default();
    let first = decide(&have, &mut memory, &[unverifiable(Some(2), 10)]);
    assert_eq!(decisions(&first), [Decision::Unverifiable]);
    assert!(first.resend && first.hold.is_none(), "asked for again");
    // The same message once more is no second try.
    let same = decide(&have, &mut memory, &[unverifiable(Some(2), 10)]);
    assert_eq!((same.resend, same.hold), (false, None));
    let other = decide(&have, &mut memory, &[unverifiable(Some(3), 11)]);
    assert!(other.resend && other.hold.is_none(), "another entry");
    let again = decide(&have, &mut memory, &[unverifiable(Some(2), 12)]);
    assert!(again.hold.is_some_and(|why| why.contains("did not verify")));
}

#[test]
fn suspicion_ends_when_the_entry_comes_whole() {
    let journal = journal(3);
    let mut memory = EdgeMemory::default();
    decide(&books(&journal, 1), &mut memory, &[unverifiable(Some(2), 10)]);
    let arrivals = verified(&[&journal[1]]);
    let whole = decide(&books(&journal, 1), &mut memory, &arrivals);
    assert_eq!(decisions(&whole), [Decision::Apply]);
    let late = decide(&books(&journal, 2), &mut memory, &[unverifiable(Some(2), 11)]);
    assert_eq!(decisions(&late), [Decision::Unverifiable]);
    assert_eq!((late.resend, late.hold), (false, None), "the books have it");
}

#[test]
fn a_flood_of_unverifiable_messages_takes_bounded_memory() {
    let journal = journal(1);
    let mut memory = EdgeMemory::default();
    let have_one = books(&journal, 1);
    for seq in (2..10_000).rev() {
        admit(journal[0].edge_id, &have_one, &mut memory, &[unverifiable(Some(seq), seq)]);
    }
    assert_eq!(memory.suspected(), MAX_SUSPECTS);
}
