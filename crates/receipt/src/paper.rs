//! The rolls that receipts are printed on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A roll, by its width in millimetres.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
pub enum Paper {
    /// 58 mm: 384 dots, 32 characters.
    #[serde(rename = "58")]
    Mm58,
    /// 80 mm: 576 dots, 48 characters.
    #[default]
    #[serde(rename = "80")]
    Mm80,
}

impl Paper {
    /// The width of the roll.
    pub const fn millimetres(self) -> u16 {
        match self {
            Self::Mm58 => 58,
            Self::Mm80 => 80,
        }
    }

    /// The width that is printed on, at 8 dots a millimetre.
    pub const fn dots(self) -> u16 {
        match self {
            Self::Mm58 => 384,
            Self::Mm80 => 576,
        }
    }

    /// Characters of the printer's own font on a line, at 12 dots each.
    pub const fn columns(self) -> u16 {
        self.dots() / 12
    }
}
