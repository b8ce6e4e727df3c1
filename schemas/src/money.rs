//! Amounts and the figures that go with them. Decimal, never a float; in JSON
//! always a string. Rules that round or combine them are in `domain`.

use std::fmt;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::InvalidId;

macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
            JsonSchema, ToSchema,
        )]
        #[serde(transparent)]
        #[schemars(with = "String", extend("pattern" = r"^-?\d+(\.\d+)?$"))]
        #[schema(value_type = String, example = "3.50")]
        pub struct $name(pub Decimal);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// The amount without its currency.
            pub const fn amount(self) -> Decimal {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", self.0, stringify!($name))
            }
        }
    )+};
}

amounts! {
    /// US dollars; whole cents wherever it is an outcome.
    Usd,
    /// Cambodian riel; whole riel wherever it is an outcome.
    Khr,
}

/// The currencies of the first market.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// US dollar, ISO 4217 `USD`, in cents.
    Usd,
    /// Cambodian riel, ISO 4217 `KHR`, in whole riel.
    Khr,
}

impl Currency {
    /// The ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Khr => "KHR",
        }
    }
}

/// An amount in a currency that is known only at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How much, as a decimal string.
    #[schemars(with = "String")]
    #[schema(value_type = String, example = "20.00")]
    pub amount: Decimal,
    /// Of what.
    pub currency: Currency,
}

/// A percentage from 0 to 100 with at most two decimals, e.g. `"12.50"`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(try_from = "Decimal", into = "Decimal")]
#[schemars(with = "String")]
#[schema(value_type = String, example = "12.5")]
pub struct Percent(u16);

impl Percent {
    /// The whole.
    pub const HUNDRED: Self = Self(10_000);
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// In hundredths of a percent: 0 to 10,000.
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// Takes hundredths of a percent.
    ///
    /// # Errors
    /// [`InvalidId`] above 10,000.
    pub fn from_basis_points(points: u16) -> Result<Self, InvalidId> {
        if points > 10_000 {
            return Err(InvalidId { what: "percentage", why: "it is above 100".to_owned() });
        }
        Ok(Self(points))
    }
}

impl TryFrom<Decimal> for Percent {
    type Error = InvalidId;

    fn try_from(percent: Decimal) -> Result<Self, Self::Error> {
        let invalid = |why: &str| InvalidId { what: "percentage", why: why.to_owned() };
        if percent.is_sign_negative() && !percent.is_zero() || percent > Decimal::ONE_HUNDRED {
            return Err(invalid("it is not between 0 and 100"));
        }
        let points = percent * Decimal::ONE_HUNDRED;
        if !points.fract().is_zero() {
            return Err(invalid("it has more than two decimals"));
        }
        u16::try_from(points).map(Self).map_err(|_| invalid("it is not between 0 and 100"))
    }
}

impl From<Percent> for Decimal {
    fn from(percent: Percent) -> Self {
        Decimal::new(i64::from(percent.0), 2).normalize()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::from(*self).fmt(f)
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}%")
    }
}

/// How many of an item: 1 to 9,999.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(with = "u32", extend("minimum" = 1, "maximum" = 9_999))]
#[schema(value_type = u32, minimum = 1, maximum = 9999)]
pub struct Quantity(u16);

impl Quantity {
    /// The most of one line.
    pub const MAX: u16 = 9_999;

    /// How many.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u32> for Quantity {
    type Error = InvalidId;

    fn try_from(quantity: u32) -> Result<Self, Self::Error> {
        u16::try_from(quantity)
            .ok()
            .filter(|quantity| (1..=Self::MAX).contains(quantity))
            .map(Self)
            .ok_or_else(|| InvalidId {
                what: "quantity",
                why: format!("{quantity} is not between 1 and {}", Self::MAX),
            })
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        Self::from(quantity.0)
    }
}
