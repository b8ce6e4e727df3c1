//! What the stand-in knows: tokens, payments, behaviours, and who called.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{Behaviour, MAX_CODES, Payment};

/// Calls that have arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) checks: u64,
    pub(super) renewals: u64,
}

/// A payment with the hash of its transaction.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) hash: String,
    pub(super) payment: Payment,
}

#[derive(Debug, Default)]
struct Code {
    paid: Option<Transaction>,
    behaviour: Option<Behaviour>,
    checks: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// Tokens are numbered; only the newest is taken.
    issued: u64,
    expired: bool,
    transactions: u64,
    codes: HashMap<String, Code>,
    for_all: Behaviour,
    on_renewal: Behaviour,
}

impl Known {
    fn code(&mut self, md5: &str) -> &mut Code {
        if self.codes.len() >= MAX_CODES && !self.codes.contains_key(md5) {
            self.codes.clear();
        }
        self.codes.entry(md5.to_owned()).or_default()
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    known: Mutex<Known>,
    calls: watch::Sender<Calls>,
    /// Counts how often slow answers were let go.
    released: watch::Sender<u64>,
    closed: watch::Sender<bool>,
}

impl State {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn token(&self) -> String {
        token(self.known().issued)
    }

    pub(super) fn expire_token(&self) {
        self.known().expired = true;
    }

    pub(super) fn takes_token(&self, bearer: Option<&str>) -> bool {
        let known = self.known();
        !known.expired && bearer == Some(token(known.issued).as_str())
    }

    pub(super) fn renew_token(&self) -> String {
        let mut known = self.known();
        known.issued += 1;
        known.expired = false;
        token(known.issued)
    }

    pub(super) fn pay(&self, md5: &str, payment: Payment) -> String {
        let mut known = self.known();
        known.transactions += 1;
        // 64 hex digits, as Bakong's are.
        let hash = format!("{md5:0<32}{:032x}", known.transactions);
        let transaction = Transaction { hash: hash.clone(), payment };
        known.code(md5).paid = Some(transaction);
        hash
    }

    pub(super) fn paid(&self, md5: &str) -> Option<Transaction> {
        self.known().codes.get(md5).and_then(|code| code.paid.clone())
    }

    pub(super) fn behave(&self, behaviour: Behaviour) {
        self.known().for_all = behaviour;
    }

    pub(super) fn behave_for(&self, md5: &str, behaviour: Behaviour) {
        self.known().code(md5).behaviour = Some(behaviour);
    }

    pub(super) fn behave_on_renewal(&self, behaviour: Behaviour) {
        self.known().on_renewal = behaviour;
    }

    pub(super) fn checks_of(&self, md5: &str) -> u64 {
        self.known().codes.get(md5).map_or(0, |code| code.checks)
    }

    pub(super) fn calls(&self) -> Calls {
        *self.calls.borrow()
    }

    /// Counts a check and says how to answer it.
    pub(super) fn checked(&self, md5: &str) -> Behaviour {
        let behaviour = {
            let mut known = self.known();
            let code = known.code(md5);
            code.checks += 1;
            code.behaviour.clone().unwrap_or_else(|| known.for_all.clone())
        };
        self.calls.send_modify(|calls| calls.checks += 1);
        behaviour
    }

    /// Counts a renewal and says how to answer it.
    pub(super) fn renewal_asked(&self) -> Behaviour {
        let behaviour = self.known().on_renewal.clone();
        self.calls.send_modify(|calls| calls.renewals += 1);
        behaviour
    }

    pub(super) async fn wait_for(&self, mut enough: impl FnMut(&Calls) -> bool) {
        // The sender is our own, so it cannot be gone.
        let _ = self.calls.subscribe().wait_for(|calls| enough(calls)).await;
    }

    /// From here on a call that waits is let go by [`Self::answer_slow`].
    pub(super) fn released(&self) -> watch::Receiver<u64> {
        self.released.subscribe()
    }

    pub(super) fn answer_slow(&self) {
        self.released.send_modify(|times| *times += 1);
    }

    pub(super) fn closed(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    pub(super) fn close(&self) {
        self.closed.send_replace(true);
        self.answer_slow();
    }
}

fn token(number: u64) -> String {
    format!("stand-in-token-{number}")
}
