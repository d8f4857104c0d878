//! Signing in, being known, signing out, passwords.

use crate::city::{BEGIN, City, PASSWORD, code, each_city, member, password, session_id};
use access::{SessionOpened, http};
use axum::http::{HeaderMap, Method, header};
use base::PageRequest;

static GONE: store::Statement = store::Statement::fixed("DELETE FROM session");

/// What the room promises: a change on another node is in force within five seconds, whatever is lost.
const FRESH_SECONDS: i64 = 5;

fn cookie(opened: &SessionOpened) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let text = http::set_cookie(Some(&opened.secret), 60, false);
    headers.insert(
        header::COOKIE,
        text.split(';').next().unwrap().parse().unwrap(),
    );
    headers
}

async fn knows(city: &City<'_>, opened: &SessionOpened) -> bool {
    match city
        .access
        .authenticate(&Method::GET, &cookie(opened))
        .await
    {
        Ok(who) => who.account_id == opened.principal.account_id,
        Err(problem) => {
            assert_eq!(problem.code, "unauthenticated");
            false
        }
    }
}

async fn city_with(city: &City<'_>, name: &str, role: &str) -> SessionOpened {
    let centre = city.organisation("C", None).await;
    city.account(name, member(&centre, role, Some("0001")))
        .await;
    city.sign_in(name).await
}

#[test]
fn who_signed_in_is_known_by_the_cookie_until_signing_out() {
    each_city(async |city| {
        let opened = city_with(&city, "zhang", "dispatcher").await;
        assert!(knows(&city, &opened).await);
        let who = city
            .access
            .authenticate(&Method::GET, &cookie(&opened))
            .await
            .unwrap();
        assert_eq!(*who, *opened.principal);
        assert!(who.allows("case_dispatch"));
        city.access.session_close(&who).await.unwrap();
        assert!(!knows(&city, &opened).await);
        let actions: Vec<String> = city.trail().into_iter().map(|entry| entry.1).collect();
        let expected = [
            "organisation_create",
            "staff_create",
            "account_create",
            "session_open",
            "session_close",
        ];
        let mut found = actions.clone();
        found.sort();
        let mut sorted = expected.map(String::from);
        sorted.sort();
        assert_eq!(found, sorted);
    });
}

#[test]
fn an_unsafe_request_with_a_cookie_must_bear_the_csrf_token() {
    each_city(async |city| {
        let opened = city_with(&city, "zhang", "dispatcher").await;
        let mut headers = cookie(&opened);
        let refused = city
            .access
            .authenticate(&Method::POST, &headers)
            .await
            .unwrap_err();
        assert_eq!(refused.code, "csrf_token_required");
        headers.insert(
            http::CSRF_HEADER,
            opened.secret.csrf_token().parse().unwrap(),
        );
        assert!(
            city.access
                .authenticate(&Method::POST, &headers)
                .await
                .is_ok()
        );
        let nothing = city
            .access
            .identify(&Method::POST, &HeaderMap::new())
            .await
            .unwrap();
        assert_eq!(nothing, None, "who carries nothing is nobody, not an error");
    });
}

#[test]
fn idle_sessions_end_and_so_do_old_ones() {
    each_city(async |city| {
        city.clock.set(BEGIN);
        let centre = city.organisation("C", None).await;
        city.account("zhang", member(&centre, "dispatcher", None))
            .await;
        city.account("audit", member(&centre, "audit_admin", None))
            .await;
        let (zhang, audit) = (city.sign_in("zhang").await, city.sign_in("audit").await);
        city.clock.advance_seconds(14 * 60);
        assert!(knows(&city, &zhang).await && knows(&city, &audit).await);
        city.clock.advance_seconds(15 * 60);
        assert!(knows(&city, &zhang).await);
        assert!(
            !knows(&city, &audit).await,
            "administrators are idle for 15 minutes at most"
        );
        city.clock.advance_seconds(30 * 60);
        assert!(!knows(&city, &zhang).await);
        let busy = city.sign_in("zhang").await;
        for _ in 0..(12 * 3 - 1) {
            city.clock.advance_seconds(20 * 60);
            assert!(knows(&city, &busy).await, "in use, so not idle");
        }
        city.clock.advance_seconds(20 * 60);
        assert!(!knows(&city, &busy).await, "twelve hours are over");
        assert!(city.access.prune().await.unwrap() >= 1);
    });
}

#[test]
fn looking_whether_a_reader_may_still_read_is_no_use_of_the_session() {
    each_city(async |city| {
        let opened = city_with(&city, "zhang", "dispatcher").await;
        let headers = cookie(&opened);
        for _ in 0..29 {
            city.clock.advance_seconds(60);
            assert!(
                city.access
                    .identify_again(&headers)
                    .await
                    .unwrap()
                    .is_some()
            );
        }
        city.clock.advance_seconds(60);
        let ended = city.access.identify_again(&headers).await.unwrap_err();
        assert_eq!(ended.code, "unauthenticated");
    });
}

#[test]
fn a_wrong_password_and_an_unknown_name_fail_alike_and_are_locked_alike() {
    each_city(async |city| {
        city.clock.set(BEGIN);
        let centre = city.organisation("C", None).await;
        city.account("zhang", member(&centre, "dispatcher", None))
            .await;
        let attempt = async |name: &str, text: &str, from: &str| {
            city.access
                .session_open(name, &password(text), from)
                .await
                .map(drop)
        };
        for name in ["zhang", "nobody"] {
            for n in 0..5 {
                let failed = attempt(name, "Wrong-Day-42", &format!("10.0.1.{n}")).await;
                assert_eq!(code(failed), "login_failed", "{name} {n}");
            }
            let locked = attempt(name, PASSWORD, "10.0.2.1").await;
            assert_eq!(
                code(locked),
                "too_many_attempts",
                "{name}, even with the right password, from anywhere"
            );
        }
        city.clock.advance_seconds(29 * 60);
        assert_eq!(
            code(attempt("zhang", PASSWORD, "10.0.2.1").await),
            "too_many_attempts"
        );
        city.clock.advance_seconds(60);
        attempt("zhang", PASSWORD, "10.0.2.1").await.unwrap();
        let failures: Vec<_> = city
            .trail()
            .into_iter()
            .filter(|entry| entry.3.contains("\"failed\""))
            .collect();
        assert_eq!(failures.len(), 10);
        assert!(
            failures
                .iter()
                .all(|entry| entry.0 == 0 && !entry.3.contains("nobody")),
            "{failures:?}"
        );
    });
}

#[test]
fn success_forgives_earlier_failures() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("zhang", member(&centre, "dispatcher", None))
            .await;
        for round in 0..3 {
            for n in 0..4 {
                let from = format!("10.0.{round}.{n}");
                let failed = city
                    .access
                    .session_open("zhang", &password("Wrong-Day-42"), &from)
                    .await;
                assert_eq!(code(failed), "login_failed");
            }
            city.sign_in("zhang").await;
        }
    });
}

#[test]
fn many_attempts_from_one_address_are_slowed_down() {
    each_city(async |city| {
        city.clock.set(BEGIN);
        let centre = city.organisation("C", None).await;
        city.account("zhang", member(&centre, "dispatcher", None))
            .await;
        for _ in 0..10 {
            city.clock.advance_seconds(1);
            city.access
                .session_open("zhang", &password(PASSWORD), "10.0.0.9")
                .await
                .unwrap();
        }
        let failing = async || {
            city.access
                .session_open("nobody", &password("x"), "10.0.0.9")
                .await
        };
        for n in 0..10 {
            let expected = if n < 5 {
                "login_failed"
            } else {
                "too_many_attempts"
            };
            assert_eq!(code(failing().await), expected);
        }
        city.clock.advance_seconds(31 * 60);
        assert_eq!(
            code(failing().await),
            "login_failed",
            "the window and the lock are over"
        );
    });
}

#[test]
fn a_session_ended_by_an_administrator_is_over_at_once() {
    each_city(async |city| {
        let opened = city_with(&city, "zhang", "dispatcher").await;
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        city.account("sec", member(&centre, "security_admin", None))
            .await;
        let sec = city.sign_in("sec").await;
        assert!(knows(&city, &opened).await);
        let listed = city
            .access
            .session_list(&sec.principal, &PageRequest::default())
            .await
            .unwrap()
            .items;
        let names: Vec<_> = listed
            .iter()
            .map(|session| session.login_name.as_str())
            .collect();
        assert_eq!(names, ["sec", "zhang"]);
        let id = session_id(&opened.principal);
        assert_eq!(
            code(city.access.session_revoke(&opened.principal, id).await),
            "forbidden"
        );
        city.clock.advance_seconds(1);
        city.access
            .session_revoke(&sec.principal, id)
            .await
            .unwrap();
        assert!(!knows(&city, &opened).await);
        assert_eq!(
            code(city.access.session_revoke(&sec.principal, id).await),
            "not_found"
        );
        let (kind, body) = city.told().pop().unwrap();
        assert_eq!(
            (kind.as_str(), &body["operation"]),
            ("access_changed", &"session_revoke".into())
        );
    });
}

#[test]
fn whoever_has_sessions_sees_and_ends_their_own_and_no_others() {
    each_city(async |city| {
        let here = city_with(&city, "zhang", "dispatcher").await;
        city.clock.advance_seconds(60);
        let there = city.sign_in("zhang").await;
        let centre = city.access.organisation_by_code("C").await.unwrap();
        let someone = member(&centre.unwrap(), "dispatcher", None);
        city.account("wang", someone).await;
        let li = city.sign_in("wang").await;
        let own = city.access.own_session_list(&here.principal).await.unwrap();
        let told: Vec<_> = own
            .iter()
            .map(|(session, is_present)| (session.id, *is_present))
            .collect();
        let (mine, other) = (session_id(&here.principal), session_id(&there.principal));
        assert_eq!(told, [(other, false), (mine, true)]);
        // Of somebody else's nothing is said.
        let theirs = session_id(&li.principal);
        let end = async |id| city.access.own_session_end(&here.principal, id).await;
        assert_eq!(code(end(theirs).await), "not_found");
        assert!(knows(&city, &li).await && knows(&city, &there).await);
        city.clock.advance_seconds(1);
        end(other).await.unwrap();
        assert!(!knows(&city, &there).await && knows(&city, &here).await);
        assert_eq!(code(end(other).await), "not_found");
        let (kind, body) = city.told().pop().unwrap();
        assert_eq!(
            (kind.as_str(), &body["operation"]),
            ("access_changed", &"own_session_end".into())
        );
        let (_, action, object, _) = city.trail().pop().unwrap();
        assert_eq!((action.as_str(), object), ("own_session_end", other.0));
        let left = city.access.own_session_list(&here.principal).await.unwrap();
        assert_eq!(left.len(), 1);
        // One that nobody has used for long is over, and not shown.
        city.clock.advance_seconds(29 * 60);
        let again = city.sign_in("zhang").await;
        city.clock.advance_seconds(2 * 60);
        let left = city
            .access
            .own_session_list(&again.principal)
            .await
            .unwrap();
        assert_eq!(left.len(), 1);
    });
}

#[test]
fn another_node_hears_of_a_change_or_looks_again_after_seconds() {
    each_city(async |city| {
        let opened = city_with(&city, "zhang", "dispatcher").await;
        let open_node = || {
            let store = city.test.store.clone();
            let sealer = city.access.sealer().clone();
            std::thread::spawn(move || {
                access::Access::open(store, sealer, crate::city::cheap()).unwrap()
            })
            .join()
            .unwrap()
        };
        let (told, deaf) = (open_node(), open_node());
        let headers = cookie(&opened);
        for node in [&told, &deaf] {
            assert!(node.authenticate(&Method::GET, &headers).await.is_ok());
        }
        city.clock.advance_seconds(1);
        city.access.session_close(&opened.principal).await.unwrap();
        let (kind, body) = city.told().pop().unwrap();
        told.outbox_seen(&kind, &body.to_string());
        assert!(told.authenticate(&Method::GET, &headers).await.is_err());
        assert!(
            deaf.authenticate(&Method::GET, &headers).await.is_ok(),
            "remembered, for seconds"
        );
        city.clock.advance_seconds(FRESH_SECONDS - 1);
        assert!(deaf.authenticate(&Method::GET, &headers).await.is_err());
    });
}

#[test]
fn a_password_is_changed_by_who_knows_it_and_other_sessions_end() {
    each_city(async |city| {
        let here = city_with(&city, "zhang", "dispatcher").await;
        let there = city.sign_in("zhang").await;
        let change = async |old: &str, new: &str| {
            city.access
                .password_change(&here.principal, &password(old), &password(new))
                .await
        };
        assert_eq!(
            code(change("Wrong-Day-42", "Brand-New-99").await),
            "current_password: wrong_password"
        );
        assert_eq!(
            code(change(PASSWORD, "short").await),
            "new_password: too_short"
        );
        assert_eq!(
            code(change(PASSWORD, "Zhang-1-Zhang").await),
            "new_password: contains_login_name"
        );
        assert_eq!(
            code(change(PASSWORD, PASSWORD).await),
            "new_password: used_before"
        );
        change(PASSWORD, "Brand-New-99").await.unwrap();
        assert!(knows(&city, &here).await);
        assert!(!knows(&city, &there).await);
        let old = city
            .access
            .session_open("zhang", &password(PASSWORD), "10.0.0.1")
            .await;
        assert_eq!(code(old), "login_failed");
        assert!(
            city.access
                .session_open("zhang", &password("Brand-New-99"), "10.0.0.1")
                .await
                .is_ok()
        );
    });
}

#[test]
fn none_of_the_last_five_passwords_comes_back() {
    each_city(async |city| {
        let here = city_with(&city, "zhang", "dispatcher").await.principal;
        let mut present = PASSWORD.to_owned();
        for n in 1..=5 {
            city.clock.advance_seconds(301);
            let next = format!("Brand-New-9{n}");
            city.access
                .password_change(&here, &password(&present), &password(&next))
                .await
                .unwrap();
            present = next;
        }
        let back = async |to: &str| {
            city.access
                .password_change(&here, &password(&present), &password(to))
                .await
        };
        assert_eq!(
            code(back("Brand-New-91").await),
            "new_password: used_before"
        );
        assert_eq!(
            code(back("Brand-New-95").await),
            "new_password: used_before"
        );
        back(PASSWORD).await.unwrap();
    });
}

#[test]
fn a_password_that_has_grown_old_must_be_changed() {
    each_city(async |city| {
        city.clock.set(BEGIN);
        city_with(&city, "zhang", "dispatcher").await;
        city.clock.advance_seconds(90 * 86_400);
        assert!(!city.sign_in("zhang").await.principal.must_change_password);
        city.clock.advance_seconds(1);
        assert!(city.sign_in("zhang").await.principal.must_change_password);
    });
}

#[test]
fn being_known_costs_no_sql_for_a_while() {
    each_city(async |city| {
        let opened = city_with(&city, "zhang", "dispatcher").await;
        assert!(knows(&city, &opened).await);
        // Were the database asked it would say no: the row is gone.
        let gone = |tx: &mut store::Tx<'_>| tx.execute(&GONE, &[]);
        city.test
            .store
            .write_blocking::<_, store::StoreError, _>(gone)
            .unwrap();
        for _ in 0..4 {
            assert!(knows(&city, &opened).await);
            city.clock.advance_seconds(1);
        }
        city.clock.advance_seconds(1);
        assert!(!knows(&city, &opened).await);
    });
}
