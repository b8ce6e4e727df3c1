//! Which register rows go back into the books, which numbers are lost: pure.
//!
//! Guarantees of a [`plan`]: every number up to the highest that anybody has seen gets
//! one row; a row that somebody holds and that verifies is taken as it is, never made
//! again; a number of which no row is left is booked as a lost row; no number that the
//! books hold is touched. The rows of each series continue it, and those of each
//! branch its mapping, without a gap.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry};

use anyhow::{Context, bail, ensure};
use domain::{
    invoice_chain::{LostPlace, invoice_hash, invoice_id, is_lost, lost_row, verify_row},
    invoice_series::{InvoiceForm, Place, series_id},
};
use schemas::{
    BranchId, SaleId, SeriesId, Sha256Hash, TenantId, Timestamp, facts::InvoiceAssignedV1,
};
use store::{
    recovery::refill::{BookedSale, KnownSeries},
    series::Setting,
};

/// More numbers of one series than this are not believed to be missing.
const MAX_NUMBERS: u64 = 5_000_000;

/// A branch of the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Which.
    pub branch_id: BranchId,
    /// Its own number.
    pub branch_no: u16,
    /// Its newest `mapping_seq` in the books.
    pub mapping_head: u64,
}

/// All that a plan is made of.
#[derive(Debug, Clone)]
pub struct Known {
    /// The company.
    pub tenant_id: TenantId,
    /// Its series in the books.
    pub series: Vec<KnownSeries>,
    /// Every setting that it numbered under.
    pub settings: Vec<Setting>,
    /// Its branches.
    pub branches: Vec<Branch>,
    /// Rows that others hold and the books do not.
    pub told: Vec<InvoiceAssignedV1>,
    /// The highest number of each series that anybody has seen.
    pub highest: HashMap<SeriesId, u64>,
    /// What the books hold of the sales that those rows name.
    pub sales: Vec<BookedSale>,
    /// So many numbers above the highest are booked as lost too, in each series.
    pub reserve: u64,
    /// When.
    pub now: Timestamp,
}

/// What goes back into the register.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Series that the books lost.
    pub reopened: Vec<KnownSeries>,
    /// Rows, those of each series in order: proven ones as they were, and lost ones.
    pub rows: Vec<InvoiceAssignedV1>,
    /// What somebody holds and the books contradict, in words.
    pub contradicted: Vec<String>,
}

impl Plan {
    /// The lost ones among the rows.
    pub fn lost(&self) -> impl Iterator<Item = &InvoiceAssignedV1> {
        self.rows.iter().filter(|row| is_lost(row))
    }
}

/// A number of a series that must get a row.
enum Slot {
    Proven(Box<InvoiceAssignedV1>),
    Lost { branch: BranchId, mapping_seq: u64 },
}

/// Decides.
///
/// # Errors
/// If rows that others hold contradict each other or the chain, or belong to a series
/// that cannot be told from the settings in the books: a person must look.
pub fn plan(known: &Known) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    let mut series: BTreeMap<SeriesId, KnownSeries> =
        known.series.iter().map(|series| (series.series_id, series.clone())).collect();
    for id in known.told.iter().map(|row| row.series_id).chain(known.highest.keys().copied()) {
        if let Entry::Vacant(unknown) = series.entry(id) {
            let made = recognise(known, id)?;
            plan.reopened.push(made.clone());
            unknown.insert(made);
        }
    }
    let mut slots: BTreeMap<(SeriesId, u64), Option<Slot>> = BTreeMap::new();
    for of in series.values() {
        for (no, row) in chosen(known, of, &mut plan.contradicted)? {
            slots.insert((of.series_id, no), row.map(|row| Slot::Proven(Box::new(row))));
        }
    }
    map_lost(known, &mut series, &mut slots)?;
    plan.rows = chain(known, &series, slots)?;
    Ok(plan)
}

/// The series with this id, made of what the company's settings say.
fn recognise(known: &Known, id: SeriesId) -> anyhow::Result<KnownSeries> {
    let issued = known.told.iter().filter(|row| row.series_id == id).map(|row| row.issued_at);
    let years: BTreeSet<u16> = issued
        .chain([known.now])
        .flat_map(|at| {
            let year = time::OffsetDateTime::from(at).year();
            (year - 1..=year + 1).filter_map(|year| u16::try_from(year).ok())
        })
        .collect();
    for setting in &known.settings {
        let branches: Vec<Option<BranchId>> = if setting.restarts.per_branch {
            known.branches.iter().map(|branch| Some(branch.branch_id)).collect()
        } else {
            vec![None]
        };
        let years: Vec<Option<u16>> = if setting.restarts.yearly {
            years.iter().copied().map(Some).collect()
        } else {
            vec![None]
        };
        for branch_id in &branches {
            for year in &years {
                if series_id(known.tenant_id, setting.revision, *branch_id, *year) == id {
                    return Ok(KnownSeries {
                        series_id: id,
                        revision: setting.revision,
                        branch_id: *branch_id,
                        year: *year,
                        last_no: 0,
                        head_hash: Sha256Hash::ZERO,
                    });
                }
            }
        }
    }
    bail!(
        "series {id} was opened under a branch or a numbering setting that is not in the books: \
         make it again as it was, and then recover"
    )
}

/// The rows after the newest number of a series, for each number up to the highest
/// that was seen the one to be taken, if there is one.
fn chosen(
    known: &Known,
    of: &KnownSeries,
    contradicted: &mut Vec<String>,
) -> anyhow::Result<BTreeMap<u64, Option<InvoiceAssignedV1>>> {
    let sales: HashMap<SaleId, &BookedSale> =
        known.sales.iter().map(|sale| (sale.sale_id, sale)).collect();
    let mut by_no: BTreeMap<u64, Vec<&InvoiceAssignedV1>> = BTreeMap::new();
    let mut top = known.highest.get(&of.series_id).copied().unwrap_or(0).max(of.last_no);
    for row in known.told.iter().filter(|row| row.series_id == of.series_id) {
        let (no, ticket) = (row.no, &row.ticket_id);
        ensure!(
            invoice_hash(row) == row.hash && row.invoice_id == invoice_id(row.series_id, no),
            "number {no} of series {} was told with a wrong hash or id",
            of.series_id
        );
        top = top.max(no);
        if no <= of.last_no {
            contradicted.push(format!(
                "number {no} was issued to ticket {ticket} before, and to another one by these \
                 books: the newer one stands"
            ));
            continue;
        }
        if let Some(sale) = sales.get(&row.sale_id) {
            ensure!(
                sale.entry == (row.edge_id, row.entry_seq) && sale.entry_hash == row.entry_hash,
                "number {no} names another entry than the books have for ticket {ticket}"
            );
            if let Some(other) = sale.no {
                contradicted.push(format!(
                    "ticket {ticket} was told number {no}, and these books gave it {other}: {no} \
                     is booked as lost"
                ));
                continue;
            }
        }
        by_no.entry(no).or_default().push(row);
    }
    let reserve = if top > 0 { known.reserve } else { 0 };
    ensure!(
        top - of.last_no <= MAX_NUMBERS,
        "somebody has seen number {top} of series {}, which the books end at {}: more than \
         {MAX_NUMBERS} numbers cannot have been issued since a backup",
        of.series_id,
        of.last_no
    );
    let mut before = Some(of.head_hash);
    let mut rows = BTreeMap::new();
    for no in of.last_no + 1..=top.saturating_add(reserve) {
        let row = pick(&by_no, no, before)?;
        before = row.map(|row| row.hash);
        rows.insert(no, row.cloned());
    }
    Ok(rows)
}

/// The row of a number: the one that follows `before`, if that is known.
fn pick<'a>(
    by_no: &BTreeMap<u64, Vec<&'a InvoiceAssignedV1>>,
    no: u64,
    before: Option<Sha256Hash>,
) -> anyhow::Result<Option<&'a InvoiceAssignedV1>> {
    let Some(told) = by_no.get(&no) else { return Ok(None) };
    let after: Vec<_> =
        by_no.get(&(no + 1)).into_iter().flatten().map(|row| row.prev_hash).collect();
    let follows = |row: &&&'a InvoiceAssignedV1| before.is_none_or(|hash| row.prev_hash == hash);
    let mut fitting: Vec<_> = told.iter().filter(follows).collect();
    if fitting.len() > 1 {
        fitting.retain(|row| after.contains(&row.hash));
    }
    match fitting[..] {
        [row] => Ok(Some(row)),
        [] => bail!(
            "number {no} was told ({}), but not as the one that follows number {}: the books or a \
             witness are damaged",
            told[0].ticket_id,
            no - 1
        ),
        _ => bail!("number {no} was told in two ways, and nobody can say which one is right"),
    }
}

/// Gives each lost number a place in the mapping of a branch: first the holes that the
/// proven rows leave, then the end. A hole that no lost number fills takes one more
/// number.
fn map_lost(
    known: &Known,
    series: &mut BTreeMap<SeriesId, KnownSeries>,
    slots: &mut BTreeMap<(SeriesId, u64), Option<Slot>>,
) -> anyhow::Result<()> {
    let mut taken: BTreeMap<BranchId, BTreeMap<u64, SeriesId>> = BTreeMap::new();
    for slot in slots.values().flatten() {
        let Slot::Proven(row) = slot else { continue };
        let twice = taken.entry(row.branch_id).or_default().insert(row.mapping_seq, row.series_id);
        ensure!(
            twice.is_none(),
            "two numbers were told at place {} of branch {}",
            row.mapping_seq,
            row.branch_id
        );
    }
    let mut holes: BTreeMap<BranchId, BTreeSet<u64>> = BTreeMap::new();
    let mut ends: BTreeMap<BranchId, u64> = BTreeMap::new();
    for branch in &known.branches {
        let held = taken.get(&branch.branch_id);
        let last = held.and_then(|held| held.keys().next_back()).copied().unwrap_or(0);
        let end = last.max(branch.mapping_head);
        let missing = (branch.mapping_head + 1..=end)
            .filter(|seq| held.is_none_or(|held| !held.contains_key(seq)));
        holes.insert(branch.branch_id, missing.collect());
        ends.insert(branch.branch_id, end);
    }
    let lost: Vec<_> =
        slots.iter().filter(|(_, slot)| slot.is_none()).map(|(place, _)| *place).collect();
    for place in lost {
        let of = series.get(&place.0).and_then(|series| series.branch_id);
        let branch = of
            .or_else(|| holes.iter().find(|(_, holes)| !holes.is_empty()).map(|(id, _)| *id))
            .or_else(|| known.branches.first().map(|branch| branch.branch_id))
            .context("the company has no branch")?;
        let hole = holes.get_mut(&branch).and_then(BTreeSet::pop_first);
        let mapping_seq = match hole {
            Some(hole) => hole,
            None => {
                let end = ends.entry(branch).or_insert(0);
                *end += 1;
                *end
            }
        };
        slots.insert(place, Some(Slot::Lost { branch, mapping_seq }));
    }
    for (branch, left) in holes {
        for mapping_seq in left {
            let after = taken.get(&branch).and_then(|held| held.range(mapping_seq..).next());
            let (_, id) = after.context("a hole has a row after it")?;
            let newest = slots.range((*id, 0)..=(*id, u64::MAX)).next_back();
            let no = newest.map_or(1, |((_, no), _)| no + 1);
            slots.insert((*id, no), Some(Slot::Lost { branch, mapping_seq }));
        }
    }
    Ok(())
}

/// Makes the lost rows and checks each against the one before it.
fn chain(
    known: &Known,
    series: &BTreeMap<SeriesId, KnownSeries>,
    slots: BTreeMap<(SeriesId, u64), Option<Slot>>,
) -> anyhow::Result<Vec<InvoiceAssignedV1>> {
    let mut rows: Vec<InvoiceAssignedV1> = Vec::with_capacity(slots.len());
    for ((id, no), slot) in slots {
        let of = series.get(&id).context("a number has a series")?;
        let before = rows.last().filter(|row| row.series_id == id).cloned();
        let prev_hash = before.as_ref().map_or(of.head_hash, |row| row.hash);
        let row = match slot.context("a number has its row")? {
            Slot::Proven(row) => *row,
            Slot::Lost { branch, mapping_seq } => lost_row(LostPlace {
                series_id: id,
                no,
                printed: printed(known, of, branch, no)?,
                tenant_id: known.tenant_id,
                branch_id: branch,
                mapping_seq,
                found_at: known.now,
                prev_hash,
            })?,
        };
        if before.is_some() || of.last_no == 0 {
            verify_row(before.as_ref(), &row)?;
        }
        rows.push(row);
    }
    Ok(rows)
}

/// How a number is printed under the setting of its series.
fn printed(known: &Known, of: &KnownSeries, branch: BranchId, no: u64) -> anyhow::Result<String> {
    let setting = known
        .settings
        .iter()
        .find(|setting| setting.revision == of.revision)
        .context("a series has its setting")?;
    let form = InvoiceForm::parse(&setting.form, setting.restarts)?;
    let now = time::OffsetDateTime::from(known.now).year();
    let year = of.year.or_else(|| u16::try_from(now).ok()).unwrap_or_default();
    let branch = known.branches.iter().find(|known| known.branch_id == branch);
    let branch_no = branch.map_or(0, |branch| branch.branch_no);
    Ok(form.print(Place { branch_no, year, no }))
}

#[cfg(test)]
mod tests;
