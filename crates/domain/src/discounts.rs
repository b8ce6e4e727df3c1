//! Which discount rules apply, and by how much they lower an amount together.
//!
//! A rule applies from `starts_at` (inclusive) until `ends_at` (exclusive).
//! Rules that apply together do so in the order of their ids and multiply: 10 %
//! and 20 % leave 72 %.

use schemas::{
    AddOnId, Percent, Timestamp,
    catalogue::{DiscountRule, DiscountTarget},
    events::AppliedDiscount,
};

use crate::catalogue::{CatalogueIndex, IndexedItem};

/// The rules that lower something at one moment, found once for each cart.
pub(crate) struct ValidRules<'a> {
    index: &'a CatalogueIndex,
    at: Timestamp,
    /// On every item.
    every_item: Vec<&'a DiscountRule>,
}

impl<'a> ValidRules<'a> {
    pub(crate) fn at(index: &'a CatalogueIndex, at: Timestamp) -> Self {
        let every_item = index.every_item_rules().filter(|rule| is_valid(rule, at)).collect();
        Self { index, at, every_item }
    }

    /// The rules on a line with these add-ons, in the order of their ids.
    pub(crate) fn on_line(
        &self,
        item: &'a IndexedItem,
        add_ons: &[AddOnId],
    ) -> Vec<&'a DiscountRule> {
        let named = self.index.rules_of(item).filter(|rule| is_valid(rule, self.at));
        let mut rules: Vec<_> = named
            .chain(self.every_item.iter().copied())
            .filter(|rule| asks_for_one_of(rule, add_ons))
            .collect();
        rules.sort_unstable_by_key(|rule| rule.discount_id);
        rules
    }

    /// The rules on the subtotal, in the order of their ids.
    pub(crate) fn on_subtotal(&self) -> Vec<&'a DiscountRule> {
        self.index.branch_rules().filter(|rule| is_valid(rule, self.at)).collect()
    }
}

fn is_valid(rule: &DiscountRule, at: Timestamp) -> bool {
    rule.starts_at.is_none_or(|starts_at| starts_at <= at)
        && rule.ends_at.is_none_or(|ends_at| at < ends_at)
}

fn asks_for_one_of(rule: &DiscountRule, add_ons: &[AddOnId]) -> bool {
    match &rule.target {
        DiscountTarget::Branch => false,
        DiscountTarget::Items { add_on_ids, .. } => {
            add_on_ids.is_empty() || add_ons.iter().any(|chosen| add_on_ids.contains(chosen))
        }
    }
}

/// The share that is left after some discounts: `left / whole`, exact. With at
/// most six of them, `whole` is at most 10^24.
pub(crate) struct Share {
    pub(crate) left: i128,
    pub(crate) whole: i128,
}

impl Share {
    pub(crate) fn left_after(rules: &[&DiscountRule]) -> Self {
        let hundred = i128::from(Percent::HUNDRED.basis_points());
        rules.iter().fold(Self { left: 1, whole: 1 }, |share, rule| Self {
            left: share.left * (hundred - i128::from(rule.percent.basis_points())),
            whole: share.whole * hundred,
        })
    }
}

/// The rules as a sale remembers them.
pub(crate) fn applied(rules: &[&DiscountRule]) -> Vec<AppliedDiscount> {
    rules
        .iter()
        .map(|rule| AppliedDiscount {
            discount_id: rule.discount_id,
            name: rule.name.clone(),
            percent: rule.percent,
        })
        .collect()
}
