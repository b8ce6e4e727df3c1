//! A completed sale as its one event: who sold what to whom, and the figures that
//! stand from then on. Every place that sells writes it down through
//! [`Settled::into_event`], so that a figure can be neither forgotten nor swapped.

use schemas::{
    BranchId, CashSessionId, CustomerId, DeviceId, EdgeId, OrderId, SaleId, Sha256Hash, StaffId,
    TenantId, TicketId, Timestamp,
    catalogue::{CatalogueRef, Seller},
    edge_api::Totals,
    events::{DeductionLine, LateSale, SaleFinalizedV1, SaleStatus, SaleType, Tender},
};

/// What is owed, what it takes from stock, and how it was paid.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The lines and their sums.
    pub totals: Totals,
    /// What it takes from stock; may be empty.
    pub deductions: Vec<DeductionLine>,
    /// Which catalogue priced it.
    pub catalogue: CatalogueRef,
    /// How it was paid.
    pub tender: Tender,
}

/// Everything about a sale that is no figure.
#[derive(Debug, Clone)]
pub struct Sold {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge in whose journal it will be.
    pub edge_id: EdgeId,
    /// The till.
    pub device_id: DeviceId,
    /// The drawer, if one takes part.
    pub cash_session_id: Option<CashSessionId>,
    /// Who sold.
    pub cashier_id: StaffId,
    /// Their name that day.
    pub cashier_name: String,
    /// Who bought, if known.
    pub customer_id: Option<CustomerId>,
    /// Who sells, as the receipt names them.
    pub seller: Seller,
    /// The sale.
    pub sale_id: SaleId,
    /// Its order in the kitchen.
    pub order_id: OrderId,
    /// The idempotency key.
    pub ticket_id: TicketId,
    /// SHA-256 of the request.
    pub request_hash: Sha256Hash,
    /// How it is consumed.
    pub sale_type: SaleType,
    /// When it was completed.
    pub finalized_at: Timestamp,
    /// Set if it came after the close of its session.
    pub late: Option<LateSale>,
}

impl Settled {
    /// The event that tells of the sale. Nothing is computed here.
    pub fn into_event(self, sold: Sold) -> SaleFinalizedV1 {
        let Self { totals, deductions, catalogue, tender } = self;
        SaleFinalizedV1 {
            tenant_id: sold.tenant_id,
            branch_id: sold.branch_id,
            edge_id: sold.edge_id,
            device_id: sold.device_id,
            cash_session_id: sold.cash_session_id,
            cashier_id: sold.cashier_id,
            cashier_name: sold.cashier_name,
            customer_id: sold.customer_id,
            seller: sold.seller,
            sale_id: sold.sale_id,
            order_id: sold.order_id,
            ticket_id: sold.ticket_id,
            request_hash: sold.request_hash,
            status: SaleStatus::Finalized,
            sale_type: sold.sale_type,
            finalized_at: sold.finalized_at,
            lines: totals.lines,
            discounts: totals.discounts,
            subtotal_usd: totals.subtotal_usd,
            vat: totals.vat,
            fx_rate_khr_per_usd: totals.fx_rate_khr_per_usd,
            grand_total_usd: totals.grand_total_usd,
            grand_total_khr: totals.grand_total_khr,
            khr_rounding: totals.khr_rounding,
            payable_khr: totals.payable_khr,
            tender,
            deductions,
            catalogue,
            late: sold.late,
            imported_from: None,
        }
    }
}
