//! What the stores sell: a menu for each, and sales of it as an edge or the direct
//! door would write them down, priced and settled by the rules of production.

use std::sync::Arc;

use domain::{
    catalogue::{self, CatalogueIndex},
    pricing, tender,
};
use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, DeviceId, EdgeId, MenuItemId, Money, OrderId, Percent, Quantity,
    SaleId, Sha256Hash, StaffId, StockItemId, TicketId, Timestamp, Usd,
    catalogue::{
        CatalogueRef, CatalogueV1, Device, KhrGranularity, KhrRoundingMode, MenuItem, Policies,
        Seller, StaffMember, StaffRole, StockItem, StockUse,
    },
    edge_api::{Cart, CartLine, TenderOffer, Totals},
    events::{SaleFinalizedV1, SaleStatus, SaleType, Tender, TenderMethod},
};
use uuid::Uuid;
use workers::reading::Origin;

/// The company's stores share one menu; each has its own copy of it.
pub(crate) struct Shop {
    pub(crate) origin: Origin,
    pub(crate) index: CatalogueIndex,
    pub(crate) reference: CatalogueRef,
}

/// What is asked to be sold.
pub(crate) struct Asked<'a> {
    pub(crate) edge: EdgeId,
    pub(crate) ticket: &'a TicketId,
    pub(crate) cart: &'a Cart,
    pub(crate) sale: SaleId,
    pub(crate) order: OrderId,
    pub(crate) at: Timestamp,
    /// `None`: on account, at the direct door.
    pub(crate) session: Option<CashSessionId>,
}

fn item(number: u128) -> MenuItemId {
    MenuItemId::from(Uuid::from_u128(0x11_0000 + number))
}

pub(crate) fn device() -> DeviceId {
    DeviceId::from(Uuid::from_u128(0x22_0001))
}

pub(crate) fn cashier() -> StaffId {
    StaffId::from(Uuid::from_u128(0x33_0001))
}

/// A cart of the menu's `kind`th sort.
pub(crate) fn cart(kind: u64) -> Cart {
    let line = |(number, quantity): &(u128, u32)| {
        let quantity = Quantity::try_from(*quantity).ok()?;
        Some(CartLine { menu_item_id: item(*number), add_on_ids: Vec::new(), quantity })
    };
    let lines: &[(u128, u32)] = match kind % 3 {
        0 => &[(1, 1)],
        1 => &[(2, 2)],
        _ => &[(1, 1), (2, 1)],
    };
    Cart { sale_type: SaleType::DineIn, lines: lines.iter().filter_map(line).collect() }
}

/// What two requests under one ticket must have in common.
pub(crate) fn request_hash(cart: &Cart) -> Sha256Hash {
    catalogue::content_hash(&serde_json::to_vec(cart).unwrap_or_default())
}

impl Shop {
    /// A store's menu.
    ///
    /// # Errors
    /// If the menu is none: a defect of this file.
    pub(crate) fn of(origin: Origin) -> Result<Self, String> {
        let bytes = serde_json::to_vec(&menu(origin)?).map_err(|error| error.to_string())?;
        let (index, reference) = catalogue::parse(&bytes).map_err(|error| error.to_string())?;
        Ok(Self { origin, index, reference })
    }

    /// The sale of a cart for exact cash.
    pub(crate) fn sale(&self, asked: &Asked<'_>) -> Result<SaleFinalizedV1, String> {
        let priced = pricing::price(&self.index, asked.cart, asked.at)
            .map_err(|error| format!("a cart cannot be priced: {error}"))?;
        let tender = settle(&priced.totals, asked.session.is_some())?;
        let Totals {
            lines,
            discounts,
            subtotal_usd,
            vat,
            fx_rate_khr_per_usd,
            grand_total_usd,
            grand_total_khr,
            khr_rounding,
            payable_khr,
        } = priced.totals;
        let customer = schemas::CustomerId::from(Uuid::from_u128(0x44_0001));
        Ok(SaleFinalizedV1 {
            imported_from: None,
            tenant_id: self.origin.tenant_id,
            branch_id: self.origin.branch_id,
            edge_id: asked.edge,
            device_id: device(),
            cash_session_id: asked.session,
            cashier_id: cashier(),
            cashier_name: "Sokha".to_owned(),
            customer_id: asked.session.is_none().then_some(customer),
            seller: self.index.document().seller.clone(),
            sale_id: asked.sale,
            order_id: asked.order,
            ticket_id: asked.ticket.clone(),
            request_hash: request_hash(asked.cart),
            status: SaleStatus::Finalized,
            sale_type: asked.cart.sale_type,
            finalized_at: asked.at,
            lines,
            discounts,
            subtotal_usd,
            vat,
            fx_rate_khr_per_usd,
            grand_total_usd,
            grand_total_khr,
            khr_rounding,
            payable_khr,
            tender,
            deductions: priced.deductions,
            catalogue: self.reference,
            late: None,
        })
    }
}

fn settle(totals: &Totals, in_cash: bool) -> Result<Tender, String> {
    let amount = totals.grand_total_usd.amount();
    let received = Money { amount, currency: Currency::Usd };
    let offer = TenderOffer { method: TenderMethod::Cash, received };
    let settled = tender::settle(totals, &offer).map_err(|error| error.to_string())?;
    if in_cash {
        return Ok(settled);
    }
    Ok(Tender { method: TenderMethod::Account, received: amount, change: Decimal::ZERO, ..settled })
}

fn menu(origin: Origin) -> Result<CatalogueV1, String> {
    let beans = StockItemId::from(Uuid::from_u128(0x55_0001));
    let rate = Percent::from_basis_points(1_000).map_err(|error| error.to_string())?;
    let sold = |number, name: &str, cents| MenuItem {
        menu_item_id: item(number),
        name: name.to_owned(),
        category_id: None,
        price_usd: Usd(Decimal::new(cents, 2)),
        add_ons: Vec::new(),
        stock: StockUse::Direct { stock_item_id: beans, quantity: Decimal::ONE },
    };
    let staff = StaffMember::new(cashier(), "Sokha".to_owned());
    Ok(CatalogueV1 {
        tenant_id: origin.tenant_id,
        branch_id: origin.branch_id,
        version: 1,
        published_at: Timestamp::from_unix_micros(1_767_225_600_000_000),
        seller: Seller {
            name: "Simulated Coffee".to_owned(),
            branch_name: "Store".to_owned(),
            address: "1 Sisowath Quay".to_owned(),
            tin: None,
        },
        policies: Policies {
            sale_vat_enabled: true,
            sale_vat_rate_percent: rate,
            sale_fx_rate_khr_per_usd: Decimal::from(4_100),
            sale_khr_rounding_enabled: true,
            sale_khr_rounding_mode: KhrRoundingMode::Nearest,
            sale_khr_rounding_granularity: KhrGranularity::Hundred,
        },
        categories: Vec::new(),
        items: vec![sold(1, "Latte", 250), sold(2, "Water", 100)],
        stock_items: vec![StockItem {
            stock_item_id: beans,
            name: "beans".to_owned(),
            unit: "pc".to_owned(),
        }],
        discounts: Vec::new(),
        staff: vec![StaffMember { role: StaffRole::Manager, ..staff }],
        devices: vec![Device::new(device(), "Counter 1".to_owned())],
        khqr: None,
    })
}

/// Stores that share nothing but the company.
pub(crate) type Shops = Vec<Arc<Shop>>;
