//! What administrators do with accounts that exist.

use crate::city::{City, PASSWORD, code, each_city, member, password};
use access::{Account, AccountFilter, Principal, SessionOpened, TokenNew};
use base::{Id, PageRequest};
use std::sync::Arc;

async fn seen(city: &City<'_>, name: &str) -> Account {
    let filter = AccountFilter {
        login_name: Some(name.to_owned()),
    };
    let page = PageRequest::default();
    let found = city
        .access
        .account_list(&city.console, &filter, &page)
        .await
        .unwrap();
    assert_eq!(found.items.len(), 1);
    found.items.into_iter().next().unwrap()
}

/// A city with a security administrator `sec.one`, who is signed in, and a dispatcher `zhang`.
async fn peopled(city: &City<'_>) -> Arc<Principal> {
    let centre = city.organisation("C", None).await;
    city.account("sec.one", member(&centre, "security_admin", None))
        .await;
    city.account("zhang", member(&centre, "dispatcher", Some("0001")))
        .await;
    city.sign_in("sec.one").await.principal
}

fn still_in(city: &City<'_>, opened: &SessionOpened) -> impl Future<Output = bool> {
    let cookie = format!("chengyun_session={}", opened.secret.reveal());
    let access = city.access.clone();
    async move {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert("cookie", cookie.parse().unwrap());
        let who = access.identify(&axum::http::Method::GET, &headers).await;
        who.is_ok_and(|who| who.is_some())
    }
}

#[test]
fn accounts_are_listed_as_far_as_one_may_look_page_by_page() {
    each_city(async |city| {
        let security = peopled(&city).await;
        let list = async |filter: &AccountFilter, limit, after| {
            let page = PageRequest {
                limit: Some(limit),
                after,
            };
            city.access.account_list(&security, filter, &page).await
        };
        let all = AccountFilter::default();
        let first = list(&all, 1, None).await.unwrap();
        let second = list(&all, 1, first.next.clone()).await.unwrap();
        let names = [&first.items[0].login_name, &second.items[0].login_name];
        assert_eq!(
            (names, second.next),
            (["sec.one", "zhang"].map(String::from).each_ref(), None)
        );
        let zhang = seen(&city, " ZHANG ").await;
        assert_eq!(
            (&*zhang.staff_name, &*zhang.roles),
            ("张zhang", &["dispatcher".to_owned()][..])
        );
        assert!(zhang.is_active && zhang.locked_until.is_none() && !zhang.must_change_password);
        let nobody = AccountFilter {
            login_name: Some("nobody".into()),
        };
        assert_eq!(list(&nobody, 9, None).await.unwrap().items, []);
        assert_eq!(code(list(&all, 0, None).await), "limit: out_of_range");
        assert_eq!(
            code(list(&all, 9, Some("x".into())).await),
            "after: malformed"
        );
        let zhang = city.sign_in("zhang").await.principal;
        let refused = city
            .access
            .account_list(&zhang, &all, &PageRequest::default())
            .await;
        assert_eq!(code(refused), "forbidden");
    });
}

#[test]
fn a_name_locked_by_wrong_passwords_is_seen_and_unlocked() {
    each_city(async |city| {
        let security = peopled(&city).await;
        let wrong = async || {
            let typed = password("Wrong-Pass-1");
            city.access.session_open("zhang", &typed, "10.0.0.2").await
        };
        for _ in 0..4 {
            assert_eq!(code(wrong().await), "login_failed");
        }
        assert_eq!(
            seen(&city, "zhang").await.locked_until,
            None,
            "four are no lock"
        );
        wrong().await.unwrap_err();
        let zhang = seen(&city, "zhang").await;
        assert_eq!(
            zhang.locked_until,
            Some(crate::city::BEGIN.plus_seconds(1_800))
        );
        assert!(zhang.is_active);
        city.access
            .account_unlock(&security, zhang.id)
            .await
            .unwrap();
        assert_eq!(seen(&city, "zhang").await.locked_until, None);
        city.sign_in("zhang").await;
        let unlocked = |entry: &(i64, String, i64, String)| entry.1 == "account_unlock";
        assert_eq!(city.trail().iter().filter(|e| unlocked(e)).count(), 1);
        city.access
            .account_unlock(&security, zhang.id)
            .await
            .unwrap();
        assert_eq!(
            city.trail().iter().filter(|e| unlocked(e)).count(),
            1,
            "nothing was done the second time"
        );
    });
}

#[test]
fn a_locked_account_is_out_at_once_with_its_sessions_and_tokens_and_comes_back_when_unlocked() {
    each_city(async |city| {
        let security = peopled(&city).await;
        let zhang = city.sign_in("zhang").await;
        let token = TokenNew {
            name: "t".into(),
            permissions: vec!["case_list".into()],
            days: 1,
        };
        city.access
            .token_create(&zhang.principal, token, None)
            .await
            .unwrap();
        assert!(still_in(&city, &zhang).await);
        let id = zhang.principal.account_id;
        city.access.account_lock(&security, id).await.unwrap();
        assert!(!still_in(&city, &zhang).await);
        assert!(!seen(&city, "zhang").await.is_active);
        let typed = password(PASSWORD);
        let refused = city.access.session_open("zhang", &typed, "10.0.0.1").await;
        assert_eq!(code(refused), "login_failed");
        city.access.account_lock(&security, id).await.unwrap();
        let locks = city
            .trail()
            .iter()
            .filter(|e| e.1 == "account_lock")
            .count();
        assert_eq!(locks, 1, "it was locked already");
        city.access.account_unlock(&security, id).await.unwrap();
        assert!(!still_in(&city, &zhang).await, "the old session is gone");
        let again = city.sign_in("zhang").await.principal;
        let tokens = city
            .access
            .token_list(&again, &PageRequest::default())
            .await;
        assert_eq!(tokens.unwrap().items, [], "and so are its tokens");
    });
}

#[test]
fn a_drawn_password_is_told_once_ends_the_sessions_and_must_be_changed() {
    each_city(async |city| {
        let security = peopled(&city).await;
        let zhang = city.sign_in("zhang").await;
        let id = zhang.principal.account_id;
        let set = city
            .access
            .account_password_set(&security, id, None)
            .await
            .unwrap();
        let drawn = set.drawn.clone().unwrap();
        assert!(
            !format!("{set:?}").contains(drawn.reveal()),
            "not by accident"
        );
        assert!(!still_in(&city, &zhang).await);
        let typed = password(PASSWORD);
        let old = city.access.session_open("zhang", &typed, "10.0.0.1").await;
        assert_eq!(code(old), "login_failed");
        let new = city.access.session_open("zhang", &drawn, "10.0.0.1").await;
        let new = new.unwrap().principal;
        assert!(new.must_change_password && new.permissions().is_empty());
        let told = format!("{:?}{:?}", city.trail(), city.told());
        assert!(!told.contains(drawn.reveal()));
        let (actor, _, object, _) = city
            .trail()
            .into_iter()
            .find(|entry| entry.1 == "account_password_set")
            .unwrap();
        assert_eq!((actor, object), (security.account_id.0, id.0));
    });
}

#[test]
fn a_given_password_keeps_the_rules() {
    each_city(async |city| {
        let security = peopled(&city).await;
        let id = seen(&city, "zhang").await.id;
        let set = async |text: &str| {
            let given = Some(password(text));
            city.access.account_password_set(&security, id, given).await
        };
        assert_eq!(code(set("short").await), "password: too_short");
        assert_eq!(
            code(set("Xzhang-12345").await),
            "password: contains_login_name"
        );
        assert_eq!(code(set(PASSWORD).await), "password: used_before");
        let done = set("Brand-New-99").await.unwrap();
        assert!(done.drawn.is_none(), "who gave it knows it");
        assert_eq!(code(set("Brand-New-99").await), "password: used_before");
        let typed = password("Brand-New-99");
        let came = city.access.session_open("zhang", &typed, "10.0.0.1").await;
        assert!(came.unwrap().principal.must_change_password);
    });
}

#[test]
fn nobody_administers_their_own_account_nor_one_that_does_not_exist() {
    each_city(async |city| {
        let security = peopled(&city).await;
        let own = security.account_id;
        let access = &city.access;
        let zhang = city.sign_in("zhang").await.principal;
        for (who, id, expected) in [
            (&security, own, "not_on_oneself"),
            (&security, Id(4), "not_found"),
            (&zhang, own, "forbidden"),
            (&zhang, zhang.account_id, "forbidden"),
        ] {
            assert_eq!(code(access.account_lock(who, id).await), expected);
            assert_eq!(code(access.account_unlock(who, id).await), expected);
            let set = access.account_password_set(who, id, None).await;
            assert_eq!(code(set), expected);
        }
        access.account_lock(&city.console, own).await.unwrap();
        access.account_unlock(&city.console, own).await.unwrap();
    });
}
