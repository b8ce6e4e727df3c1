//! A store that writes a journal with everything in it that can go wrong.

use std::sync::Arc;

use bus::entries::Delivery;
use domain::{
    catalogue::{CatalogueIndex, content_hash},
    journal_chain,
};
use rust_decimal::Decimal;
use schemas::{
    BranchId, CommandId, Currency, EdgeId, Entry, EntryKind, Sha256Hash, TenantId, Usd,
    VoidRequestId,
    catalogue::CatalogueRef,
    events::{
        AuditAction, KhqrProof, LateSale, OrderStatus, PaidKind, SaleFinalizedV1, Tender,
        TenderMethod,
    },
    subjects::PosSubject,
};
use store::khqr::{Intent, IntentState, Payment};
use testkit::{JournalWriter, sample_catalogue};
use uuid::Uuid;
use workers::reading::Origin;

use super::online::Door;

/// A store.
pub struct Store {
    pub tenant_id: TenantId,
    pub branch_id: BranchId,
    pub edge_id: EdgeId,
    pub index: Arc<CatalogueIndex>,
    pub reference: CatalogueRef,
    pub journal: JournalWriter,
    sales: Vec<SaleFinalizedV1>,
    requests: Vec<VoidRequestId>,
    /// KHQR codes that the books have before the journal comes.
    pub intents: Vec<Intent>,
    /// Its direct door.
    pub door: Door,
}

impl From<&Store> for Origin {
    fn from(store: &Store) -> Self {
        let Store { tenant_id, branch_id, edge_id, .. } = *store;
        Self { tenant_id, branch_id, edge_id }
    }
}

/// Something that an edge writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Open,
    Sell,
    /// Another sale under the ticket of the last one.
    SameTicket,
    /// The last sale's order moves on.
    Ready,
    Delivered,
    /// The last sale's order jumps.
    BadMove,
    /// A payload that is none.
    Garbage,
    /// A sale of another branch.
    Foreign,
    /// A sale in a version that does not exist yet.
    Future,
    /// A sale that no text column takes.
    Poison,
    Mispriced,
    UnknownCatalogue,
    /// Someone pays into the drawer, or out of it.
    PayIn,
    PayOut,
    /// The last sale is to be undone.
    RequestVoid,
    /// The last request is decided, whatever it is about now.
    ApproveVoid,
    RejectVoid,
    /// The last sale is undone without a request, with other figures than its own.
    ApproveUnasked,
    /// The last request is decided as a command says that is in no books.
    ApproveByCommand,
    /// A command is refused that is in no books.
    RefuseCommand,
    /// The session is closed; sales after that are supplements.
    Close,
    /// The same with sums that are not the books', naming no pending void.
    CloseWrongly,
    /// A sale in a closed session that does not say that it is late.
    Stray,
    /// A late sale that skips a number, whether the session is closed or not.
    SkippedLate,
    /// A sale by KHQR whose payment the books know.
    Khqr,
    /// The same, with the code of the last one.
    KhqrAgain,
    /// The same, of another amount than was paid.
    KhqrShort,
    /// The same, of a code that nobody paid.
    KhqrUnpaid,
    /// The same, of a code that is in no books.
    KhqrUnknown,
    Audit,
    /// The next online order is accepted.
    AcceptOnline,
    /// The last one once more, or the first while it waits.
    AcceptAgain,
    /// That order moves on.
    ReadyOnline,
    DeliveredOnline,
}

impl Step {
    pub const ALL: [Self; 34] = [
        Self::Open,
        Self::Sell,
        Self::SameTicket,
        Self::Ready,
        Self::Delivered,
        Self::BadMove,
        Self::Garbage,
        Self::Foreign,
        Self::Future,
        Self::Poison,
        Self::Mispriced,
        Self::UnknownCatalogue,
        Self::PayIn,
        Self::PayOut,
        Self::RequestVoid,
        Self::ApproveVoid,
        Self::RejectVoid,
        Self::ApproveUnasked,
        Self::ApproveByCommand,
        Self::RefuseCommand,
        Self::Close,
        Self::CloseWrongly,
        Self::Stray,
        Self::SkippedLate,
        Self::Khqr,
        Self::KhqrAgain,
        Self::KhqrShort,
        Self::KhqrUnpaid,
        Self::KhqrUnknown,
        Self::Audit,
        Self::AcceptOnline,
        Self::AcceptAgain,
        Self::ReadyOnline,
        Self::DeliveredOnline,
    ];
}

impl Store {
    /// The `number`th store of a company that is nowhere but here.
    pub fn new(number: usize) -> Self {
        let id = |what: &str| Uuid::new_v5(&Uuid::NAMESPACE_OID, what.as_bytes());
        let tenant_id = TenantId::from_uuid(id("company"));
        let branch_id = BranchId::from_uuid(id(&format!("branch {number}")));
        let edge_id = EdgeId::from_uuid(id(&format!("edge {number}")));
        let catalogue = sample_catalogue(tenant_id, branch_id, 1);
        let bytes = serde_json::to_vec(&catalogue).unwrap();
        Self::with(tenant_id, branch_id, edge_id, &bytes)
    }

    /// A store that is in the books.
    pub fn seeded(store: &testkit::Store) -> Self {
        Self::with(store.tenant_id, store.branch_id, store.edge_id, &store.catalogue)
    }

    fn with(tenant_id: TenantId, branch_id: BranchId, edge_id: EdgeId, bytes: &[u8]) -> Self {
        let (index, reference) = domain::catalogue::parse(bytes).unwrap();
        let journal = JournalWriter::new(edge_id, bytes);
        let door = Door::of(branch_id, bytes);
        let index = Arc::new(index);
        let (sales, requests, intents) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            tenant_id,
            branch_id,
            edge_id,
            index,
            reference,
            journal,
            sales,
            requests,
            intents,
            door,
        }
    }

    /// Where it publishes an entry, with one shard in all.
    pub fn subject(&self, entry: &Entry) -> PosSubject {
        super::subject(self.tenant_id, self, entry)
    }

    /// Writes the entries of `steps`.
    pub fn write(&mut self, steps: &[Step]) -> Vec<Entry> {
        steps.iter().map(|step| self.step(*step)).collect()
    }

    fn step(&mut self, step: Step) -> Entry {
        use OrderStatus::{Delivered, InPrep, Ready};
        if let Some(entry) = self.step_beside_sales(step).or_else(|| self.step_online(step)) {
            return entry;
        }
        let (kind, last) = (EntryKind::SaleFinalized, self.sales.last().cloned());
        let mut sale = self.journal.next_sale();
        match (step, last) {
            (Step::Open, _) => return self.journal.open_session(),
            (Step::Ready, Some(last)) => return self.journal.move_order(&last, InPrep, Ready),
            (Step::Delivered, Some(last)) => {
                return self.journal.move_order(&last, Ready, Delivered);
            }
            (Step::BadMove, Some(last)) => {
                return self.journal.move_order(&last, InPrep, Delivered);
            }
            (Step::Garbage, _) => {
                return self.journal.append_bytes(kind, 1, b"{\"sale_id\": 7".to_vec());
            }
            (Step::SameTicket, Some(last)) => sale.ticket_id = last.ticket_id,
            (Step::Foreign, _) => sale.branch_id = BranchId::from_uuid(Uuid::nil()),
            (Step::Poison, _) => sale.lines[0].name.push('\0'),
            (Step::Mispriced, _) => sale.grand_total_usd = Usd(Decimal::new(1, 2)),
            (Step::UnknownCatalogue, _) => sale.catalogue.content_hash = Sha256Hash::ZERO,
            (Step::Stray, _) => sale.late = None,
            (Step::SkippedLate, _) => {
                let received_at = self.journal.now();
                sale.late = Some(LateSale { supplement_no: 99, received_at });
            }
            _ => {}
        }
        if let Step::Khqr
        | Step::KhqrAgain
        | Step::KhqrShort
        | Step::KhqrUnpaid
        | Step::KhqrUnknown = step
        {
            self.pay_by_khqr(step, &mut sale);
        }
        let version = if step == Step::Future { 2 } else { 1 };
        let payload = serde_json::to_vec(&sale).unwrap();
        self.sales.push(sale);
        self.journal.append_bytes(kind, version, payload)
    }
}

impl Store {
    /// Has a sale paid by a code, which the books know more or less of.
    fn pay_by_khqr(&mut self, step: Step, sale: &mut SaleFinalizedV1) {
        let last = self.intents.last().cloned().filter(|_| step == Step::KhqrAgain);
        let name = format!("{}:{}", self.edge_id, self.journal.head().seq);
        let fresh = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string();
        let payment = Payment {
            hash: format!("hash of {fresh}"),
            from_account_id: None,
            to_account_id: "Shop@bank".to_owned(),
            confirmed_at: sale.finalized_at,
        };
        let amount = sale.grand_total_usd.amount();
        let fresh = Intent {
            md5: fresh,
            tenant_id: self.tenant_id,
            branch_id: self.branch_id,
            edge_id: self.edge_id,
            ticket_id: sale.ticket_id.clone(),
            currency: Currency::Usd,
            amount: if step == Step::KhqrShort { amount - Decimal::new(1, 2) } else { amount },
            to_account_id: "shop@bank".to_owned(),
            state: if step == Step::KhqrUnpaid { IntentState::Open } else { IntentState::Paid },
            payment: Some(payment.clone()).filter(|_| step != Step::KhqrUnpaid),
            sale_id: None,
        };
        let intent = last.unwrap_or_else(|| fresh.clone());
        if step != Step::KhqrUnknown && intent == fresh {
            self.intents.push(fresh);
        }
        let paid = intent.payment.unwrap_or(payment);
        sale.tender = Tender {
            method: TenderMethod::Khqr,
            currency: Currency::Usd,
            received: amount,
            change: Decimal::ZERO,
            khqr: Some(KhqrProof {
                khqr_md5: intent.md5,
                khqr_hash: paid.hash,
                khqr_to_account_id: "shop@bank".to_owned(),
                khqr_confirmed_at: paid.confirmed_at,
                khqr_priced_at: None,
            }),
        };
    }

    /// What is told of sessions and voids; `None` where there is nothing to be
    /// told of yet, or the step is about sales.
    fn step_beside_sales(&mut self, step: Step) -> Option<Entry> {
        let last = self.sales.last().cloned();
        let request = self.requests.last().copied();
        let command = CommandId::from_uuid(Uuid::from_u128(7));
        let journal = &mut self.journal;
        let entry = match step {
            Step::PayIn => journal.pay(PaidKind::PaidIn, Currency::Khr, Decimal::from(40_000)),
            Step::PayOut => journal.pay(PaidKind::PaidOut, Currency::Usd, Decimal::from(5)),
            Step::RequestVoid => {
                let (asked, entry) = journal.request_void(&last?);
                self.requests.push(asked.void_request_id);
                entry
            }
            Step::ApproveVoid => journal.approve_void(request?, &last?, None),
            Step::RejectVoid => journal.reject_void(request?, &last?, None),
            Step::ApproveByCommand => journal.approve_void(request?, &last?, Some(command)),
            Step::ApproveUnasked => {
                let name = format!("unasked {}", journal.head().seq);
                let unknown = VoidRequestId::derived(self.edge_id.as_uuid(), &name);
                let mut approved = journal.next_approval(unknown, &last?, None);
                approved.refund_amount += Decimal::ONE;
                approved.restored.pop();
                journal.append(EntryKind::VoidApproved, &approved)
            }
            Step::RefuseCommand => journal.refuse_command(command, request?, "void_not_found"),
            Step::Close => {
                journal.session()?;
                journal.close_session()
            }
            Step::CloseWrongly => {
                journal.session()?;
                let mut closed = journal.next_close(Decimal::ONE);
                closed.z.sale_count += 1;
                closed.z.drawers[0].expected += Decimal::ONE;
                closed.rejected_voids.clear();
                journal.append(EntryKind::CashSessionClosed, &closed)
            }
            Step::Audit => journal.record_audit(AuditAction::LoggedIn),
            _ => return None,
        };
        Some(entry)
    }
}

/// What the way does to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    None,
    /// A byte of the payload is another one.
    Payload,
    /// The seq is another one.
    Seq,
}

/// An entry as it arrives.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Whose, as a place among the stores.
    pub store: usize,
    pub entry: Entry,
    pub damage: Damage,
    /// Names the message, together with the place in the batch.
    pub message: u64,
}

impl Delivered {
    /// As it was sent.
    pub fn whole(store: usize, entry: &Entry) -> Self {
        Self { store, entry: entry.clone(), damage: Damage::None, message: 1 }
    }

    /// As the broker gives it.
    pub fn delivery(&self, subject: PosSubject, message: u64) -> Delivery {
        let mut entry = self.entry.clone();
        match self.damage {
            Damage::None => {}
            Damage::Payload => {
                let middle = entry.payload.len() / 2;
                entry.payload[middle] ^= 1;
            }
            Damage::Seq => entry.seq += 1,
        }
        Delivery::without_ack(Ok(subject), Ok(entry), message)
    }
}

/// Another entry in the same place of the same journal.
pub fn forked(entry: &Entry) -> Entry {
    let mut other = entry.clone();
    other.payload.push(b' ');
    other.hash = journal_chain::entry_hash(
        other.edge_id,
        other.seq,
        other.prev_hash,
        &other.kind,
        other.schema_version,
        other.recorded_at,
        &other.payload,
    );
    assert_ne!(content_hash(&other.payload), content_hash(&entry.payload));
    other
}
