//! The chain of the invoice register: an auditor who has the rows of a series
//! can check offline that none was changed, removed or slipped in.
//!
//! The format is fixed for good, like the journal's.

use schemas::{InvoiceId, SeriesId, Sha256Hash, facts::InvoiceAssignedV1};

use crate::{hashing::Fields, money::USD_DECIMALS};

const FORMAT: &[u8] = b"tillstream-register-1";
const KHR_DECIMALS: u32 = 0;

/// A register row that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The row before is of another series.
    #[error("number {no} is of series {found}, the one before it of {expected}")]
    OtherSeries {
        /// The row's number.
        no: u64,
        /// The series of the row before.
        expected: SeriesId,
        /// Its own.
        found: SeriesId,
    },
    /// A number is missing or comes twice.
    #[error("number {found} stands where {expected} should")]
    NotContiguous {
        /// One above the row before, 1 at the start.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The row does not name the hash of the row before it.
    #[error("number {no} follows the hash {found} instead of {expected}")]
    NotChained {
        /// The row's number.
        no: u64,
        /// The hash of the row before; zeros at the start.
        expected: Sha256Hash,
        /// What it names.
        found: Sha256Hash,
    },
    /// The invoice's id does not derive from series and number.
    #[error("number {no} has the id {found} instead of {expected}")]
    WrongId {
        /// The row's number.
        no: u64,
        /// UUID v5 of series and number.
        expected: InvoiceId,
        /// What it has.
        found: InvoiceId,
    },
    /// Some field is not as it was when the row was made.
    #[error("number {no} was changed: it states the hash {stated} but has {computed}")]
    HashMismatch {
        /// The row's number.
        no: u64,
        /// The hash it carries.
        stated: Sha256Hash,
        /// The hash of what it carries.
        computed: Sha256Hash,
    },
}

/// The id of an invoice: UUID v5 with the series as namespace and the number,
/// in decimal digits, as name.
pub fn invoice_id(series: SeriesId, no: u64) -> InvoiceId {
    InvoiceId::derived(series.as_uuid(), &no.to_string())
}

/// The hash of a register row: SHA-256 over `tillstream-register-1` and then
/// every field but `hash`, in the order of the type, each with its length (u32,
/// big endian) in front: ids as 16 bytes, numbers as u64, hashes as 32 bytes,
/// the ticket and the printed number as text, dollars as text with two decimals, riel as text without,
/// the time as i64 µs since 1970. Numbers are big endian.
pub fn invoice_hash(row: &InvoiceAssignedV1) -> Sha256Hash {
    // Taken apart by name, so that a new field cannot be left out in silence.
    let InvoiceAssignedV1 {
        series_id,
        no,
        printed,
        invoice_id,
        tenant_id,
        branch_id,
        mapping_seq,
        sale_id,
        ticket_id,
        edge_id,
        entry_seq,
        entry_hash,
        grand_total_usd,
        vat_usd,
        grand_total_khr,
        issued_at,
        prev_hash,
        hash: _,
    } = row;
    Fields::of(FORMAT)
        .uuid(series_id.as_uuid())
        .number(*no)
        .bytes(printed.as_bytes())
        .uuid(invoice_id.as_uuid())
        .uuid(tenant_id.as_uuid())
        .uuid(branch_id.as_uuid())
        .number(*mapping_seq)
        .uuid(sale_id.as_uuid())
        .bytes(ticket_id.as_str().as_bytes())
        .uuid(edge_id.as_uuid())
        .number(*entry_seq)
        .hash(*entry_hash)
        .amount(grand_total_usd.amount(), USD_DECIMALS)
        .amount(vat_usd.amount(), USD_DECIMALS)
        .amount(grand_total_khr.amount(), KHR_DECIMALS)
        .moment(*issued_at)
        .hash(*prev_hash)
        .finish()
}

/// Checks a row against the one before it in its series; `None` before the
/// first number.
///
/// # Errors
/// [`RegisterError`], the first of: another series, a number that does not
/// follow, a broken chain, a wrong id, a changed row.
pub fn verify_row(
    prev: Option<&InvoiceAssignedV1>,
    row: &InvoiceAssignedV1,
) -> Result<(), RegisterError> {
    let no = row.no;
    if let Some(prev) = prev.filter(|prev| prev.series_id != row.series_id) {
        return Err(RegisterError::OtherSeries {
            no,
            expected: prev.series_id,
            found: row.series_id,
        });
    }
    let expected = prev.map_or(1, |prev| prev.no.saturating_add(1));
    if no != expected {
        return Err(RegisterError::NotContiguous { expected, found: no });
    }
    let expected = prev.map_or(Sha256Hash::ZERO, |prev| prev.hash);
    if row.prev_hash != expected {
        return Err(RegisterError::NotChained { no, expected, found: row.prev_hash });
    }
    let expected = invoice_id(row.series_id, no);
    if row.invoice_id != expected {
        return Err(RegisterError::WrongId { no, expected, found: row.invoice_id });
    }
    let computed = invoice_hash(row);
    if computed != row.hash {
        return Err(RegisterError::HashMismatch { no, stated: row.hash, computed });
    }
    Ok(())
}
