//! The stock of a branch as the books have it, and how much of the asking
//! edge's journal is in it.

use schemas::{
    requests::{StockLevel, StockSnapshotV1},
    subjects::CentralSubject,
};
use store::stock;

use super::must_be_active;
use crate::{Refusal, center::Center};

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
) -> Result<StockSnapshotV1, Refusal> {
    let CentralSubject { branch_id, edge_id, .. } = subject;
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    let snapshot = stock::snapshot(&mut books, branch_id, edge_id).await?;
    center.commit(books).await?;
    let snapshot = snapshot.ok_or(Refusal::NotEnrolled(edge_id))?;
    let levels = snapshot.levels.into_iter().map(|level| StockLevel {
        stock_item_id: level.stock_item_id,
        stock_no: level.last_no,
        level: level.level.normalize(),
    });
    Ok(StockSnapshotV1 {
        as_of: center.now(),
        edge_seq: snapshot.edge_seq,
        levels: levels.collect(),
    })
}
