//! Lists in pages. A cursor is the place of the last row of a page, in hex: rows
//! that come in between are neither skipped nor repeated.

use schemas::{EdgeId, Timestamp, back_office::Page};
use serde::Deserialize;
use store::back_office::{Place, Span};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::Refusal;

/// The most rows of one page.
pub(crate) const MAX_ROWS: u32 = 200;

const fn most() -> u32 {
    50
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// `next` of the page before; the first page without it.
    pub(crate) cursor: Option<String>,
    /// At most this many rows.
    #[serde(default = "most")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
}

/// Which page of a list that is in the order of time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimePaging {
    /// `next` of the page before; the first page without it.
    pub(crate) cursor: Option<String>,
    /// At most this many rows.
    #[serde(default = "most")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
    /// None before this.
    pub(crate) from: Option<Timestamp>,
    /// None at this or later.
    pub(crate) to: Option<Timestamp>,
}

impl Paging {
    /// The number that the cursor stands for; `first` without one.
    pub(crate) fn number(&self, first: u64) -> Result<u64, Refusal> {
        match &self.cursor {
            None => Ok(first),
            Some(cursor) => decode::<8>(cursor).map(u64::from_be_bytes),
        }
    }

    /// The id that the cursor stands for; `first` without one.
    pub(crate) fn id(&self, first: Uuid) -> Result<Uuid, Refusal> {
        match &self.cursor {
            None => Ok(first),
            Some(cursor) => decode::<16>(cursor).map(Uuid::from_bytes),
        }
    }

    /// How many rows.
    pub(crate) fn limit(&self) -> Result<u32, Refusal> {
        limit(self.limit)
    }
}

impl TimePaging {
    /// The rows that are asked for.
    pub(crate) fn span(&self) -> Result<Span, Refusal> {
        let after = match &self.cursor {
            None => Place { at: Timestamp::from_unix_micros(i64::MAX), id: Uuid::max() },
            Some(cursor) => {
                let bytes = decode::<24>(cursor)?;
                let (at, id) = bytes.split_at(8);
                let wrong = |_| bad_cursor();
                Place {
                    at: Timestamp::from_unix_micros(i64::from_be_bytes(
                        at.try_into().map_err(wrong)?,
                    )),
                    id: Uuid::from_bytes(id.try_into().map_err(wrong)?),
                }
            }
        };
        Ok(Span {
            from: self.from.unwrap_or(Timestamp::from_unix_micros(i64::MIN)),
            to: self.to.unwrap_or(Timestamp::from_unix_micros(i64::MAX)),
            after,
            limit: limit(self.limit)?,
        })
    }
}

/// The entry that a cursor stands for, of a list in the order of journals.
pub(crate) fn entry(cursor: Option<&str>) -> Result<Option<(EdgeId, u64)>, Refusal> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = decode::<24>(cursor)?;
    let (edge, seq) = bytes.split_at(16);
    let edge = Uuid::from_slice(edge).map_err(|_| bad_cursor())?;
    let seq = seq.try_into().map_err(|_| bad_cursor())?;
    Ok(Some((edge.into(), u64::from_be_bytes(seq))))
}

/// How many rows of a page, if it may be so many.
pub(crate) fn limit(asked: u32) -> Result<u32, Refusal> {
    if (1..=MAX_ROWS).contains(&asked) {
        Ok(asked)
    } else {
        Err(Refusal::BadParameter(format!("limit: 1 to {MAX_ROWS}, not {asked}")))
    }
}

fn bad_cursor() -> Refusal {
    Refusal::BadParameter("cursor: not one of this list".to_owned())
}

fn decode<const N: usize>(cursor: &str) -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    hex::decode_to_slice(cursor, &mut bytes).map_err(|_| bad_cursor())?;
    Ok(bytes)
}

/// Rows as a page; `place` is what the cursor of a row stands for.
pub(crate) fn page<T, P: Cursor>(items: Vec<T>, limit: u32, place: impl Fn(&T) -> P) -> Page<T> {
    let is_full = u32::try_from(items.len()).is_ok_and(|rows| rows >= limit);
    let next = items.last().filter(|_| is_full).map(|last| place(last).encode());
    Page { items, next }
}

/// What a cursor stands for.
pub(crate) trait Cursor {
    /// As text.
    fn encode(&self) -> String;
}

impl Cursor for u64 {
    fn encode(&self) -> String {
        hex::encode(self.to_be_bytes())
    }
}

impl Cursor for Uuid {
    fn encode(&self) -> String {
        hex::encode(self.as_bytes())
    }
}

impl Cursor for (EdgeId, u64) {
    fn encode(&self) -> String {
        hex::encode([self.0.as_uuid().as_bytes().as_slice(), &self.1.to_be_bytes()].concat())
    }
}

impl Cursor for Place {
    fn encode(&self) -> String {
        let at = self.at.unix_micros().to_be_bytes();
        hex::encode([at.as_slice(), self.id.as_bytes()].concat())
    }
}
