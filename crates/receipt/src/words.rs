//! What a receipt says, in English and Khmer.

use schemars::JsonSchema;
use schemas::events::{SaleType, TenderMethod};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language that receipts are printed in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Khmer.
    Km,
}

impl Language {
    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Km => "km",
        }
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::En => &ENGLISH,
            Self::Km => &KHMER,
        }
    }
}

/// The words of one language.
pub(crate) struct Words {
    pub(crate) ticket: &'static str,
    pub(crate) invoice: &'static str,
    pub(crate) number_follows: &'static str,
    pub(crate) chain_hash: &'static str,
    pub(crate) copy: &'static str,
    pub(crate) void: &'static str,
    pub(crate) void_pending: &'static str,
    pub(crate) tin: &'static str,
    pub(crate) date: &'static str,
    pub(crate) cashier: &'static str,
    pub(crate) subtotal: &'static str,
    pub(crate) vat: &'static str,
    pub(crate) total: &'static str,
    pub(crate) rate: &'static str,
    pub(crate) rounding: &'static str,
    pub(crate) payable: &'static str,
    pub(crate) cash: &'static str,
    account: &'static str,
    pub(crate) change: &'static str,
    pub(crate) khqr_hash: &'static str,
    dine_in: &'static str,
    takeaway: &'static str,
    delivery: &'static str,
}

impl Words {
    pub(crate) const fn sale_type(&self, sale_type: SaleType) -> &'static str {
        match sale_type {
            SaleType::DineIn => self.dine_in,
            SaleType::Takeaway => self.takeaway,
            SaleType::Delivery => self.delivery,
        }
    }

    pub(crate) const fn method(&self, method: TenderMethod) -> &'static str {
        match method {
            TenderMethod::Cash => self.cash,
            TenderMethod::Khqr => "KHQR",
            TenderMethod::Account => self.account,
        }
    }
}

const ENGLISH: Words = Words {
    ticket: "Ticket",
    invoice: "Invoice",
    number_follows: "Official invoice number will be assigned upon sync.",
    chain_hash: "Register hash",
    copy: "COPY",
    void: "VOID",
    void_pending: "VOID PENDING",
    tin: "TIN",
    date: "Date",
    cashier: "Cashier",
    subtotal: "Subtotal",
    vat: "VAT",
    total: "Total",
    rate: "Exchange rate",
    rounding: "Rounding",
    payable: "Payable",
    cash: "Cash",
    account: "On account",
    change: "Change",
    khqr_hash: "KHQR hash",
    dine_in: "Dine in",
    takeaway: "Takeaway",
    delivery: "Delivery",
};

const KHMER: Words = Words {
    ticket: "សំបុត្រ",
    invoice: "វិក្កយបត្រ",
    number_follows: "លេខវិក្កយបត្រផ្លូវការនឹងត្រូវបានផ្ដល់ជូននៅពេលធ្វើសមកាលកម្ម។",
    chain_hash: "កូដផ្ទៀងផ្ទាត់",
    copy: "ច្បាប់ចម្លង",
    void: "មោឃៈ",
    void_pending: "កំពុងរង់ចាំការធ្វើមោឃៈ",
    tin: "លេខអត្តសញ្ញាណកម្មសារពើពន្ធ",
    date: "កាលបរិច្ឆេទ",
    cashier: "បេឡាករ",
    subtotal: "សរុបរង",
    vat: "អាករលើតម្លៃបន្ថែម",
    total: "សរុប",
    rate: "អត្រាប្ដូរប្រាក់",
    rounding: "ការបង្គត់",
    payable: "ប្រាក់ត្រូវបង់",
    cash: "សាច់ប្រាក់",
    account: "ជំពាក់",
    change: "ប្រាក់អាប់",
    khqr_hash: "កូដ KHQR",
    dine_in: "ពិសានៅហាង",
    takeaway: "ខ្ចប់យកទៅ",
    delivery: "ដឹកជញ្ជូន",
};
