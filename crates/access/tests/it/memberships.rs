//! Who works where and as what, changed.

use crate::city::{City, code, each_city, member, session_id};
use access::{MembershipNew, Principal, Staff};
use base::{Id, PageRequest};
use std::sync::Arc;

/// A system administrator, signed in, and a handler of the centre.
async fn peopled(city: &City<'_>) -> (Arc<Principal>, Staff) {
    let centre = city.organisation("C", None).await;
    city.account("sys.one", member(&centre, "system_admin", None))
        .await;
    let li = city.account("lisi", member(&centre, "handler", None)).await;
    (city.sign_in("sys.one").await.principal, li)
}

#[test]
fn a_person_gets_exactly_the_memberships_named_and_keeps_those_they_have() {
    each_city(async |city| {
        let (system, li) = peopled(&city).await;
        let street = city.organisation("S", None).await;
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        let session = city.sign_in("lisi").await.principal;
        let wanted = vec![
            member(&street, "department_clerk", None),
            member(&centre, "handler", None),
        ];
        let change = city
            .access
            .membership_change(&system, li.id, wanted, Some(li.version));
        let changed = change.await.unwrap();
        let roles: Vec<_> = changed.memberships.iter().map(|m| &*m.role).collect();
        assert_eq!(
            (roles, changed.version),
            (vec!["handler", "department_clerk"], 2)
        );
        assert_eq!(changed.memberships[0].id, li.memberships[0].id);
        let only = vec![member(&street, "department_clerk", None)];
        let change = city.access.membership_change(&system, li.id, only, None);
        let changed = change.await.unwrap();
        assert_eq!((changed.memberships.len(), changed.version), (1, 3));
        let sessions = city
            .access
            .session_list(&city.console, &PageRequest::default())
            .await;
        let goes_on = |id| move |session: &access::Session| session.id == id;
        assert!(
            sessions
                .unwrap()
                .items
                .iter()
                .any(goes_on(session_id(&session))),
            "who becomes no administrator stays signed in"
        );
        // Entries of several lanes come in no order of time.
        let told = |entry: (i64, String, i64, String)| {
            let detail: serde_json::Value = serde_json::from_str(&entry.3).unwrap();
            (
                detail["before"].as_array().unwrap().len(),
                detail["after"][0]["role"].clone(),
            )
        };
        let is_change = |entry: &(_, String, _, _)| entry.1 == "membership_change";
        let mut changes = city.trail().into_iter().filter(is_change).map(told);
        assert!(changes.any(|change| change == (2, serde_json::json!("department_clerk"))));
    });
}

#[test]
fn what_a_session_may_do_follows_at_once() {
    each_city(async |city| {
        let (system, li) = peopled(&city).await;
        let opened = city.sign_in("lisi").await;
        let mut headers = axum::http::HeaderMap::new();
        let cookie = format!("chengyun_session={}", opened.secret.reveal());
        headers.insert("cookie", cookie.parse().unwrap());
        let may = async |permission: &str| {
            let who = city
                .access
                .identify(&axum::http::Method::GET, &headers)
                .await;
            who.ok().flatten().map(|who| who.allows(permission))
        };
        assert_eq!(may("case_dispatch").await, Some(false));
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        let change = async |role: &str| {
            let wanted = vec![member(&centre, role, None)];
            city.access
                .membership_change(&system, li.id, wanted, None)
                .await
                .unwrap();
        };
        change("dispatcher").await;
        assert_eq!(may("case_dispatch").await, Some(true));
        change("audit_admin").await;
        assert_eq!(
            may("audit_view").await,
            None,
            "a new administrator signs in again"
        );
    });
}

#[test]
fn wrong_memberships_are_refused_with_the_reason() {
    each_city(async |city| {
        let (system, li) = peopled(&city).await;
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        let as_role = |role: &str| member(&centre, role, None);
        let change = async |wanted: Vec<MembershipNew>| {
            let change = city.access.membership_change(&system, li.id, wanted, None);
            code(change.await)
        };
        assert_eq!(change(vec![]).await, "memberships: required");
        assert_eq!(
            change(vec![as_role("leader"); 17]).await,
            "memberships: too_many"
        );
        assert_eq!(
            change(vec![as_role("king")]).await,
            "memberships[0].role: unknown_role"
        );
        let mut nowhere = as_role("leader");
        nowhere.organisation_id = Id(4);
        assert_eq!(
            change(vec![as_role("leader"), nowhere]).await,
            "memberships[1].organisation_id: unknown_id"
        );
        let both = vec![as_role("leader"), as_role("audit_admin")];
        assert_eq!(change(both).await, "memberships: excluded_role");
        let left = city.access.staff(li.id).await.unwrap().unwrap();
        assert_eq!(left, li, "nothing of it happened");
    });
}

#[test]
fn not_on_oneself_not_upon_an_old_version_and_only_by_who_may() {
    each_city(async |city| {
        let (system, li) = peopled(&city).await;
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        let wanted = || vec![member(&centre, "leader", None)];
        let change = async |who: &Principal, id: Id, version: Option<i64>| {
            let change = city.access.membership_change(who, id, wanted(), version);
            change.await
        };
        let own = change(&system, system.staff_id, None).await;
        assert_eq!(code(own), "not_on_oneself");
        assert_eq!(code(change(&system, Id(4), None).await), "not_found");
        let worker = city.sign_in("lisi").await.principal;
        assert_eq!(code(change(&worker, li.id, None).await), "forbidden");
        change(&system, li.id, Some(1)).await.unwrap();
        let late = base::Problem::from(change(&system, li.id, Some(1)).await.unwrap_err());
        assert_eq!(
            (late.kind, late.code),
            (base::FailureKind::Conflict, "version_mismatch")
        );
        assert_eq!(late.current, Some(serde_json::json!({ "version": 2 })));
    });
}

#[test]
fn of_two_who_change_one_person_at_once_upon_one_version_one_is_told() {
    each_city(async |city| {
        let (system, li) = peopled(&city).await;
        let centre = city
            .access
            .organisation_by_code("C")
            .await
            .unwrap()
            .unwrap();
        let change = |role: &str| {
            let wanted = vec![member(&centre, role, None)];
            city.access
                .membership_change(&system, li.id, wanted, Some(li.version))
        };
        let (one, two) = tokio::join!(change("leader"), change("dispatcher"));
        assert_eq!(
            [&one, &two].iter().filter(|answer| answer.is_ok()).count(),
            1
        );
        let lost = if one.is_ok() { two } else { one };
        assert_eq!(code(lost), "version_mismatch");
        let staff = city.access.staff(li.id).await.unwrap().unwrap();
        assert_eq!((staff.memberships.len(), staff.version), (1, 2));
    });
}
