//! Who calls: every request is checked against [`access::RULES`] before its
//! handler sees it, with the token as the books know it at this moment, so that a
//! revoked one is worth nothing from then on. A route without a rule is closed.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use schemas::{BranchId, Sha256Hash, TenantId, TokenId, back_office::Scope};
use sha2::{Digest as _, Sha256};
use store::{
    Conn,
    companies::{self, Branch},
    tokens::{self, Token},
};

use super::{
    Problem,
    access::{self, Need},
};
use crate::{
    Refusal,
    center::{Center, within_time},
};

/// The longest token that is looked up, in bytes.
const MAX_TOKEN_BYTES: usize = 256;

/// The program that calls. As an argument of a handler it is whoever the rule of
/// the route let in.
#[derive(Clone)]
pub(crate) struct Client {
    token: Arc<Token>,
    secret: Arc<str>,
}

impl Client {
    /// The company it speaks for.
    pub(crate) fn tenant_id(&self) -> TenantId {
        self.token.tenant_id
    }

    /// Its token.
    pub(crate) fn token_id(&self) -> TokenId {
        self.token.token_id
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.token.name
    }

    /// The only stores it may see; `None` is all of the company's.
    pub(crate) fn branch_ids(&self) -> Option<&[BranchId]> {
        self.token.branch_ids.as_deref()
    }

    /// A hash of these together with the secret of the token: who has the hash but not
    /// the secret cannot guess what was hashed, however short it is.
    pub(crate) fn hash_with_secret(&self, fields: &[&[u8]]) -> Sha256Hash {
        let mut hash = Sha256::new();
        for field in [self.secret.as_bytes()].iter().chain(fields) {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        Sha256Hash::from_bytes(hash.finalize().into())
    }

    /// A code for people, always the same for this token and `purpose`: ten digits
    /// and letters, 50 bits, without those that look alike.
    pub(crate) fn code(&self, purpose: &str) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let hash = self.hash_with_secret(&[b"code", purpose.as_bytes()]);
        hash.as_bytes()[..10]
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
            .collect()
    }

    /// Whether it may see a store of its company.
    pub(crate) fn may_see(&self, branch_id: BranchId) -> bool {
        self.branch_ids().is_none_or(|ids| ids.contains(&branch_id))
    }

    /// Refuses unless the token has the scope. The rule of the route has been
    /// checked already; this is for what a body asks beyond it.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Refusal> {
        if self.token.scopes.contains(&scope) { Ok(()) } else { Err(Refusal::ScopeMissing(scope)) }
    }

    /// Refuses unless the token may see all of the company's stores.
    pub(crate) fn whole_company(&self) -> Result<(), Refusal> {
        if self.branch_ids().is_none() { Ok(()) } else { Err(Refusal::WholeCompanyOnly) }
    }

    /// Whether a store is the company's and the token may see it.
    pub(crate) async fn sees(
        &self,
        books: &mut Conn,
        branch_id: BranchId,
    ) -> Result<bool, Refusal> {
        match self.branch(books, branch_id).await {
            Ok(_) => Ok(true),
            Err(Refusal::NoSuchBranch(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A store, if it is the company's and the token may see it; others are not
    /// told from those that do not exist.
    pub(crate) async fn branch(
        &self,
        books: &mut Conn,
        branch_id: BranchId,
    ) -> Result<Branch, Refusal> {
        let may_see = self.may_see(branch_id);
        companies::branch(books, branch_id)
            .await?
            .filter(|branch| may_see && branch.tenant_id == self.tenant_id())
            .ok_or(Refusal::NoSuchBranch(branch_id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Only a route that is open to anyone has none; its handler asks for none.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::TokenMissing.into())
    }
}

/// Lets a request through to its handler if its route's rule allows.
pub(super) async fn check(
    State(center): State<Arc<Center>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let need = access::need(request.method(), path.as_str());
    if need != Some(Need::Nothing) {
        let client = identify(center, request.headers()).await?;
        match need {
            Some(Need::Token(scope)) => client.require(scope)?,
            Some(Need::AnyToken | Need::Nothing) => {}
            // Its method is not served, or somebody forgot its rule.
            None => return Err(Problem::method_not_allowed()),
        }
        request.extensions_mut().insert(client);
    }
    Ok(next.run(request).await)
}

async fn identify(center: Arc<Center>, headers: &HeaderMap) -> Result<Client, Refusal> {
    let secret = bearer(headers)?;
    if secret.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::TokenUnknown);
    }
    let hash = tokens::hash_of(secret);
    let token = within_time(async move {
        let mut books = center.begin().await?;
        let token = tokens::by_secret(&mut books, hash).await?;
        center.commit(books).await?;
        Ok(token)
    });
    let token = token.await?.ok_or(Refusal::TokenUnknown)?;
    Ok(Client { token: Arc::new(token), secret: secret.into() })
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Refusal::TokenMissing)?;
    let value = value.to_str().map_err(|_| Refusal::TokenUnknown)?;
    match value.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => Ok(secret.trim()),
        _ => Err(Refusal::TokenMissing),
    }
}
