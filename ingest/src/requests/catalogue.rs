//! The newest catalogue of a branch, byte for byte as it was published.

use bytes::Bytes;
use schemas::subjects::CentralSubject;
use store::catalogues;

use super::must_be_active;
use crate::{Refusal, center::Center};

pub(super) async fn answer(center: &Center, subject: CentralSubject) -> Result<Bytes, Refusal> {
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let newest = catalogues::newest(&mut books, subject.branch_id).await?;
    center.commit(books).await?;
    let newest = newest.ok_or(Refusal::NoCatalogue(subject.branch_id))?;
    Ok(newest.body.into())
}
