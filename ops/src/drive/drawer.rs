//! What lies in a cashier's drawer, as the till sees it go in and out. It is
//! counted from this alone, so that a Z report without a difference says that the
//! edge kept the same account.

use rust_decimal::{Decimal, RoundingStrategy};
use schemas::{
    Currency, Khr, Money, Usd,
    edge_api::{CloseCashSession, Quote, VoidApproved},
    events::{Tender, TenderMethod},
};

/// Riel notes that people carry.
const RIEL_NOTE: i64 = 5_000;
/// Dollar notes that people carry.
const DOLLAR_NOTE: i64 = 5;

/// What a customer hands over: the next notes above what is owed.
pub fn hand_over(quote: &Quote, riel: bool) -> Money {
    let up_to = |owed: Decimal, note: i64| {
        let note = Decimal::from(note);
        (owed / note).round_dp_with_strategy(0, RoundingStrategy::AwayFromZero) * note
    };
    if riel {
        let amount = up_to(quote.totals.payable_khr.amount(), RIEL_NOTE);
        Money { amount, currency: Currency::Khr }
    } else {
        let amount = up_to(quote.totals.grand_total_usd.amount(), DOLLAR_NOTE);
        Money { amount, currency: Currency::Usd }
    }
}

/// Money in a drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawer {
    usd: Decimal,
    khr: Decimal,
}

impl Drawer {
    /// A drawer with what is in it in the morning.
    pub const fn with(float_usd: Usd, float_khr: Khr) -> Self {
        Self { usd: float_usd.amount(), khr: float_khr.amount() }
    }

    /// A sale: what was kept of the cash. Other tenders do not reach the drawer.
    pub fn take(&mut self, tender: &Tender) {
        if tender.method == TenderMethod::Cash {
            *self.of(tender.currency) += tender.received - tender.change;
        }
    }

    /// A void: what the customer gets back.
    pub fn give_back(&mut self, void: &VoidApproved) {
        *self.of(void.refund_currency) -= void.refund_amount;
    }

    /// Counts it.
    pub const fn count(&self) -> CloseCashSession {
        CloseCashSession { counted_usd: Usd(self.usd), counted_khr: Khr(self.khr) }
    }

    const fn of(&mut self, currency: Currency) -> &mut Decimal {
        match currency {
            Currency::Usd => &mut self.usd,
            Currency::Khr => &mut self.khr,
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::{OrderId, SaleId, StaffId, TicketId, Timestamp, VoidRequestId};
    use uuid::Uuid;

    use super::*;

    fn tender(method: TenderMethod, currency: Currency, received: i64, change: i64) -> Tender {
        let (received, change) = (Decimal::from(received), Decimal::from(change));
        Tender { method, currency, received, change, khqr: None }
    }

    #[test]
    fn only_cash_goes_in_and_what_was_kept_comes_back_out() {
        let mut drawer = Drawer::with(Usd(Decimal::from(50)), Khr(Decimal::from(100_000)));
        drawer.take(&tender(TenderMethod::Cash, Currency::Usd, 10, 3));
        drawer.take(&tender(TenderMethod::Cash, Currency::Khr, 25_000, 1_300));
        drawer.take(&tender(TenderMethod::Khqr, Currency::Usd, 8, 0));
        let id = Uuid::nil();
        drawer.give_back(&VoidApproved {
            void_request_id: VoidRequestId::from_uuid(id),
            ticket_id: TicketId::parse("t").unwrap_or_else(|_| unreachable!()),
            sale_id: SaleId::from_uuid(id),
            order_id: OrderId::from_uuid(id),
            approved_by: StaffId::from_uuid(id),
            note: None,
            refund_currency: Currency::Usd,
            refund_amount: Decimal::from(7),
            approved_at: Timestamp::from_unix_micros(0),
        });
        let counted = drawer.count();
        assert_eq!(counted.counted_usd, Usd(Decimal::from(50)));
        assert_eq!(counted.counted_khr, Khr(Decimal::from(123_700)));
    }
}
