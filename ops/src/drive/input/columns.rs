//! Where the columns of a file of sales are, if they are not called as ours.

use std::str::FromStr;

/// The columns of the sales.
pub(super) const SALES: [&str; 8] =
    ["outlet", "receipt", "at", "staff", "product", "quantity", "unit_price", "total"];

/// What a user says of the columns of the sales.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Columns that have another name in the file.
    pub renamed: Vec<Said>,
    /// Columns that are not in the file, with the value of every row.
    pub fixed: Vec<Said>,
    /// Other columns of the file in which every row must say something.
    pub required: Vec<String>,
}

/// `COLUMN=TEXT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    column: &'static str,
    text: String,
}

impl FromStr for Said {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, text) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?} is not like COLUMN=TEXT, as receipt=Number"))?;
        let known = SALES.into_iter().find(|known| *known == column.trim());
        let column = known.ok_or_else(|| {
            format!("{:?} is none of the columns {}", column.trim(), SALES.join(", "))
        })?;
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(format!("{column}= says nothing"));
        }
        Ok(Self { column, text })
    }
}

impl Columns {
    /// What the column is called in the file.
    pub(super) fn name_of<'a>(&'a self, column: &'a str) -> &'a str {
        said(&self.renamed, column).unwrap_or(column)
    }

    /// The value that the column has in every row.
    pub(super) fn fixed_value(&self, column: &str) -> Option<&str> {
        said(&self.fixed, column)
    }

    /// Whether the user says where the column is.
    pub(super) fn speaks_of(&self, column: &str) -> bool {
        said(&self.renamed, column).is_some() || said(&self.fixed, column).is_some()
    }
}

fn said<'a>(all: &'a [Said], column: &str) -> Option<&'a str> {
    all.iter().find(|said| said.column == column).map(|said| said.text.as_str())
}
