//! API tokens.

use crate::city::{City, code, each_city, member};
use access::{Principal, TokenNew};
use axum::http::{HeaderMap, Method, header};
use base::PageRequest;
use std::sync::Arc;

fn token(permissions: &[&str], days: i64) -> TokenNew {
    TokenNew {
        name: "接口".into(),
        permissions: permissions.iter().map(|&p| p.into()).collect(),
        days,
    }
}

fn bearer(secret: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        format!("Bearer {secret}").parse().unwrap(),
    );
    headers
}

async fn dispatcher(city: &City<'_>) -> Arc<Principal> {
    let centre = city.organisation("C", None).await;
    city.account("zhang", member(&centre, "dispatcher", Some("0001")))
        .await;
    city.sign_in("zhang").await.principal
}

#[test]
fn a_program_with_a_token_acts_for_its_owner_within_what_was_named() {
    each_city(async |city| {
        let owner = dispatcher(&city).await;
        let made = city
            .access
            .token_create(&owner, token(&["case_view", "case_list"], 30), None)
            .await
            .unwrap();
        let secret = made.secret.clone().unwrap();
        assert!(secret.starts_with("cy_") && secret.len() == 67, "{secret}");
        assert!(!format!("{made:?}").contains(&secret));
        let who = city
            .access
            .authenticate(&Method::POST, &bearer(&secret))
            .await
            .unwrap();
        assert_eq!(
            (who.account_id, &who.memberships),
            (owner.account_id, &owner.memberships)
        );
        assert_eq!(who.permissions().names(), ["case_view", "case_list"]);
        let again = city
            .access
            .token_create(&who, token(&["case_view"], 1), None)
            .await;
        assert_eq!(code(again), "forbidden", "a token makes no tokens");
        let listed = city
            .access
            .token_list(&owner, &PageRequest::default())
            .await
            .unwrap()
            .items;
        assert_eq!(listed, [made.token]);
        city.clock.advance_seconds(30 * 86_400);
        assert!(
            city.access
                .authenticate(&Method::GET, &bearer(&secret))
                .await
                .is_err(),
            "it has ended"
        );
    });
}

#[test]
fn a_revoked_token_is_over_at_once() {
    each_city(async |city| {
        let owner = dispatcher(&city).await;
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        for (name, role) in [("lisi", "dispatcher"), ("sec", "security_admin")] {
            city.account(name, member(&centre, role, None)).await;
        }
        let (other, security) = (
            city.sign_in("lisi").await.principal,
            city.sign_in("sec").await.principal,
        );
        let make = async || {
            city.access
                .token_create(&owner, token(&["case_view"], 30), None)
                .await
                .unwrap()
        };
        let (one, two) = (make().await, make().await);
        let lives = async |secret: &Option<String>| {
            city.access
                .authenticate(&Method::GET, &bearer(secret.as_ref().unwrap()))
                .await
                .is_ok()
        };
        assert!(lives(&one.secret).await && lives(&two.secret).await);
        assert_eq!(
            code(city.access.token_revoke(&other, one.token.id).await),
            "not_found",
            "another's token"
        );
        city.access
            .token_revoke(&owner, one.token.id)
            .await
            .unwrap();
        assert!(!lives(&one.secret).await && lives(&two.secret).await);
        city.access
            .token_revoke(&security, two.token.id)
            .await
            .unwrap();
        assert!(!lives(&two.secret).await);
        assert!(
            city.access
                .token_list(&owner, &PageRequest::default())
                .await
                .unwrap()
                .items
                .is_empty()
        );
    });
}

#[test]
fn wrong_tokens_are_refused_with_the_reason() {
    each_city(async |city| {
        let owner = dispatcher(&city).await;
        let make = async |new| city.access.token_create(&owner, new, None).await;
        assert_eq!(
            code(make(token(&["case_fly"], 30)).await),
            "permissions[0]: unknown_permission"
        );
        assert_eq!(code(make(token(&[], 30)).await), "permissions: required");
        assert_eq!(
            code(make(token(&["case_close"], 30)).await),
            "forbidden",
            "not the owner's to give"
        );
        for days in [0, -1, 367] {
            assert_eq!(
                code(make(token(&["case_view"], days)).await),
                "days: out_of_range"
            );
        }
        let unnamed = TokenNew {
            name: " ".into(),
            ..token(&["case_view"], 1)
        };
        assert_eq!(code(make(unnamed).await), "name: required");
    });
}

#[test]
fn the_same_request_for_a_token_twice_makes_one_and_tells_the_secret_once() {
    each_city(async |city| {
        let owner = dispatcher(&city).await;
        let once = || {
            city.access
                .once(&owner, "token_create", Some("k".into()), &1)
        };
        let first = city
            .access
            .token_create(&owner, token(&["case_view"], 30), once())
            .await
            .unwrap();
        let again = city
            .access
            .token_create(&owner, token(&["case_view"], 30), once())
            .await
            .unwrap();
        assert_eq!(first.token, again.token);
        assert!(first.secret.is_some() && again.secret.is_none());
    });
}
