//! The pure rules: money, pricing, discounts, deductions, tender, and the hash chains.
