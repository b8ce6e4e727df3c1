//! The register, number by number: contiguous from 1 to the series' last, each
//! row chained to the one before by the hash that `domain` computes, and the
//! head's hash the last row's.

use domain::invoice_chain;
use futures::TryStreamExt;
use rust_decimal::Decimal;
use schemas::{Khr, Sha256Hash, TicketId, Usd, facts::InvoiceAssignedV1};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Check;
use crate::{Conn, Error};

/// A series' head, and one of its invoices if it has any.
struct Row {
    head_series_id: Uuid,
    last_no: i64,
    head_hash: Vec<u8>,
    state: String,
    no: Option<i64>,
    printed: Option<String>,
    invoice_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    branch_id: Option<Uuid>,
    mapping_seq: Option<i64>,
    sale_id: Option<Uuid>,
    ticket_id: Option<String>,
    edge_id: Option<Uuid>,
    entry_seq: Option<i64>,
    entry_hash: Option<Vec<u8>>,
    grand_total_usd: Option<Decimal>,
    vat_usd: Option<Decimal>,
    grand_total_khr: Option<Decimal>,
    issued_at: Option<OffsetDateTime>,
    prev_hash: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
}

impl Row {
    /// The invoice, or `None` if the series has none or the row is no invoice.
    fn invoice(&self) -> Option<InvoiceAssignedV1> {
        Some(InvoiceAssignedV1 {
            series_id: self.head_series_id.into(),
            no: self.no?.unsigned_abs(),
            printed: self.printed.clone()?,
            invoice_id: self.invoice_id?.into(),
            tenant_id: self.tenant_id?.into(),
            branch_id: self.branch_id?.into(),
            mapping_seq: self.mapping_seq?.unsigned_abs(),
            sale_id: self.sale_id?.into(),
            ticket_id: TicketId::parse(self.ticket_id.as_deref()?).ok()?,
            edge_id: self.edge_id?.into(),
            entry_seq: self.entry_seq?.unsigned_abs(),
            entry_hash: Sha256Hash::try_from(self.entry_hash.as_deref()?).ok()?,
            grand_total_usd: Usd(self.grand_total_usd?),
            vat_usd: Usd(self.vat_usd?),
            grand_total_khr: Khr(self.grand_total_khr?),
            issued_at: self.issued_at?.into(),
            prev_hash: Sha256Hash::try_from(self.prev_hash.as_deref()?).ok()?,
            hash: Sha256Hash::try_from(self.hash.as_deref()?).ok()?,
        })
    }
}

/// What is known of the series that is streaming by.
struct Series {
    series_id: Uuid,
    last_no: i64,
    head_hash: Vec<u8>,
    newest: Option<InvoiceAssignedV1>,
}

impl Series {
    fn of(row: &Row) -> Self {
        Self {
            series_id: row.head_series_id,
            last_no: row.last_no,
            head_hash: row.head_hash.clone(),
            newest: None,
        }
    }

    fn take(&mut self, row: &Row, check: &mut Check) {
        let Some(no) = row.no else { return };
        let Some(invoice) = row.invoice() else {
            check.wrong(|| format!("series {}: number {no} cannot be read", self.series_id));
            return;
        };
        if let Err(error) = invoice_chain::verify_row(self.newest.as_ref(), &invoice) {
            check.wrong(|| format!("series {}: {error}", self.series_id));
        }
        self.newest = Some(invoice);
    }

    fn end(self, check: &mut Check) {
        let (no, hash) =
            self.newest.map_or((0, Sha256Hash::ZERO), |newest| (newest.no, newest.hash));
        if no != self.last_no.unsigned_abs() {
            check.wrong(|| {
                format!("series {} is at {}, its last row is {no}", self.series_id, self.last_no)
            });
        }
        if hash.as_bytes().as_slice() != self.head_hash {
            check.wrong(|| {
                format!("series {}: its head hash is not that of number {no}", self.series_id)
            });
        }
    }
}

/// Walks every series.
pub(super) async fn checks(conn: &mut Conn) -> Result<Vec<Check>, Error> {
    let promise = "each series is 1, 2, 3, … up to its head, chained by hash";
    let mut check = Check::new("register", promise);
    let (mut count, mut invoices, mut last_no, mut lost) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut series: Option<Series> = None;
    {
        let mut rows = sqlx::query_file_as!(Row, "src/sql/verify_register.sql").fetch(conn);
        while let Some(row) = rows.try_next().await? {
            if series.as_ref().is_none_or(|series| series.series_id != row.head_series_id) {
                if let Some(ended) = series.replace(Series::of(&row)) {
                    ended.end(&mut check);
                }
                count += 1;
                last_no = last_no.saturating_add(row.last_no.unsigned_abs());
                if row.state == "FROZEN" {
                    check.note_apart(format!("series {} is frozen", row.head_series_id));
                }
            }
            invoices += u64::from(row.no.is_some());
            lost += u64::from(row.edge_id.is_some_and(|edge| edge.is_nil()));
            if let Some(series) = &mut series {
                series.take(&row, &mut check);
            }
        }
    }
    if let Some(ended) = series {
        ended.end(&mut check);
    }
    if lost > 0 {
        check.note_apart(format!(
            "{lost} numbers were issued before the books were restored, and nobody can prove to \
             whom: they are booked as lost"
        ));
    }
    Ok(vec![
        check
            .counting("series", count)
            .counting("invoices", invoices)
            .counting("numbers given", last_no),
    ])
}
