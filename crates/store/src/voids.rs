//! Requests to undo a sale, and what the books have of a sale that is undone.

use rust_decimal::Decimal;
use schemas::{
    BranchId, CashSessionId, CommandId, Currency, EdgeId, OrderId, SaleId, StaffId, TenantId,
    TicketId, Timestamp, Usd, VoidRequestId,
    events::{DeductionLine, SaleStatus, TenderMethod},
    versions::{self, Event},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned},
    orders::{self, Order},
};

/// Where a request stands, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoidState {
    /// Undecided.
    Pending,
    /// The sale is undone.
    Approved(Decision),
    /// The sale stays.
    Rejected(Decision),
}

/// How a request was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// By whom; `None`: by nobody, it was not possible.
    pub decided_by: Option<StaffId>,
    /// The remark or reason.
    pub note: Option<String>,
    /// When.
    pub decided_at: Timestamp,
    /// The centre's command that was carried out by it, if it was.
    pub command_id: Option<CommandId>,
}

impl VoidState {
    /// The name in storage.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved(_) => "APPROVED",
            Self::Rejected(_) => "REJECTED",
        }
    }

    /// Whether it is undecided.
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// The decision, if there is one.
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Pending => None,
            Self::Approved(decision) | Self::Rejected(decision) => Some(decision),
        }
    }
}

/// A request to undo a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidRequest {
    /// Which.
    pub void_request_id: VoidRequestId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The entry that made it.
    pub entry: (EdgeId, u64),
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// Its session.
    pub cash_session_id: CashSessionId,
    /// Who asked.
    pub requested_by: StaffId,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub state: VoidState,
}

/// What the undoing of a sale needs to know of it: never changed since it was
/// captured. Where it stands is with its [`Order`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldSale {
    /// Which.
    pub sale_id: SaleId,
    /// The store.
    pub branch_id: BranchId,
    /// Its order.
    pub order_id: OrderId,
    /// Its session, if it has one.
    pub cash_session_id: Option<CashSessionId>,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// How it was paid.
    pub method: TenderMethod,
    /// In which currency.
    pub currency: Currency,
    /// What was kept of the tender: received − change.
    pub kept: Decimal,
    /// Its total.
    pub grand_total_usd: Usd,
    /// What it took from stock.
    pub deductions: Vec<DeductionLine>,
}

/// A sale's new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleMove {
    /// Which.
    pub sale_id: SaleId,
    /// Where it stands now.
    pub to: SaleStatus,
    /// When that came about; kept for `VOIDED`.
    pub at: Timestamp,
}

/// Sales in the books with their orders. What they took from stock is read from
/// the entries that they were booked from.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read_sales(conn: &mut Conn, ids: &[SaleId]) -> Result<Vec<(SoldSale, Order)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"SELECT s.sale_id, s.status AS "sale_status", o.order_id, o.status, o.branch_id,
               COALESCE(
                   (SELECT a.edge_id FROM adopted a JOIN edge d ON d.edge_id = a.edge_id
                    WHERE a.subject_id = o.order_id ORDER BY d.epoch DESC LIMIT 1),
                   CASE WHEN h.order_id IS NULL THEN s.edge_id ELSE h.edge_id END
               ) AS kept_by,
               e.kind, e.schema_version, e.payload
           FROM sale s
           JOIN sale_order o ON o.sale_id = s.sale_id
           LEFT JOIN order_handover h ON h.order_id = o.order_id
           JOIN edge_entry e ON e.edge_id = s.edge_id AND e.seq = s.entry_seq
           WHERE s.sale_id = ANY($1) AND o.sale_id = ANY($1)"#,
        &column(ids, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let version = u16::try_from(row.schema_version)
                .map_err(|error| Error::corrupt("edge_entry.schema_version", error))?;
            let event = versions::read(&row.kind, version, &row.payload)
                .map_err(|error| Error::corrupt("edge_entry.payload", error))?;
            let Event::SaleFinalized(sale) = event else {
                return Err(Error::corrupt("sale.entry_seq", "it names an entry of another kind"));
            };
            let order = Order {
                order_id: OrderId::from_uuid(row.order_id),
                sale_id: SaleId::from_uuid(row.sale_id),
                branch_id: BranchId::from_uuid(row.branch_id),
                status: orders::status(&row.status)?,
                sale_status: orders::sale_status(&row.sale_status)?,
                kept_by: row.kept_by.map(schemas::EdgeId::from),
            };
            Ok((SoldSale::of(&sale), order))
        })
        .collect()
}

impl SoldSale {
    /// What is needed of a sale as it was captured.
    pub fn of(sale: &schemas::events::SaleFinalizedV1) -> Self {
        Self {
            sale_id: sale.sale_id,
            branch_id: sale.branch_id,
            order_id: sale.order_id,
            cash_session_id: sale.cash_session_id,
            ticket_id: sale.ticket_id.clone(),
            method: sale.tender.method,
            currency: sale.tender.currency,
            kept: sale.tender.received.saturating_sub(sale.tender.change),
            grand_total_usd: sale.grand_total_usd,
            deductions: sale.deductions.clone(),
        }
    }
}

/// Moves sales; at most one move for each.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn move_sales(conn: &mut Conn, moves: &[SaleMove]) -> Result<(), Error> {
    if moves.is_empty() {
        return Ok(());
    }
    let voided_at = |m: &SaleMove| (m.to == SaleStatus::Voided).then_some(m.at.into());
    sqlx::query!(
        "UPDATE sale s SET status = m.status, voided_at = m.voided_at
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS m (sale_id, status, voided_at)
         WHERE s.sale_id = m.sale_id AND s.sale_id = ANY($1)",
        &column(moves, |m| m.sale_id.as_uuid()),
        &column(moves, |m| m.to.as_str()) as &[&str],
        &column(moves, voided_at) as &[Option<OffsetDateTime>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The requests with these ids, the pending ones of these sales, and the pending
/// ones of these sessions, each once.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(
    conn: &mut Conn,
    ids: &[VoidRequestId],
    pending_of: &[SaleId],
    pending_in: &[CashSessionId],
) -> Result<Vec<VoidRequest>, Error> {
    if ids.is_empty() && pending_of.is_empty() && pending_in.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"SELECT void_request_id AS "void_request_id!", tenant_id AS "tenant_id!",
               branch_id AS "branch_id!", edge_id AS "edge_id!", entry_seq AS "entry_seq!",
               sale_id AS "sale_id!", ticket_id AS "ticket_id!",
               cash_session_id AS "cash_session_id!", requested_by AS "requested_by!",
               reason AS "reason!", requested_at AS "requested_at!", status AS "status!",
               decided_by, decision_note, decided_at, command_id
           FROM (
               SELECT * FROM void_request WHERE void_request_id = ANY($1)
               UNION
               SELECT * FROM void_request WHERE sale_id = ANY($2) AND status = 'PENDING'
               UNION
               SELECT * FROM void_request WHERE cash_session_id = ANY($3) AND status = 'PENDING'
           ) wanted
           ORDER BY void_request_id"#,
        &column(ids, |id| id.as_uuid()),
        &column(pending_of, |id| id.as_uuid()),
        &column(pending_in, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let decision = row.decided_at.map(|decided_at| Decision {
                decided_by: row.decided_by.map(StaffId::from),
                note: row.decision_note,
                decided_at: decided_at.into(),
                command_id: row.command_id.map(CommandId::from),
            });
            let state = match (row.status.as_str(), decision) {
                ("PENDING", None) => VoidState::Pending,
                ("APPROVED", Some(decision)) => VoidState::Approved(decision),
                ("REJECTED", Some(decision)) => VoidState::Rejected(decision),
                (other, _) => return Err(Error::corrupt("void_request.status", other)),
            };
            Ok(VoidRequest {
                void_request_id: row.void_request_id.into(),
                tenant_id: row.tenant_id.into(),
                branch_id: row.branch_id.into(),
                entry: (row.edge_id.into(), unsigned("void_request.entry_seq", row.entry_seq)?),
                sale_id: row.sale_id.into(),
                ticket_id: TicketId::parse(row.ticket_id)
                    .map_err(|error| Error::corrupt("void_request.ticket_id", error))?,
                cash_session_id: row.cash_session_id.into(),
                requested_by: row.requested_by.into(),
                reason: row.reason,
                requested_at: row.requested_at.into(),
                state,
            })
        })
        .collect()
}

/// Writes requests as they stand: new ones whole, of known ones the state.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn write(conn: &mut Conn, requests: &[VoidRequest]) -> Result<(), Error> {
    if requests.is_empty() {
        return Ok(());
    }
    let decision = |r: &VoidRequest| r.state.decision().cloned();
    let decisions: Vec<Option<Decision>> = column(requests, decision);
    let part = |d: &Option<Decision>| d.as_ref().and_then(|d| d.decided_by.map(Uuid::from));
    let decided_by: Vec<Option<Uuid>> = column(&decisions, part);
    let decided_at: Vec<Option<OffsetDateTime>> =
        column(&decisions, |d| d.as_ref().map(|d| d.decided_at.into()));
    let notes: Vec<Option<&str>> =
        column(&decisions, |d| d.as_ref().and_then(|d| d.note.as_deref()));
    let commands: Vec<Option<Uuid>> =
        column(&decisions, |d| d.as_ref().and_then(|d| d.command_id.map(Uuid::from)));
    sqlx::query_file!(
        "src/sql/void_request_write.sql",
        &column(requests, |r| r.void_request_id.as_uuid()),
        &column(requests, |r| r.tenant_id.as_uuid()),
        &column(requests, |r| r.branch_id.as_uuid()),
        &column(requests, |r| r.entry.0.as_uuid()),
        &column(requests, |r| int8(r.entry.1)),
        &column(requests, |r| r.sale_id.as_uuid()),
        &column(requests, |r| r.ticket_id.as_str()) as &[&str],
        &column(requests, |r| r.cash_session_id.as_uuid()),
        &column(requests, |r| r.requested_by.as_uuid()),
        &column(requests, |r| r.reason.as_str()) as &[&str],
        &column(requests, |r| OffsetDateTime::from(r.requested_at)),
        &column(requests, |r| r.state.as_str()) as &[&str],
        &decided_by as &[Option<Uuid>],
        &notes as &[Option<&str>],
        &decided_at as &[Option<OffsetDateTime>],
        &commands as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}
