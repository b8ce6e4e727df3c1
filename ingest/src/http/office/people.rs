//! Staff and tills. Of PINs and pairing codes only hashes are kept, and they are
//! shown to nobody here.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::secrets::{self, Cost};
use schemas::{
    BranchId, DeviceId, StaffId, Timestamp,
    back_office::{
        CatalogueVersionRow, DeviceRow, PairingCode, PutDevice, PutStaff, SetPin, StaffRow,
    },
    catalogue::{Device, DevicePairing, StaffMember},
};
use store::catalogues;

use super::{
    super::{
        Client, Problem,
        once::{Answer, Done, Turn, once},
        request::{Body, Keyed, Path},
    },
    OfficeRefusal,
    edit::{self, IfMatch, Tagged, What, edit, edit_within, put},
    read_branch,
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

/// How long a pairing code may be used, in microseconds: a day.
const CODE_LIFE: i64 = 24 * 60 * 60 * 1_000_000;
/// How many digits a PIN has.
const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// A store's staff. The version of its catalogue is the `ETag`.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/staff", tag = "staff",
    params(("branch" = BranchId, Path, description = "The store.")),
    responses((status = 200, description = "As asked.", body = Vec<StaffRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn staff(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
) -> Result<Tagged<Vec<StaffRow>>, Problem> {
    let newest = read_branch(center, client, branch, move |books| {
        Box::pin(catalogues::newest(books, branch))
    });
    let newest = newest.await?.ok_or(Refusal::NoCatalogue(branch))?;
    let document = edit::parse(&newest.body)?;
    let row = |person: StaffMember| StaffRow {
        staff_id: person.staff_id,
        name: person.name,
        role: person.role,
        has_pin: person.pin_hash.is_some(),
    };
    let rows = document.staff.into_iter().map(row).collect();
    Ok(Tagged { tag: document.version.to_string(), body: rows })
}

/// A store's tills. The version of its catalogue is the `ETag`.
#[utoipa::path(
    get, path = "/v1/branches/{branch}/devices", tag = "staff",
    params(("branch" = BranchId, Path, description = "The store.")),
    responses((status = 200, description = "As asked.", body = Vec<DeviceRow>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn devices(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(branch): Path<BranchId>,
) -> Result<Tagged<Vec<DeviceRow>>, Problem> {
    let newest = read_branch(center, client, branch, move |books| {
        Box::pin(catalogues::newest(books, branch))
    });
    let newest = newest.await?.ok_or(Refusal::NoCatalogue(branch))?;
    let document = edit::parse(&newest.body)?;
    let row = |device: Device| DeviceRow {
        device_id: device.device_id,
        name: device.name,
        revoked: device.revoked,
        pairing_expires_at: device.pairing.map(|pairing| pairing.expires_at),
    };
    let rows = document.devices.into_iter().map(row).collect();
    Ok(Tagged { tag: document.version.to_string(), body: rows })
}

/// Adds a member of staff, or changes their name and role. Their PIN stays.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/staff/{id}", tag = "staff",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = StaffId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = PutStaff,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_staff(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, StaffId)>,
    seen: IfMatch,
    Body(asked): Body<PutStaff>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("STAFF_CHANGED", id), move |catalogue| {
        let known = catalogue.staff.iter().find(|known| known.staff_id == id);
        let pin_hash = known.and_then(|known| known.pin_hash.clone());
        let person = StaffMember { staff_id: id, name: asked.name, role: asked.role, pin_hash };
        put(&mut catalogue.staff, person, |known| known.staff_id == id);
        Ok(())
    })
    .await
}

/// Removes a member of staff: they cannot log in any more. What they did stays.
/// Removing them again changes nothing.
#[utoipa::path(
    delete, path = "/v1/branches/{branch}/staff/{id}", tag = "staff",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = StaffId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn delete_staff(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, StaffId)>,
    seen: IfMatch,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("STAFF_REMOVED", id), move |catalogue| {
        catalogue.staff.retain(|known| known.staff_id != id);
        Ok(())
    })
    .await
}

/// Adds a till, renames it, or revokes it.
#[utoipa::path(
    put, path = "/v1/branches/{branch}/devices/{id}", tag = "staff",
    params(("branch" = BranchId, Path, description = "The store."), ("id" = DeviceId, Path, description = "Its id."), ("If-Match" = String, Header, description = "The version that was seen, in quotes."),),
    request_body = PutDevice,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn put_device(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, DeviceId)>,
    seen: IfMatch,
    Body(asked): Body<PutDevice>,
) -> Result<Tagged<CatalogueVersionRow>, Problem> {
    edit(center, client, branch, seen, What::new("DEVICE_CHANGED", id), move |catalogue| {
        let known = catalogue.devices.iter().find(|known| known.device_id == id);
        let pairing = known.and_then(|known| known.pairing.clone()).filter(|_| !asked.revoked);
        let PutDevice { name, revoked } = asked;
        let device = Device { device_id: id, name, pairing, revoked };
        put(&mut catalogue.devices, device, |known| known.device_id == id);
        Ok(())
    })
    .await
}

/// Sets somebody's PIN: 4 to 12 digits. Only its hash is kept.
#[utoipa::path(
    post, path = "/v1/branches/{branch}/staff/{id}/pin", tag = "staff",
    params(
        ("branch" = BranchId, Path, description = "The store."),
        ("id" = StaffId, Path, description = "Their id."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    request_body = SetPin,
    responses((status = 200, description = "The newest version now.", body = CatalogueVersionRow), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn set_pin(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, StaffId)>,
    asked: Keyed<SetPin>,
) -> Result<Answer, Problem> {
    let Keyed { meta, body: SetPin { pin } } = asked;
    if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(OfficeRefusal::BadText("a PIN has 4 to 12 digits").into());
    }
    let hash = hashed(&center, pin).await?;
    let answer = once(center, client, meta, move |Turn { center, client, books, .. }| {
        Box::pin(async move {
            let what = What::new("STAFF_PIN_SET", id);
            let row = edit_within(center, books, client, branch, None, what, |catalogue| {
                let person = catalogue.staff.iter_mut().find(|known| known.staff_id == id);
                let unknown = || OfficeRefusal::NoSuchPart(format!("member of staff {id}"));
                person.ok_or_else(unknown)?.pin_hash = Some(hash);
                Ok(())
            });
            Done::new(StatusCode::OK, &row.await?)
        })
    });
    Ok(answer.await?)
}

/// Makes a new one-time code that pairs a till, good for a day; the one before is
/// worth nothing then.
#[utoipa::path(
    post, path = "/v1/branches/{branch}/devices/{id}/pairing-code", tag = "staff",
    params(
        ("branch" = BranchId, Path, description = "The store."),
        ("id" = DeviceId, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "The same for every retry."),
    ),
    responses((status = 200, description = "The code.", body = PairingCode), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn pairing_code(
    State(center): State<Arc<Center>>,
    client: Client,
    Path((branch, id)): Path<(BranchId, DeviceId)>,
    asked: Keyed<Option<()>>,
) -> Result<Response, Problem> {
    let meta = asked.meta;
    // Not kept: a retry makes the same code anew.
    let code = client.code(&format!("{id}/{}", meta.key));
    let hash = hashed(&center, code.clone()).await?;
    let answer = once(center, client, meta, move |Turn { center, client, books, .. }| {
        Box::pin(async move {
            let expires_at = center.now().plus_micros(CODE_LIFE);
            let what = What::new("DEVICE_PAIRING_OPENED", id);
            let row = edit_within(center, books, client, branch, None, what, |catalogue| {
                let device = catalogue.devices.iter_mut().find(|known| known.device_id == id);
                let unknown = || OfficeRefusal::NoSuchPart(format!("device {id}"));
                let device = device.ok_or_else(unknown)?;
                if device.revoked {
                    return Err(OfficeRefusal::DeviceRevoked(id));
                }
                device.pairing = Some(DevicePairing { code_hash: hash, expires_at });
                Ok(())
            });
            row.await?;
            Done::new(StatusCode::OK, &expires_at)
        })
    });
    let answer = answer.await?;
    if answer.is_refusal() {
        return Ok(answer.into_response());
    }
    let expires_at: Timestamp = answer.body()?;
    Ok(Json(PairingCode { device_id: id, code, expires_at }).into_response())
}

/// The hash of a secret; takes its time, on a thread that serves nobody else.
async fn hashed(center: &Center, secret: String) -> Result<String, Refusal> {
    let permit = center.enter()?;
    within_time(async move {
        let _permit = permit;
        let hashing =
            tokio::task::spawn_blocking(move || secrets::hash(&secret, rand::random(), Cost::REAL));
        match hashing.await {
            Ok(Ok(hash)) => Ok(hash),
            Ok(Err(_)) => Err(OfficeRefusal::BadText("this cannot be a PIN or code").into()),
            Err(_) => Err(Refusal::Busy),
        }
    })
    .await
}
