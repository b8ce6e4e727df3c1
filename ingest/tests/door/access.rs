//! Who gets in: each route with no token, a wrong one, a revoked one, and a token
//! with each single scope.

use ingest::http::access::{Need, RULES};
use reqwest::Method;
use schemas::{TokenId, back_office::Scope};
use serde_json::Value;
use store::tokens;
use testkit::{seed_company, sqlx};

use crate::setup::{Door, NOW, token};

/// An address of a route, with things that do not exist.
fn address(path: &str, door: &Door) -> String {
    let nobody = "99999999-9999-4999-8999-999999999999";
    path.split('/')
        .map(|part| match part {
            "{branch}" => door.store(0).branch_id.to_string(),
            _ if part.starts_with('{') => nobody.to_owned(),
            _ => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn code(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn every_route_asks_for_its_scope_and_for_nothing_else() {
    let door = Door::open(1).await;
    let tenant_id = door.company.tenant_id;
    let revoked = token(&door.books, tenant_id, &Scope::ALL, None).await;
    let mut conn = door.books.pool.acquire().await.unwrap();
    let id: TokenId = revoked.trim_start_matches("tst_").parse().unwrap();
    assert!(tokens::revoke(&mut conn, id, NOW).await.unwrap());
    assert!(!tokens::revoke(&mut conn, id, NOW).await.unwrap(), "it is already");
    let mut tokens = Vec::new();
    for scope in Scope::ALL {
        tokens.push((scope, token(&door.books, tenant_id, &[scope], None).await));
    }
    for rule in RULES {
        let path = address(rule.path, &door);
        let ask = async |token: Option<&str>| {
            let method: Method = rule.method.parse().unwrap();
            code(door.send(method, &path, token).await).await
        };
        let denied = |code: &str| (401, code.to_owned());
        let Rule { open, scope } = rule.need.into();
        if open {
            assert_eq!(ask(None).await.0, 200, "{path}");
            continue;
        }
        assert_eq!(ask(None).await, denied("token_missing"), "{path}");
        for wrong in ["tst_nobody", &"x".repeat(300), &revoked] {
            assert_eq!(ask(Some(wrong)).await, denied("token_unknown"), "{path} {wrong}");
        }
        for (held, token) in &tokens {
            let (status, code) = ask(Some(token)).await;
            let let_in = scope.is_none_or(|asked| asked == *held);
            assert_eq!(code != "scope_missing", let_in, "{} {path} {held}", rule.method);
            assert_eq!(status != 403, let_in, "{} {path} {held}", rule.method);
            assert_ne!(status, 401, "{} {path} {held}", rule.method);
        }
    }
}

/// What a rule says, taken apart.
struct Rule {
    open: bool,
    scope: Option<Scope>,
}

impl From<Need> for Rule {
    fn from(need: Need) -> Self {
        match need {
            Need::Nothing => Self { open: true, scope: None },
            Need::Token(scope) => Self { open: false, scope: Some(scope) },
            Need::AnyToken => Self { open: false, scope: None },
        }
    }
}

#[tokio::test]
async fn a_token_knows_its_own_company_and_its_own_branches_only() {
    let door = Door::open(2).await;
    let tenant_id = door.company.tenant_id;
    let other = seed_company(&door.books.pool, 1).await;
    let foreign = token(&door.books, other.tenant_id, &Scope::ALL, None).await;
    let own = [door.store(0).branch_id];
    let limited = token(&door.books, tenant_id, &Scope::ALL, Some(&own)).await;
    let facts = |index: usize| format!("/v1/branches/{}/facts", door.store(index).branch_id);
    for (token, index, status) in [
        (&door.token, 0, 200),
        (&door.token, 1, 200),
        (&limited, 0, 200),
        (&limited, 1, 404),
        (&foreign, 0, 404),
        (&foreign, 1, 404),
    ] {
        let (found, code) = code(door.send(Method::GET, &facts(index), Some(token)).await).await;
        assert_eq!(found, status, "{token} {index}");
        assert_eq!(code == "no_such_branch", status == 404);
    }
}

#[tokio::test]
async fn the_secret_of_a_token_is_not_in_the_books() {
    let door = Door::open(1).await;
    let kept: String = sqlx::query_scalar("SELECT string_agg(t::text, ' ') FROM api_token t")
        .fetch_one(&door.books.pool)
        .await
        .unwrap();
    assert!(kept.contains("books:read") && !kept.contains(&door.token), "{kept}");
    assert!(kept.contains(&tokens::hash_of(&door.token).to_string()));
}
