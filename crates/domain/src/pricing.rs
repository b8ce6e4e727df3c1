//! What a cart costs and what it takes from stock.
//!
//! The formula, with every rounding:
//! 1. Line: `(price + Σ add-ons) × Π(1 − dᵢ) × quantity`, rounded once to
//!    cents, half away from zero. The line's discount is what that leaves of
//!    the undiscounted amount.
//! 2. Subtotal: the sum of the lines.
//! 3. Branch discount: `subtotal × (1 − Π(1 − dᵢ))`, rounded to cents.
//! 4. VAT: rate × (subtotal − branch discount), rounded to cents.
//! 5. Grand total in dollars: subtotal − branch discount + VAT; in riel: that
//!    times the rate, rounded to one riel.
//! 6. Payable in riel: the branch's riel rounding of the grand total in riel;
//!    the difference is kept by itself.
//!
//! The arithmetic is exact: a line is at most 2.1 × 10^13 cents before its at
//! most six discounts of four decimals each, a subtotal at most 10^11 cents,
//! and both products fit 127 bits.

use std::collections::HashSet;

use schemas::{
    AddOnId, MenuItemId, Timestamp,
    catalogue::Policies,
    door_api::RefusalCode,
    edge_api::{Cart, CartLine, Totals},
    events::{
        CategoryRef, ChosenAddOn, DeductionLine, DiscountSnapshot, KhrRoundingSnapshot, SaleLine,
        VatSnapshot,
    },
};

use crate::{
    catalogue::{CatalogueIndex, IndexedItem},
    deductions::Deductions,
    discounts::{Share, ValidRules, applied},
    money::{RATE_DECIMALS, USD_DECIMALS, khr, round_half_away, round_riel, usd},
};

/// The most add-ons on one line of a cart.
pub const MAX_ADD_ONS_PER_LINE: usize = 20;
/// The highest subtotal of a sale, in cents: 1,000,000,000.00 USD.
pub const MAX_SUBTOTAL_CENTS: i128 = 100_000_000_000;

/// A cart that was priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// The figures.
    pub totals: Totals,
    /// What it takes from stock, one line for each stock item, in the order of
    /// their ids.
    pub deductions: Vec<DeductionLine>,
}

/// A cart that cannot be sold as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// Nothing is in it.
    #[error("the cart is empty")]
    EmptyCart,
    /// Too much is in it.
    #[error("the cart has {count} lines; at most {} are sold at once", Cart::MAX_LINES)]
    TooManyLines {
        /// How many lines.
        count: usize,
    },
    /// An item is not on the menu.
    #[error("line {line_no}: menu item {menu_item_id} is not on this branch's menu")]
    UnknownItem {
        /// 1, 2, 3, …
        line_no: u16,
        /// The item.
        menu_item_id: MenuItemId,
    },
    /// An add-on cannot be had with the item.
    #[error("line {line_no}: add-on {add_on_id} is not offered with menu item {menu_item_id}")]
    UnknownAddOn {
        /// 1, 2, 3, …
        line_no: u16,
        /// The item.
        menu_item_id: MenuItemId,
        /// The add-on.
        add_on_id: AddOnId,
    },
    /// An add-on was chosen twice for one line.
    #[error("line {line_no}: add-on {add_on_id} was chosen twice")]
    RepeatedAddOn {
        /// 1, 2, 3, …
        line_no: u16,
        /// The add-on.
        add_on_id: AddOnId,
    },
    /// Too many add-ons were chosen for one line.
    #[error("line {line_no} has {count} add-ons; at most {MAX_ADD_ONS_PER_LINE} are allowed")]
    TooManyAddOns {
        /// 1, 2, 3, …
        line_no: u16,
        /// How many.
        count: usize,
    },
    /// The subtotal is beyond what a sale may come to.
    #[error("the cart comes to more than 1000000000.00 USD")]
    TooExpensive,
}

impl From<&PricingError> for RefusalCode {
    fn from(error: &PricingError) -> Self {
        match error {
            PricingError::UnknownItem { .. } | PricingError::UnknownAddOn { .. } => {
                Self::UnknownItem
            }
            PricingError::EmptyCart
            | PricingError::TooManyLines { .. }
            | PricingError::RepeatedAddOn { .. }
            | PricingError::TooManyAddOns { .. }
            | PricingError::TooExpensive => Self::InvalidCart,
        }
    }
}

/// Prices a cart at a moment and finds what it takes from stock.
///
/// # Errors
/// [`PricingError`] if the cart is empty or too large, or asks for what the
/// catalogue does not have.
pub fn price(index: &CatalogueIndex, cart: &Cart, at: Timestamp) -> Result<Priced, PricingError> {
    if cart.lines.is_empty() {
        return Err(PricingError::EmptyCart);
    }
    if cart.lines.len() > Cart::MAX_LINES {
        return Err(PricingError::TooManyLines { count: cart.lines.len() });
    }
    let rules = ValidRules::at(index, at);
    let mut lines = Vec::with_capacity(cart.lines.len());
    let mut deductions = Deductions::default();
    let mut subtotal_cents = 0;
    let mut item_discount_cents = 0;
    for (line_no, asked) in (1..).zip(&cart.lines) {
        let line = price_line(index, &rules, &mut deductions, line_no, asked)?;
        subtotal_cents += line.total_cents;
        item_discount_cents += line.discount_cents;
        lines.push(line.line);
    }
    if subtotal_cents > MAX_SUBTOTAL_CENTS {
        return Err(PricingError::TooExpensive);
    }
    let totals = total_up(index, &rules, lines, subtotal_cents, item_discount_cents);
    Ok(Priced { totals, deductions: deductions.into_lines(index) })
}

struct PricedLine {
    line: SaleLine,
    total_cents: i128,
    discount_cents: i128,
}

fn price_line<'a>(
    index: &'a CatalogueIndex,
    rules: &ValidRules<'a>,
    deductions: &mut Deductions,
    line_no: u16,
    asked: &CartLine,
) -> Result<PricedLine, PricingError> {
    let &CartLine { menu_item_id, ref add_on_ids, quantity } = asked;
    let indexed =
        index.indexed(menu_item_id).ok_or(PricingError::UnknownItem { line_no, menu_item_id })?;
    deductions.add(&indexed.uses, quantity);
    let (add_ons, add_ons_cents) = choose_add_ons(index, indexed, deductions, line_no, asked)?;

    let unit_cents = i128::from(indexed.price_cents) + add_ons_cents;
    let base_cents = unit_cents * i128::from(quantity.get());
    let line_rules = rules.on_line(indexed, add_on_ids);
    let share = Share::left_after(&line_rules);
    let total_cents = round_half_away(base_cents * share.left, share.whole);
    let discount_cents = base_cents - total_cents;

    let item = index.item_of(indexed);
    let line = SaleLine {
        line_no,
        menu_item_id,
        name: item.name.clone(),
        category: item.category_id.and_then(|id| index.category(id)).map(|category| CategoryRef {
            category_id: category.category_id,
            name: category.name.clone(),
        }),
        unit_price_usd: usd(i128::from(indexed.price_cents)),
        add_ons,
        quantity,
        base_amount_usd: usd(base_cents),
        discounts: applied(&line_rules),
        discount_usd: usd(discount_cents),
        line_total_usd: usd(total_cents),
    };
    Ok(PricedLine { line, total_cents, discount_cents })
}

/// The add-ons of a line, in the order chosen, and what they add to the price
/// of one, in cents.
fn choose_add_ons(
    index: &CatalogueIndex,
    item: &IndexedItem,
    deductions: &mut Deductions,
    line_no: u16,
    asked: &CartLine,
) -> Result<(Vec<ChosenAddOn>, i128), PricingError> {
    let count = asked.add_on_ids.len();
    if count > MAX_ADD_ONS_PER_LINE {
        return Err(PricingError::TooManyAddOns { line_no, count });
    }
    let mut seen = HashSet::with_capacity(count);
    let mut cents = 0;
    let mut chosen = Vec::with_capacity(count);
    for &add_on_id in &asked.add_on_ids {
        if !seen.insert(add_on_id) {
            return Err(PricingError::RepeatedAddOn { line_no, add_on_id });
        }
        let (add_on, indexed) =
            index.add_on_of(item, add_on_id).ok_or(PricingError::UnknownAddOn {
                line_no,
                menu_item_id: asked.menu_item_id,
                add_on_id,
            })?;
        deductions.add(&indexed.uses, asked.quantity);
        cents += i128::from(indexed.price_cents);
        chosen.push(ChosenAddOn {
            add_on_id,
            name: add_on.name.clone(),
            price_usd: usd(i128::from(indexed.price_cents)),
        });
    }
    Ok((chosen, cents))
}

fn total_up(
    index: &CatalogueIndex,
    rules: &ValidRules<'_>,
    lines: Vec<SaleLine>,
    subtotal_cents: i128,
    item_discount_cents: i128,
) -> Totals {
    let policies = &index.document().policies;

    let branch_rules = rules.on_subtotal();
    let share = Share::left_after(&branch_rules);
    let branch_discount_cents =
        round_half_away(subtotal_cents * (share.whole - share.left), share.whole);
    let taxable_cents = subtotal_cents - branch_discount_cents;

    let vat_cents = vat_cents(policies, taxable_cents);
    let grand_total_cents = taxable_cents + vat_cents;

    let (fx_rate_units, fx_rate_khr_per_usd) = index.fx_rate();
    let grand_total_riel = round_half_away(
        grand_total_cents * i128::from(fx_rate_units),
        10_i128.pow(USD_DECIMALS + RATE_DECIMALS),
    );
    let payable_riel = payable_riel(policies, grand_total_riel);

    Totals {
        lines,
        discounts: DiscountSnapshot {
            branch_id: index.document().branch_id,
            item_discount_total_usd: usd(item_discount_cents),
            branch_discounts: applied(&branch_rules),
            branch_discount_usd: usd(branch_discount_cents),
        },
        subtotal_usd: usd(subtotal_cents),
        vat: VatSnapshot {
            enabled: policies.sale_vat_enabled,
            rate_percent: policies.sale_vat_rate_percent,
            amount_usd: usd(vat_cents),
        },
        fx_rate_khr_per_usd,
        grand_total_usd: usd(grand_total_cents),
        grand_total_khr: khr(grand_total_riel),
        khr_rounding: KhrRoundingSnapshot {
            enabled: policies.sale_khr_rounding_enabled,
            mode: policies.sale_khr_rounding_mode,
            granularity: policies.sale_khr_rounding_granularity,
            rounding_khr: khr(payable_riel - grand_total_riel),
        },
        payable_khr: khr(payable_riel),
    }
}

fn vat_cents(policies: &Policies, taxable_cents: i128) -> i128 {
    if !policies.sale_vat_enabled {
        return 0;
    }
    let rate = i128::from(policies.sale_vat_rate_percent.basis_points());
    round_half_away(taxable_cents * rate, 10_000)
}

fn payable_riel(policies: &Policies, grand_total_riel: i128) -> i128 {
    if !policies.sale_khr_rounding_enabled {
        return grand_total_riel;
    }
    round_riel(
        grand_total_riel,
        policies.sale_khr_rounding_mode,
        policies.sale_khr_rounding_granularity,
    )
}
