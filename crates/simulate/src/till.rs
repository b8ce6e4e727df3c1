//! A till, and a client of the direct door: each has a queue of its own, and asks for
//! one thing under one ticket until it is answered, however long that takes.

use std::time::Duration;

use schemas::TicketId;

use crate::{
    Broken,
    books::{Settled, Submission},
    shop,
    world::{Answer, Wish, World},
};

/// A till has a purchase for so many steps of the run.
const STEPS_FOR_ONE: u64 = 50;

#[derive(Debug)]
pub(crate) struct Till {
    pub(crate) shop: usize,
    /// It asks at the direct door instead of the store's edge.
    pub(crate) at_door: bool,
    /// What it asks for now, and whether it has asked before.
    pub(crate) asking: Option<(TicketId, bool)>,
    left: u64,
    /// It is switched off until then, with its queue.
    away_until: Duration,
}

impl Till {
    pub(crate) const fn at(shop: usize, at_door: bool, steps: u64) -> Self {
        let left = steps / STEPS_FOR_ONE;
        Self { shop, at_door, asking: None, left, away_until: Duration::ZERO }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.asking.is_none()
    }
}

impl World {
    /// A till asks, or asks again.
    pub(crate) fn till(&mut self, place: usize) {
        if !self.calm && self.now < self.tills[place].away_until {
            return;
        }
        if self.fault("late till", 20) {
            self.tills[place].away_until =
                self.now + Duration::from_secs(60 + self.chance.below(3_600));
            return;
        }
        let Some((ticket, again)) = self.next_wish(place) else { return };
        self.tills[place].asking = Some((ticket.clone(), true));
        if self.fault("request lost", 100) {
            return;
        }
        let shop = self.tills[place].shop;
        if self.tills[place].at_door {
            self.submit(place, shop, &ticket);
        } else if let Some(edge) = self.edge_of(shop) {
            self.tell(format_args!(
                "till {place} asks for {ticket}{}",
                if again { " again" } else { "" }
            ));
            self.ask_edge(edge, place, ticket);
        }
    }

    /// What a till asks for now.
    fn next_wish(&mut self, place: usize) -> Option<(TicketId, bool)> {
        let till = &self.tills[place];
        if let Some((ticket, asked)) = till.asking.clone() {
            let gives_up = asked && self.broken(Broken::NewTicketOnRetry);
            if gives_up && !self.calm && self.chance.permille(20) {
                let wish = self.wishes.get(&ticket)?.clone();
                let fresh = self.ticket()?;
                self.wishes.insert(fresh.clone(), wish);
                return Some((fresh, true));
            }
            return Some((ticket, asked));
        }
        if self.calm || till.left == 0 {
            return None;
        }
        let shop = till.shop;
        self.tills[place].left -= 1;
        let (ticket, purchase) = (self.ticket()?, self.fresh());
        let cart = shop::cart(self.chance.next());
        let wish = Wish { shop, cart, purchase, answered: None, beyond_promise: false };
        self.wishes.insert(ticket.clone(), wish);
        Some((ticket, false))
    }

    /// `ingest` keeps what the client asks, once, and says what became of it.
    fn submit(&mut self, place: usize, shop: usize, ticket: &TicketId) {
        let kept = self.books.submissions.iter().find(|kept| kept.ticket == *ticket);
        let outcome = match kept {
            Some(kept) => kept.outcome,
            None => {
                let Some(wish) = self.wishes.get(ticket) else { return };
                let (ticket, cart) = (ticket.clone(), wish.cart.clone());
                self.books.submissions.push(Submission { ticket, cart, shop, outcome: None });
                self.tell(format_args!("till {place} submits at the door of store {shop}"));
                None
            }
        };
        let Some(outcome) = outcome else { return };
        let answer = match outcome {
            Settled::Booked(sale) => Answer::Sold(sale),
            Settled::Refused => Answer::Refused,
        };
        if !self.fault("answer lost", 100) {
            self.answered(place, ticket, answer);
        }
    }

    /// A till got its answer.
    pub(crate) fn answered(&mut self, place: usize, ticket: &TicketId, answer: Answer) {
        let Some(wish) = self.wishes.get_mut(ticket) else { return };
        if wish.answered.is_some_and(|before| before != answer) && !wish.beyond_promise {
            self.violated(format!("ticket {ticket} was answered twice, and differently"));
            return;
        }
        wish.answered = Some(answer);
        if answer == Answer::Refused {
            self.violated(format!("ticket {ticket} was refused, though nothing speaks against it"));
        }
        let till = &mut self.tills[place];
        if till.asking.as_ref().is_some_and(|(asking, _)| asking == ticket) {
            till.asking = None;
        }
        self.tell(format_args!("till {place} has its answer"));
    }
}
