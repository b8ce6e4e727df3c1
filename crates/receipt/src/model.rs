//! A receipt without a language: what is on it, as it was stored.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use schemas::{
    Currency, Khr, SaleId, Sha256Hash, TicketId, Timestamp, Usd,
    catalogue::Seller,
    events::{
        AppliedDiscount, KhrRoundingSnapshot, SaleFinalizedV1, SaleLine, SaleStatus, SaleType,
        Tender, TenderMethod, VatSnapshot,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Hex digits of a transaction's hash that are printed: Bakong's short hash.
const SHORT_HASH: usize = 8;

/// What a receipt shows of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The ticket.
    #[serde(rename = "ticketId")]
    pub ticket_id: TicketId,
    /// The sale.
    pub sale_id: SaleId,
    /// The official number; `null` until the store has heard of it.
    pub invoice: Option<Numbered>,
    /// Whether this is a reprint.
    pub copy: bool,
    /// Where the sale stands.
    pub status: SaleStatus,
    /// Who sold, with address and tax number, as they were that day.
    pub seller: Seller,
    /// Who served.
    pub cashier_name: String,
    /// How it is consumed.
    pub sale_type: SaleType,
    /// When it was completed.
    pub finalized_at: Timestamp,
    /// What was sold.
    pub lines: Vec<SaleLine>,
    /// The sum of the lines' totals.
    pub subtotal_usd: Usd,
    /// What lowered the subtotal, in the order applied.
    pub branch_discounts: Vec<AppliedDiscount>,
    /// By how much.
    pub branch_discount_usd: Usd,
    /// The tax.
    pub vat: VatSnapshot,
    /// What is owed, in dollars.
    pub grand_total_usd: Usd,
    /// The same in riel, before rounding.
    pub grand_total_khr: Khr,
    /// Riel for one dollar.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub fx_rate_khr_per_usd: Decimal,
    /// How riel were rounded, and by how much.
    pub khr_rounding: KhrRoundingSnapshot,
    /// What is owed in riel, after rounding.
    pub payable_khr: Khr,
    /// How it was paid.
    pub payment: Payment,
}

/// The official number of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// The number in its series.
    pub no: u64,
    /// The same as its series writes it, if that is another way.
    pub printed: Option<String>,
    /// The hash of its row in the register.
    pub chain_hash: Sha256Hash,
}

/// How a sale was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// By what.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// What the customer handed over.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub received: Decimal,
    /// What they got back, in the same currency.
    #[schemars(with = "String")]
    #[schema(value_type = String)]
    pub change: Decimal,
    /// The first 8 digits of the transaction's hash; present exactly for KHQR.
    pub khqr_short_hash: Option<String>,
}

impl Receipt {
    /// The receipt of a stored sale.
    pub fn from_entry(sale: &SaleFinalizedV1, invoice: Option<&Numbered>, copy: bool) -> Self {
        Self {
            ticket_id: sale.ticket_id.clone(),
            sale_id: sale.sale_id,
            invoice: invoice.cloned(),
            copy,
            status: sale.status,
            seller: sale.seller.clone(),
            cashier_name: sale.cashier_name.clone(),
            sale_type: sale.sale_type,
            finalized_at: sale.finalized_at,
            lines: sale.lines.clone(),
            subtotal_usd: sale.subtotal_usd,
            branch_discounts: sale.discounts.branch_discounts.clone(),
            branch_discount_usd: sale.discounts.branch_discount_usd,
            vat: sale.vat,
            grand_total_usd: sale.grand_total_usd,
            grand_total_khr: sale.grand_total_khr,
            fx_rate_khr_per_usd: sale.fx_rate_khr_per_usd,
            khr_rounding: sale.khr_rounding,
            payable_khr: sale.payable_khr,
            payment: Payment::from(&sale.tender),
        }
    }

    /// The same where the sale stands elsewhere by now: its entry never changes,
    /// and a void is an entry of its own.
    #[must_use]
    pub fn with_status(mut self, status: SaleStatus) -> Self {
        self.status = status;
        self
    }
}

impl From<&Tender> for Payment {
    fn from(tender: &Tender) -> Self {
        let short = |hash: &str| hash.chars().take(SHORT_HASH).collect();
        Self {
            method: tender.method,
            currency: tender.currency,
            received: tender.received,
            change: tender.change,
            khqr_short_hash: tender.khqr.as_ref().map(|proof| short(&proof.khqr_hash)),
        }
    }
}
