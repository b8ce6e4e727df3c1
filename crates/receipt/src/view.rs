//! How a receipt is looked at: in which language, by which clock.

use schemas::{
    Currency,
    events::{AppliedDiscount, SaleLine, SaleStatus},
};
use time::UtcOffset;

use crate::{
    Language, Receipt,
    figures::{amount, less, moment, rate},
    line::{Line, plain},
    words::Words,
};

/// In which language and by which clock a receipt is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The language.
    pub language: Language,
    /// How far the store's clock is from UTC.
    pub offset: UtcOffset,
}

impl Receipt {
    /// The receipt as lines, from top to bottom. Names and addresses come from
    /// stored text: control characters are taken out of them here.
    pub fn lines(&self, view: View) -> Vec<Line> {
        let words = view.language.words();
        let mut lines = Vec::new();
        self.head(words, &mut lines);
        self.number(words, &mut lines);
        lines.push(Line::pair(words.date, moment(self.finalized_at, view.offset)));
        lines.push(Line::pair(words.cashier, plain(&self.cashier_name)));
        lines.push(Line::text(words.sale_type(self.sale_type)));
        lines.push(Line::Rule);
        for line in &self.lines {
            sale_line(line, &mut lines);
        }
        lines.push(Line::Rule);
        self.totals(words, &mut lines);
        lines.push(Line::Rule);
        self.paid(words, &mut lines);
        lines
    }

    /// What names this receipt: its number, or its ticket until it has one.
    pub fn title(&self, language: Language) -> String {
        let words = language.words();
        match &self.invoice {
            Some(invoice) => format!("{} #{}", words.invoice, invoice.no),
            None => format!("{} {}", words.ticket, self.ticket_id),
        }
    }

    fn head(&self, words: &Words, lines: &mut Vec<Line>) {
        lines.push(Line::Title(plain(&self.seller.name)));
        lines.push(Line::Centered(plain(&self.seller.branch_name)));
        lines.extend(self.seller.address.lines().map(|line| Line::Centered(plain(line))));
        if let Some(tin) = &self.seller.tin {
            lines.push(Line::Centered(format!("{}: {}", words.tin, plain(tin))));
        }
        if self.copy {
            lines.push(Line::Notice(words.copy.to_owned()));
        }
        match self.status {
            SaleStatus::Finalized => {}
            SaleStatus::VoidPending => lines.push(Line::Notice(words.void_pending.to_owned())),
            SaleStatus::Voided => lines.push(Line::Notice(words.void.to_owned())),
        }
        lines.push(Line::Rule);
    }

    fn number(&self, words: &Words, lines: &mut Vec<Line>) {
        match &self.invoice {
            Some(invoice) => {
                lines.push(Line::Strong(format!("{} #{}", words.invoice, invoice.no)));
                lines.extend(invoice.printed.as_deref().map(|no| Line::Text(plain(no))));
                lines.push(Line::pair(words.chain_hash, invoice.chain_hash.short()));
                lines.push(Line::Text(self.ticket_id.to_string()));
            }
            None => {
                lines.push(Line::Strong(format!("{} {}", words.ticket, self.ticket_id)));
                lines.push(Line::text(words.number_follows));
            }
        }
    }

    fn totals(&self, words: &Words, lines: &mut Vec<Line>) {
        let usd = |figure| amount(figure, Currency::Usd);
        let khr = |figure| amount(figure, Currency::Khr);
        lines.push(Line::pair(words.subtotal, usd(self.subtotal_usd.amount())));
        if !self.branch_discount_usd.amount().is_zero() {
            let off = less(self.branch_discount_usd.amount(), Currency::Usd);
            lines.push(Line::pair(names(&self.branch_discounts), off));
        }
        if self.vat.enabled {
            let vat = format!("{} {} %", words.vat, self.vat.rate_percent);
            lines.push(Line::pair(vat, usd(self.vat.amount_usd.amount())));
        }
        let total = |code| format!("{} {code}", words.total);
        lines.push(Line::strong_pair(total("USD"), usd(self.grand_total_usd.amount())));
        lines.push(Line::strong_pair(total("KHR"), khr(self.grand_total_khr.amount())));
        let one_dollar = format!("1 USD = {} KHR", rate(self.fx_rate_khr_per_usd));
        lines.push(Line::pair(words.rate, one_dollar));
        if self.khr_rounding.enabled {
            let rounding = format!("{} KHR", words.rounding);
            lines.push(Line::pair(rounding, khr(self.khr_rounding.rounding_khr.amount())));
            let payable = format!("{} KHR", words.payable);
            lines.push(Line::strong_pair(payable, khr(self.payable_khr.amount())));
        }
    }

    fn paid(&self, words: &Words, lines: &mut Vec<Line>) {
        let payment = &self.payment;
        let of = |word: &str| format!("{word} {}", payment.currency.code());
        let received = amount(payment.received, payment.currency);
        lines.push(Line::pair(of(words.method(payment.method)), received));
        lines.push(Line::pair(of(words.change), amount(payment.change, payment.currency)));
        if let Some(hash) = &payment.khqr_short_hash {
            lines.push(Line::pair(words.khqr_hash, plain(hash)));
        }
    }
}

/// What was sold, how many, for how much; then what was added, and taken off.
fn sale_line(line: &SaleLine, lines: &mut Vec<Line>) {
    let usd = |figure| amount(figure, Currency::Usd);
    let quantity = line.quantity.get();
    let what = if quantity > 1 {
        format!("{quantity} x {} @ {}", plain(&line.name), usd(line.unit_price_usd.amount()))
    } else {
        format!("{quantity} x {}", plain(&line.name))
    };
    lines.push(Line::pair(what, usd(line.base_amount_usd.amount())));
    for add_on in &line.add_ons {
        let price = usd(add_on.price_usd.amount());
        lines.push(Line::Detail(format!("+ {} @ {price}", plain(&add_on.name)), None));
    }
    if !line.discount_usd.amount().is_zero() {
        let off = less(line.discount_usd.amount(), Currency::Usd);
        lines.push(Line::Detail(names(&line.discounts), Some(off)));
    }
}

fn names(discounts: &[AppliedDiscount]) -> String {
    let names: Vec<String> = discounts
        .iter()
        .map(|discount| format!("{} {} %", plain(&discount.name), discount.percent))
        .collect();
    names.join(", ")
}
