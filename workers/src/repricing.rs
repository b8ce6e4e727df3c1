//! Pricing sales again with the catalogue that they name, only to compare.

use std::{collections::HashMap, sync::Arc};

use domain::{catalogue::CatalogueIndex, reprice};
use schemas::{BranchId, Sha256Hash, catalogue::CatalogueRef, events::SaleFinalizedV1};
use store::Conn;

/// The most catalogues kept in memory by one shard.
pub const MAX_CATALOGUES: usize = 32;
/// The most differences told of one sale.
const MAX_DIFFERENCES: usize = 10;

/// What pricing a sale again gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repricing {
    /// The same figures, or it is no sale.
    Agrees,
    /// Other figures: which, in words.
    Differs(String),
    /// Nothing: the catalogue is not in the books.
    Unknown,
}

/// Prices `sale` again.
pub fn reprice(index: Option<&CatalogueIndex>, sale: &SaleFinalizedV1) -> Repricing {
    let Some(index) = index else { return Repricing::Unknown };
    let differences = reprice::compare(index, sale);
    if differences.is_empty() {
        return Repricing::Agrees;
    }
    let told: Vec<String> = differences
        .iter()
        .take(MAX_DIFFERENCES)
        .map(|it| format!("{}: captured {}, computed {}", it.field, it.captured, it.computed))
        .collect();
    Repricing::Differs(told.join("; "))
}

/// Catalogues in use, read once. A catalogue never changes under its branch,
/// version and content hash.
#[derive(Default)]
pub struct Catalogues {
    known: HashMap<(BranchId, u64, Sha256Hash), Arc<CatalogueIndex>>,
}

impl Catalogues {
    /// The catalogue under this reference; `None` if the books do not have it,
    /// or have something there that no edge could have priced with.
    ///
    /// # Errors
    /// [`store::Error`] if the books cannot be asked.
    pub async fn get(
        &mut self,
        conn: &mut Conn,
        branch: BranchId,
        reference: CatalogueRef,
    ) -> Result<Option<Arc<CatalogueIndex>>, store::Error> {
        let key = (branch, reference.version, reference.content_hash);
        if let Some(index) = self.known.get(&key) {
            return Ok(Some(Arc::clone(index)));
        }
        let Some(body) = store::catalogues::by_reference(conn, branch, reference).await? else {
            return Ok(None);
        };
        let index = match domain::catalogue::parse(&body) {
            Ok((index, parsed)) if parsed == reference => Arc::new(index),
            Ok(_) => return Ok(None),
            Err(error) => {
                tracing::error!(%error, branch.id = %branch, catalogue.version = reference.version,
                    "a published catalogue cannot be read");
                return Ok(None);
            }
        };
        if self.known.len() >= MAX_CATALOGUES {
            // Sales of one time use the same few; those are back at once.
            self.known.clear();
        }
        self.known.insert(key, Arc::clone(&index));
        Ok(Some(index))
    }
}
