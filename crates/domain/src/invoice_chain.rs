//! The chain of the invoice register: an auditor who has the rows of a series
//! can check offline that none was changed, removed or slipped in.
//!
//! The format is fixed for good, like the journal's.
//!
//! Books that were restored from an older backup may know of numbers that were
//! issued, and to nobody alive which sale got them. Such a number is never issued
//! again: its place is taken by a *lost row* ([`lost_row`]), which names no sale and
//! no money and says so by its own fields. The row after one may name the hash of the
//! row that was lost instead of that of the lost row: nobody else can know it.

use schemas::{
    BranchId, EdgeId, InvoiceId, Khr, SaleId, SeriesId, Sha256Hash, TenantId, TicketId, Timestamp,
    Usd, facts::InvoiceAssignedV1,
};
use uuid::Uuid;

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

/// Where a lost number stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostPlace {
    /// The series.
    pub series_id: SeriesId,
    /// The number.
    pub no: u64,
    /// As it is printed.
    pub printed: String,
    /// The company.
    pub tenant_id: TenantId,
    /// The store whose mapping it takes a place in; whose sale it was, nobody knows.
    pub branch_id: BranchId,
    /// That place.
    pub mapping_seq: u64,
    /// When it was found lost.
    pub found_at: Timestamp,
    /// The hash of the row before it.
    pub prev_hash: Sha256Hash,
}

/// The row of a number that was issued and of which nobody can prove to whom: no
/// edge, no entry, no money, and a sale and a ticket that derive from the number.
///
/// # Errors
/// [`schemas::ids::InvalidId`] never comes about: the ticket is made of an id and
/// digits.
pub fn lost_row(place: LostPlace) -> Result<InvoiceAssignedV1, schemas::ids::InvalidId> {
    let LostPlace {
        series_id,
        no,
        printed,
        tenant_id,
        branch_id,
        mapping_seq,
        found_at,
        prev_hash,
    } = place;
    let mut row = InvoiceAssignedV1 {
        series_id,
        no,
        printed,
        invoice_id: invoice_id(series_id, no),
        tenant_id,
        branch_id,
        mapping_seq,
        sale_id: lost_sale(series_id, no),
        ticket_id: TicketId::parse(format!("lost:{series_id}:{no}"))?,
        edge_id: EdgeId::from_uuid(Uuid::nil()),
        entry_seq: 0,
        entry_hash: Sha256Hash::ZERO,
        grand_total_usd: Usd::ZERO,
        vat_usd: Usd::ZERO,
        grand_total_khr: Khr::ZERO,
        issued_at: found_at,
        prev_hash,
        hash: Sha256Hash::ZERO,
    };
    row.hash = invoice_hash(&row);
    Ok(row)
}

/// Whether a row is a [`lost_row`].
pub fn is_lost(row: &InvoiceAssignedV1) -> bool {
    row.edge_id.as_uuid().is_nil()
        && row.entry_seq == 0
        && row.entry_hash == Sha256Hash::ZERO
        && row.sale_id == lost_sale(row.series_id, row.no)
        && row.grand_total_usd.amount().is_zero()
        && row.vat_usd.amount().is_zero()
        && row.grand_total_khr.amount().is_zero()
}

fn lost_sale(series: SeriesId, no: u64) -> SaleId {
    SaleId::derived(series.as_uuid(), &format!("lost/{no}"))
}

/// Checks a row against the one before it in its series; `None` before the
/// first number. After a lost row any chain may go on: what is not lost was issued
/// after the row whose place that one took.
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
    let may_differ = prev.is_some_and(is_lost) && !is_lost(row);
    if row.prev_hash != expected && !may_differ {
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
