//! What the engine does: one request and one answer for each act.
//!
//! | act | number | request | answer |
//! |---|---|---|---|
//! | load | 0 | a catalogue, as the edge sends it | `{handle}` |
//! | unload | 1 | `{handle}` | `{}` |
//! | price | 2 | `{handle, cart, at}` | the totals |
//! | settle | 3 | `{totals, offer}` | the tender, with the change |
//! | quick amounts | 4 | `{totals, currency}` | `{amounts}` |
//! | count notes | 5 | `{currency, notes: [{note, count}]}` | `{total}` |
//! | count drawer | 6 | `{report, counted_usd, counted_khr}` | the count, with its differences |
//! | sum | 7 | `{amounts}` | `{total}` |
//! | notes | 8 | `{currency}` | `{notes}` |
//!
//! Amounts are decimal strings, as in the edge's API.

use std::collections::HashMap;

use domain::{
    cash,
    catalogue::CatalogueIndex,
    pricing::{self, Priced},
    sessions, tender,
};
use rust_decimal::Decimal;
use schemas::{
    Currency, Khr, Timestamp, Usd,
    catalogue::CatalogueV1,
    edge_api::{Cart, TenderOffer, Totals},
    events::SessionReport,
};
use serde::{Deserialize, Serialize};

use crate::answer::{self, Problem};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Keep a catalogue.
    Load,
    /// Forget one.
    Unload,
    /// Price a cart at a moment.
    Price,
    /// Settle a sale in cash.
    Settle,
    /// What a customer probably hands over.
    QuickAmounts,
    /// What counted notes come to.
    CountNotes,
    /// What was counted against what a report expects.
    CountDrawer,
    /// The sum of some amounts.
    Sum,
    /// The notes of a currency.
    Notes,
}

impl Act {
    const ALL: [Self; 9] = [
        Self::Load,
        Self::Unload,
        Self::Price,
        Self::Settle,
        Self::QuickAmounts,
        Self::CountNotes,
        Self::CountDrawer,
        Self::Sum,
        Self::Notes,
    ];

    /// The act of that number, if there is one.
    pub fn numbered(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// The catalogues that were loaded, by handle: 1, 2, 3, …
#[derive(Debug, Default)]
pub struct Engine {
    loaded: HashMap<u32, CatalogueIndex>,
    last: u32,
}

#[derive(Serialize)]
struct Loaded {
    handle: u32,
}

#[derive(Deserialize)]
struct Unload {
    handle: u32,
}

#[derive(Serialize)]
struct Done {}

#[derive(Deserialize)]
struct Price {
    handle: u32,
    cart: Cart,
    at: Timestamp,
}

#[derive(Deserialize)]
struct Settle {
    totals: Totals,
    offer: TenderOffer,
}

#[derive(Deserialize)]
struct QuickAmounts {
    totals: Totals,
    currency: Currency,
}

#[derive(Serialize)]
struct Amounts {
    amounts: Vec<Decimal>,
}

#[derive(Deserialize)]
struct CountNotes {
    currency: Currency,
    notes: Vec<Notes>,
}

#[derive(Deserialize)]
struct Notes {
    note: u32,
    count: u32,
}

#[derive(Deserialize)]
struct CountDrawer {
    report: SessionReport,
    counted_usd: Usd,
    counted_khr: Khr,
}

#[derive(Deserialize)]
struct Sum {
    amounts: Vec<Decimal>,
}

#[derive(Serialize)]
struct Total {
    total: Decimal,
}

#[derive(Deserialize)]
struct WhichNotes {
    currency: Currency,
}

#[derive(Serialize)]
struct TheNotes {
    notes: &'static [u32],
}

impl Engine {
    /// Does an act on a request of JSON, and answers in JSON.
    pub fn answer(&mut self, act: Option<Act>, request: &[u8]) -> Vec<u8> {
        match act {
            None => answer::bytes(Err::<(), _>(Problem::no_such_act())),
            Some(Act::Load) => done(request, |asked| self.load(asked)),
            Some(Act::Unload) => done(request, |asked: Unload| {
                self.loaded.remove(&asked.handle).map(|_| Done {}).ok_or_else(Problem::not_loaded)
            }),
            Some(Act::Price) => done(request, |asked| self.price(asked)),
            Some(Act::Settle) => done(request, |asked: Settle| {
                tender::settle(&asked.totals, &asked.offer).map_err(Problem::from)
            }),
            Some(Act::QuickAmounts) => done(request, |asked: QuickAmounts| {
                Ok(Amounts { amounts: cash::quick_amounts(&asked.totals, asked.currency) })
            }),
            Some(Act::CountNotes) => done(request, |asked: CountNotes| {
                let counted = asked.notes.iter().map(|notes| (notes.note, notes.count));
                Ok(Total { total: cash::count_notes(asked.currency, counted)? })
            }),
            Some(Act::CountDrawer) => done(request, |asked: CountDrawer| {
                Ok(sessions::count_drawer(&asked.report, asked.counted_usd, asked.counted_khr))
            }),
            Some(Act::Sum) => done(request, |asked: Sum| {
                let sum = asked.amounts.into_iter().fold(Decimal::ZERO, Decimal::saturating_add);
                Ok(Total { total: sum })
            }),
            Some(Act::Notes) => done(request, |asked: WhichNotes| {
                Ok(TheNotes { notes: cash::notes(asked.currency) })
            }),
        }
    }

    fn load(&mut self, catalogue: CatalogueV1) -> Result<Loaded, Problem> {
        let index = CatalogueIndex::new(catalogue)?;
        self.last = self.last.wrapping_add(1);
        self.loaded.insert(self.last, index);
        Ok(Loaded { handle: self.last })
    }

    fn price(&self, asked: Price) -> Result<Totals, Problem> {
        let index = self.loaded.get(&asked.handle).ok_or_else(Problem::not_loaded)?;
        let Priced { totals, .. } = pricing::price(index, &asked.cart, asked.at)?;
        Ok(totals)
    }
}

fn done<'a, Asked: Deserialize<'a>, Answer: Serialize>(
    request: &'a [u8],
    act: impl FnOnce(Asked) -> Result<Answer, Problem>,
) -> Vec<u8> {
    let asked = serde_json::from_slice(request).map_err(|error| Problem::unreadable(&error));
    answer::bytes(asked.and_then(act))
}
