//! The bytes for a printer.

use receipt::{Language, Paper, Receipt, escpos::Pictures};
use serde_json::json;

use crate::{
    decoded::{Told, decoded, ink, texts},
    sample::{KHMER_NAME, sale, ticket, view, voided_copy},
};

const PAPERS: [Paper; 2] = [Paper::Mm58, Paper::Mm80];

/// A ticket on which everything is ASCII.
fn plain() -> Receipt {
    let sale = sale(|sale| sale["lines"][0]["name"] = json!("Latte"));
    Receipt::from_entry(&sale, None, true)
}

fn told(receipt: &Receipt, language: Language, paper: Paper) -> Vec<Told> {
    decoded(&receipt.escpos(view(language), paper).unwrap())
}

fn pictures(told: &[Told]) -> Vec<(usize, &[u8])> {
    told.iter()
        .filter_map(|one| match one {
            Told::Picture { row_bytes, dots } => Some((*row_bytes, dots.as_slice())),
            _ => None,
        })
        .collect()
}

#[test]
fn what_is_ascii_is_text_as_wide_as_the_paper() {
    for paper in PAPERS {
        let told = told(&plain(), Language::En, paper);
        assert!(pictures(&told).is_empty());
        for line in texts(&told) {
            assert!(line.len() <= usize::from(paper.columns()), "{line:?}");
        }
    }
    let told = told(&plain(), Language::En, Paper::Mm58);
    insta::assert_snapshot!(texts(&told).join("\n"));
}

#[test]
fn it_begins_anew_and_ends_with_a_cut() {
    for (receipt, language) in [(plain(), Language::En), (voided_copy(), Language::Km)] {
        let told = told(&receipt, language, Paper::Mm80);
        assert_eq!(told.first(), Some(&Told::Reset));
        assert!(matches!(told.as_slice(), [.., Told::Feed(3), Told::Cut]), "{told:?}");
        assert_eq!(told.iter().filter(|one| **one == Told::Cut).count(), 1);
    }
}

#[test]
fn what_is_set_is_set_back() {
    let told = told(&plain(), Language::En, Paper::Mm80);
    let last = |is: fn(&Told) -> bool| told.iter().rfind(|one| is(one)).cloned();
    assert_eq!(last(|one| matches!(one, Told::Bold(_))), Some(Told::Bold(false)));
    assert_eq!(last(|one| matches!(one, Told::Centre(_))), Some(Told::Centre(false)));
    assert_eq!(last(|one| matches!(one, Told::Size(_))), Some(Told::Size(0)));
    let copy = told.iter().position(|one| *one == Told::Text("COPY".to_owned())).unwrap();
    assert_eq!(
        told[copy - 3..=copy + 1],
        [
            Told::Centre(true),
            Told::Bold(true),
            Told::Size(1),
            Told::Text("COPY".to_owned()),
            Told::Size(0)
        ]
    );
}

#[test]
fn khmer_is_a_picture_as_wide_as_the_paper_with_ink_in_it() {
    for paper in PAPERS {
        let told = told(&voided_copy(), Language::Km, paper);
        let pictures = pictures(&told);
        assert!(pictures.len() > 10, "{} pictures", pictures.len());
        for (row_bytes, dots) in pictures {
            assert_eq!(row_bytes * 8, usize::from(paper.dots()));
            let (rows, ink) = (dots.len() / row_bytes, ink(dots));
            assert!((32..=128).contains(&rows), "{rows} rows");
            assert!(ink > 100, "{ink} dots");
            // Text, not a blot.
            assert!(ink < u32::from(paper.dots()) * 12, "{ink} dots");
        }
    }
    // What is ASCII stays text beside it.
    let told = told(&voided_copy(), Language::Km, Paper::Mm80);
    assert!(texts(&told).contains(&"pos-1795253400123-0f1e2d3c4b5a69788796"), "{told:?}");
}

#[test]
fn one_khmer_name_on_an_english_receipt_is_one_picture() {
    let told = told(&ticket(), Language::En, Paper::Mm80);
    let pictures = pictures(&told);
    assert_eq!(pictures.len(), 1, "the latte");
    // Its figure stands at the right edge of the same picture.
    let (row_bytes, dots) = pictures[0];
    let right: u32 = dots.chunks(row_bytes).map(|row| ink(&row[row_bytes - 6..])).sum();
    assert!(right > 50, "{right} dots");
}

#[test]
fn khmer_is_shaped() {
    let mut pictures = Pictures::new();
    let mut width = |text: &str| pictures.width(text);
    // A subscript goes below: ka + coeng + ka is no wider than two letters
    // and a sign, and hardly wider than one.
    let (letter, cluster) = (width("ក"), width("ក្ក"));
    let apart: usize = ["ក", "\u{17d2}", "ក"].map(&mut width).iter().sum();
    assert!(letter > 8, "{letter}");
    assert!(cluster < apart && cluster < 2 * letter, "{cluster} of {apart}");
    assert!(cluster <= letter + 2, "{cluster} beside {letter}");
    // A vowel above takes no room, one at the side does.
    assert!(width("កិ") <= letter + 2);
    assert!(width("កេ") > letter + 4);
}

#[test]
fn every_letter_that_we_print_is_in_the_fonts() {
    let mut pictures = Pictures::new();
    for language in [Language::En, Language::Km] {
        for receipt in [ticket(), voided_copy()] {
            let read = crate::sample::read(&receipt.lines(view(language)));
            for letter in read.chars().filter(|letter| letter.is_alphanumeric()) {
                assert!(pictures.has(letter), "{letter:?}");
            }
        }
    }
    assert!(!pictures.has('\u{10fffd}') && !pictures.has('茶'));
}

#[test]
fn long_khmer_is_broken_and_nothing_of_it_is_lost() {
    let with = |times: usize| -> (usize, u32) {
        let sale = sale(|sale| sale["lines"][1]["name"] = json!(KHMER_NAME.repeat(times)));
        let receipt = Receipt::from_entry(&sale, None, false);
        let told = told(&receipt, Language::En, Paper::Mm58);
        let pictures = pictures(&told);
        (pictures.len(), pictures.iter().map(|(_, dots)| ink(dots)).sum())
    };
    let [(few, one), (_, two), (many, seven)] = [1, 2, 7].map(with);
    assert!(many >= few + 4, "{many} lines after {few}");
    // Six times as much more, within what rounding to dots makes.
    let (once, six_times) = (two - one, seven - one);
    assert!(six_times.abs_diff(6 * once) < once / 5, "{once} and {six_times} dots more");
}

#[test]
fn a_name_cannot_command_the_printer() {
    let hostile = sale(|sale| {
        sale["lines"][1]["name"] = json!("tea\u{1b}p\u{0}\u{19}\u{fa}\u{1d}VA\u{0}");
        sale["cashier_name"] = json!("\u{10}\u{4}\u{1}\u{9b}x\u{7f}");
        sale["seller"]["name"] = json!("a\u{1b}@b");
    });
    let receipt = Receipt::from_entry(&hostile, None, false);
    // The decoder knows no other command and no control character.
    let told = told(&receipt, Language::En, Paper::Mm58);
    assert_eq!(told.iter().filter(|one| **one == Told::Cut).count(), 1);
    assert_eq!(told.iter().filter(|one| **one == Told::Reset).count(), 1);
}
