//! Series of invoice numbers and the settings that make them.
//!
//! Whoever holds the row lock of a company's [`Setting`] ([`lock_setting`]) is the
//! only one to read and write that company's series, queue, mapping heads and
//! register, and to change the setting, whatever leases say.

use domain::invoice_series::{InvoiceForm, Restarts, series_id};
use schemas::{BranchId, SeriesId, Sha256Hash, TenantId, Timestamp};
use time::OffsetDateTime;

use crate::{Conn, Error, columns};

/// How a company numbers its invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// 1, 2, 3, … per company.
    pub revision: u32,
    /// What the count restarts with.
    pub restarts: Restarts,
    /// How a number is printed: a [`InvoiceForm`].
    pub form: String,
}

/// A setting whose row is locked by this transaction, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The company.
    pub tenant_id: TenantId,
    /// Its setting.
    pub setting: Setting,
    /// The setting's form.
    pub form: InvoiceForm,
    /// The year that allocates: the moment's in the company's time zone, or the
    /// newest that has a series already. A clock that goes back opens no older
    /// year.
    pub year: u16,
}

impl Locked {
    /// Which series the sales of a branch belong to, as branch and year.
    pub fn key(&self, branch: BranchId) -> (Option<BranchId>, Option<u16>) {
        let restarts = self.setting.restarts;
        (restarts.per_branch.then_some(branch), restarts.yearly.then_some(self.year))
    }

    /// That series' id.
    pub fn series_of(&self, branch: BranchId) -> SeriesId {
        let (branch, year) = self.key(branch);
        series_id(self.tenant_id, self.setting.revision, branch, year)
    }
}

/// A series under its setting's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Which.
    pub series_id: SeriesId,
    /// The newest number; 0 before the first.
    pub last_no: u64,
    /// That invoice's hash; zeros before the first.
    pub head_hash: Sha256Hash,
    /// Why nothing is allocated, if the series is frozen.
    pub frozen_reason: Option<String>,
}

/// Why a setting was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingRefused {
    /// The company is not in the books.
    #[error("the company is not in the books")]
    NoSuchTenant,
    /// An earlier setting printed numbers of this shape.
    #[error(
        "an earlier setting printed numbers of the same shape, so two invoices could have one \
         number; change the text around the placeholders"
    )]
    ShapeTaken,
    /// It is the setting in force.
    #[error("this is the setting in force; nothing was changed")]
    Unchanged,
    /// Someone changed it meanwhile.
    #[error("the setting in force is revision {0}, not the one that was to be changed")]
    Stale(u32),
}

/// The setting in force; `None` for an unknown company.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn setting(conn: &mut Conn, tenant_id: TenantId) -> Result<Option<Setting>, Error> {
    sqlx::query!(
        "SELECT s.revision, s.per_branch, s.yearly, s.form
         FROM numbering_head h JOIN numbering_setting s USING (tenant_id, revision)
         WHERE h.tenant_id = $1",
        tenant_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(Setting {
            revision: columns::narrow("numbering_setting.revision", i64::from(row.revision))?,
            restarts: Restarts { per_branch: row.per_branch, yearly: row.yearly },
            form: row.form,
        })
    })
    .transpose()
}

/// Locks a company's setting until the transaction ends; whether there is one.
///
/// # Errors
/// [`Error::Database`].
pub async fn lock(conn: &mut Conn, tenant_id: TenantId) -> Result<bool, Error> {
    let locked = sqlx::query!(
        "SELECT revision FROM numbering_head WHERE tenant_id = $1 FOR UPDATE",
        tenant_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(locked.is_some())
}

/// Locks a company's setting until the transaction ends and reads it as it is
/// then. `now` is asked for the time under the lock, so that it rises with the
/// numbers.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn lock_setting(
    conn: &mut Conn,
    tenant_id: TenantId,
    now: impl FnOnce() -> Timestamp,
) -> Result<Option<(Locked, Timestamp)>, Error> {
    // A statement of its own: the next one sees what the lock was waited for.
    if !lock(conn, tenant_id).await? {
        return Ok(None);
    }
    let now = now();
    let Some(setting) = setting(conn, tenant_id).await? else { return Ok(None) };
    let year = sqlx::query_scalar!(
        r#"SELECT GREATEST(
               extract(year FROM $2::timestamptz AT TIME ZONE t.time_zone)::integer,
               (SELECT max(year) FROM invoice_series s
                WHERE s.tenant_id = $1 AND s.revision = $3)) AS "year!"
           FROM tenant t WHERE tenant_id = $1"#,
        tenant_id.as_uuid(),
        OffsetDateTime::from(now),
        i32::try_from(setting.revision).unwrap_or(i32::MAX),
    )
    .fetch_one(conn)
    .await?;
    let form = InvoiceForm::parse(&setting.form, setting.restarts)
        .map_err(|error| Error::corrupt("numbering_setting.form", error))?;
    let year = columns::narrow("year", i64::from(year))?;
    Ok(Some((Locked { tenant_id, setting, form, year }, now)))
}

/// The series of these branches' sales, each once; those that are not there yet
/// are made, and start before number 1.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn open(
    conn: &mut Conn,
    locked: &Locked,
    branches: &[BranchId],
) -> Result<Vec<Series>, Error> {
    let mut ids: Vec<uuid::Uuid> = Vec::new();
    let (mut of_branches, mut years) = (Vec::new(), Vec::new());
    for branch in branches {
        let id = locked.series_of(*branch).as_uuid();
        if !ids.contains(&id) {
            let (branch, year) = locked.key(*branch);
            ids.push(id);
            of_branches.push(branch.map(|branch| branch.as_uuid()));
            years.push(year.map(|year| i16::try_from(year).unwrap_or(i16::MAX)));
        }
    }
    let found = find(conn, &ids).await?;
    if found.len() == ids.len() {
        return Ok(found);
    }
    sqlx::query!(
        "INSERT INTO invoice_series (series_id, tenant_id, revision, branch_id, year)
         SELECT new.series_id, $1, $2, new.branch_id, new.year
         FROM unnest($3::uuid[], $4::uuid[], $5::smallint[]) AS new (series_id, branch_id, year)
         ON CONFLICT DO NOTHING",
        locked.tenant_id.as_uuid(),
        i32::try_from(locked.setting.revision).unwrap_or(i32::MAX),
        &ids,
        &of_branches as _,
        &years as _,
    )
    .execute(&mut *conn)
    .await?;
    find(conn, &ids).await
}

async fn find(conn: &mut Conn, ids: &[uuid::Uuid]) -> Result<Vec<Series>, Error> {
    sqlx::query!(
        "SELECT series_id, last_no, head_hash, frozen_reason
         FROM invoice_series WHERE series_id = ANY ($1) ORDER BY series_id",
        ids,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Series {
            series_id: row.series_id.into(),
            last_no: columns::unsigned("invoice_series.last_no", row.last_no)?,
            head_hash: columns::digest("invoice_series.head_hash", &row.head_hash)?,
            frozen_reason: row.frozen_reason,
        })
    })
    .collect()
}

/// The newest number of a series, under its company's lock; `None` if there is no
/// such series.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn last_no(conn: &mut Conn, series_id: SeriesId) -> Result<Option<u64>, Error> {
    let found = find(conn, &[series_id.as_uuid()]).await?;
    Ok(found.first().map(|series| series.last_no))
}

/// The branches of a company whose own series of this setting is frozen.
///
/// # Errors
/// [`Error::Database`].
pub async fn frozen_branches(conn: &mut Conn, locked: &Locked) -> Result<Vec<BranchId>, Error> {
    let ids = sqlx::query_scalar!(
        r#"SELECT branch_id AS "branch_id!" FROM invoice_series
           WHERE tenant_id = $1 AND revision = $2 AND branch_id IS NOT NULL AND state = 'FROZEN'
             AND (year IS NULL OR year = $3)"#,
        locked.tenant_id.as_uuid(),
        i32::try_from(locked.setting.revision).unwrap_or(i32::MAX),
        i16::try_from(locked.year).unwrap_or(i16::MAX),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(BranchId::from).collect())
}

/// The branches' own numbers.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn branch_numbers(
    conn: &mut Conn,
    branches: &[BranchId],
) -> Result<Vec<(BranchId, u16)>, Error> {
    let ids: Vec<_> = branches.iter().map(|branch| branch.as_uuid()).collect();
    sqlx::query!("SELECT branch_id, branch_no FROM branch WHERE branch_id = ANY ($1)", &ids)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(|row| {
            let no = columns::narrow("branch.branch_no", i64::from(row.branch_no))?;
            Ok((row.branch_id.into(), no))
        })
        .collect()
}

/// Changes how a company numbers its invoices from the next one on: new series
/// start at 1, the old ones stand as they are. `expected` is the revision that
/// the caller has seen; `set_by` names who did it.
///
/// # Errors
/// [`Error::Database`]. The inner one: nothing was changed, and why.
pub async fn change_setting(
    conn: &mut Conn,
    tenant_id: TenantId,
    expected: u32,
    (restarts, form): (Restarts, &InvoiceForm),
    text: &str,
    set_by: &str,
) -> Result<Result<Setting, SettingRefused>, Error> {
    lock(conn, tenant_id).await?;
    let Some(old) = setting(conn, tenant_id).await? else {
        return Ok(Err(SettingRefused::NoSuchTenant));
    };
    if old.revision != expected {
        return Ok(Err(SettingRefused::Stale(old.revision)));
    }
    if old.restarts == restarts && old.form == text {
        return Ok(Err(SettingRefused::Unchanged));
    }
    let revision = old.revision.saturating_add(1);
    let stored = i32::try_from(revision).unwrap_or(i32::MAX);
    let made = sqlx::query!(
        "INSERT INTO numbering_setting (tenant_id, revision, per_branch, yearly, form, shape, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, shape) DO NOTHING",
        tenant_id.as_uuid(),
        stored,
        restarts.per_branch,
        restarts.yearly,
        text,
        form.shape(),
        set_by,
    )
    .execute(&mut *conn)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(Err(SettingRefused::ShapeTaken));
    }
    sqlx::query!(
        "UPDATE numbering_head SET revision = $2 WHERE tenant_id = $1",
        tenant_id.as_uuid(),
        stored,
    )
    .execute(conn)
    .await?;
    Ok(Ok(Setting { revision, restarts, form: text.to_owned() }))
}
