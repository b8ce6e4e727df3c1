//! Series of invoice numbers: which sales share one, when it restarts, and how a
//! number of it is printed.
//!
//! A company's setting gives each sale a series: the company's or its branch's,
//! of all time or of a year. Each series counts 1, 2, 3, … by itself. A number is
//! printed by the setting's form, and no two numbers of a company print the same:
//! a form names whatever restarts its count, its parts can be told apart, and no
//! setting may have the shape of an earlier one.

use std::fmt::Write as _;

use schemas::{BranchId, SeriesId, TenantId};

/// The longest form, in characters.
pub const MAX_FORM_CHARS: usize = 40;
/// The most digits that a number may be padded to.
pub const MAX_WIDTH: usize = 12;
/// The form of a company that set none: the number itself.
pub const PLAIN_FORM: &str = "{no}";

/// What a count restarts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restarts {
    /// Each branch counts by itself.
    pub per_branch: bool,
    /// Each year begins at 1 again: the year of the allocation, in the company's
    /// time zone.
    pub yearly: bool,
}

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The branch's own number: 1, 2, 3, … in its company.
    pub branch_no: u16,
    /// The year of the allocation.
    pub year: u16,
    /// The number in its series.
    pub no: u64,
}

/// A form that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is empty or too long.
    #[error("a form has 1 to {MAX_FORM_CHARS} characters")]
    Length,
    /// A character that may not stand in a form.
    #[error(
        "{0:?} may not stand in a form: visible ASCII but for digits, which only placeholders print"
    )]
    Character(char),
    /// Something in braces that is none of the placeholders.
    #[error(
        "{{{0}}} is no placeholder: {{no}}, {{yyyy}} and {{branch}} are, {{no:06}} pads with zeros"
    )]
    Placeholder(String),
    /// A brace without its other half.
    #[error("a brace is not closed or not opened")]
    Brace,
    /// Two placeholders with nothing between.
    #[error("between two placeholders there must be something that is no digit")]
    Touching,
    /// A placeholder that comes twice.
    #[error("{{{0}}} comes twice")]
    Twice(&'static str),
    /// What it must contain and does not.
    #[error("the form must contain {{{name}}}: {why}")]
    Missing {
        /// The placeholder.
        name: &'static str,
        /// Why.
        why: &'static str,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    No,
    Year,
    Branch,
}

impl Figure {
    const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Year => "yyyy",
            Self::Branch => "branch",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Figure(Figure, usize),
}

/// How a number is printed, like `INV-{yyyy}-{no:06}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceForm(Vec<Piece>);

impl InvoiceForm {
    /// Reads a form that must name what `restarts` its count.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(text: &str, restarts: Restarts) -> Result<Self, FormError> {
        if text.is_empty() || text.chars().count() > MAX_FORM_CHARS {
            return Err(FormError::Length);
        }
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(opened) = rest.strip_prefix('{') {
                let (inside, after) = opened.split_once('}').ok_or(FormError::Brace)?;
                let figure = placeholder(inside)?;
                if matches!(pieces.last(), Some(Piece::Figure(..))) {
                    return Err(FormError::Touching);
                }
                let Piece::Figure(kind, _) = figure else { return Err(FormError::Brace) };
                if pieces.iter().any(|piece| matches!(piece, Piece::Figure(k, _) if *k == kind)) {
                    return Err(FormError::Twice(kind.name()));
                }
                pieces.push(figure);
                rest = after;
            } else {
                let end = rest.find('{').unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                if let Some(wrong) =
                    text.chars().find(|c| !c.is_ascii_graphic() || c.is_ascii_digit())
                {
                    return Err(FormError::Character(wrong));
                }
                if text.contains('}') {
                    return Err(FormError::Brace);
                }
                pieces.push(Piece::Text(text.to_owned()));
                rest = after;
            }
        }
        let form = Self(pieces);
        form.require(Figure::No, true, "it is the number")?;
        form.require(Figure::Year, restarts.yearly, "each year starts at 1 again")?;
        form.require(Figure::Branch, restarts.per_branch, "each branch counts by itself")?;
        Ok(form)
    }

    fn require(&self, kind: Figure, needed: bool, why: &'static str) -> Result<(), FormError> {
        let has = self.0.iter().any(|piece| matches!(piece, Piece::Figure(k, _) if *k == kind));
        if needed && !has {
            return Err(FormError::Missing { name: kind.name(), why });
        }
        Ok(())
    }

    /// Prints a number.
    pub fn print(&self, place: Place) -> String {
        let mut printed = String::with_capacity(MAX_FORM_CHARS);
        for piece in &self.0 {
            let (value, width) = match piece {
                Piece::Text(text) => {
                    printed.push_str(text);
                    continue;
                }
                Piece::Figure(Figure::No, width) => (place.no, *width),
                Piece::Figure(Figure::Year, width) => (u64::from(place.year), *width),
                Piece::Figure(Figure::Branch, width) => (u64::from(place.branch_no), *width),
            };
            // Writing to a string does not fail.
            let _ = write!(printed, "{value:0width$}");
        }
        printed
    }

    /// The form with `#` for each placeholder. Numbers that two forms print can
    /// be the same only if their shapes are: digits come from placeholders alone.
    pub fn shape(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Figure(..) => "#",
            })
            .collect()
    }
}

fn placeholder(inside: &str) -> Result<Piece, FormError> {
    let unknown = || FormError::Placeholder(inside.to_owned());
    let (name, width) = match inside.split_once(':') {
        None => (inside, None),
        Some((name, width)) => (name, Some(width)),
    };
    let figure = match name {
        "no" => Figure::No,
        "yyyy" => Figure::Year,
        "branch" => Figure::Branch,
        _ => return Err(unknown()),
    };
    let width = match (figure, width) {
        (_, None) => 0,
        // A year has its four digits.
        (Figure::Year, Some(_)) => return Err(unknown()),
        (_, Some(digits)) => digits
            .strip_prefix('0')
            .and_then(|digits| digits.parse().ok())
            .filter(|width| (1..=MAX_WIDTH).contains(width))
            .ok_or_else(unknown)?,
    };
    Ok(Piece::Figure(figure, width))
}

/// The id of a series: UUID v5 of the company and of what the series is, so that
/// books which lost it make the same one again. `revision`: the setting's, 1, 2,
/// 3, … per company.
pub fn series_id(
    tenant: TenantId,
    revision: u32,
    branch: Option<BranchId>,
    year: Option<u16>,
) -> SeriesId {
    let branch = branch.map_or_else(|| "all".to_owned(), |branch| branch.to_string());
    let year = year.map_or_else(|| "all".to_owned(), |year| year.to_string());
    SeriesId::derived(tenant.as_uuid(), &format!("invoice-series/{revision}/{branch}/{year}"))
}
