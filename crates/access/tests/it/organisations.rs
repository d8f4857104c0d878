//! Organisations.

use crate::city::{City, code, each_city, member, organisation};
use access::{Access, AccessError, OrganisationKind, Sealer};
use base::{Id, PageRequest, SeededChance};
use std::sync::Arc;

async fn codes(city: &City<'_>, under: Option<Id>, kind: Option<OrganisationKind>) -> Vec<String> {
    let page = PageRequest {
        limit: Some(2),
        after: None,
    };
    let mut codes = Vec::new();
    let mut next = Some(page);
    while let Some(page) = next {
        let found = city
            .access
            .organisation_list(&city.console, under, kind, &page)
            .await
            .unwrap();
        assert!(found.items.len() <= 2);
        codes.extend(found.items.into_iter().map(|o| o.code));
        next = found.next.map(|after| PageRequest {
            limit: Some(2),
            after: Some(after),
        });
    }
    codes
}

#[test]
fn organisations_stand_in_a_tree_and_are_listed_in_its_order() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let east = city.organisation("E", Some(&centre)).await;
        let west = city.organisation("W", Some(&centre)).await;
        let station = city.organisation("E1", Some(&east)).await;
        let other = city.organisation("X", None).await;
        let paths: Vec<_> = [&centre, &east, &west, &station, &other]
            .map(|o| o.path.as_str().to_owned())
            .into();
        assert_eq!(
            paths,
            ["0001", "00010001", "00010002", "000100010001", "0002"]
        );
        assert_eq!(codes(&city, None, None).await, ["C", "E", "E1", "W", "X"]);
        assert_eq!(
            codes(&city, Some(centre.id), None).await,
            ["C", "E", "E1", "W"]
        );
        assert_eq!(codes(&city, Some(east.id), None).await, ["E", "E1"]);
        assert_eq!(
            codes(&city, None, Some(OrganisationKind::Centre)).await,
            ["C", "X"]
        );
        assert_eq!(
            codes(&city, Some(centre.id), Some(OrganisationKind::Street)).await,
            ["E", "E1", "W"]
        );
        let found = city
            .access
            .organisation_by_code("E1")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.id, found.parent_id), (station.id, Some(east.id)));
        assert_eq!(city.access.organisation_by_code("Z").await.unwrap(), None);
        assert_eq!(city.access.organisation(Id(4)).await.unwrap(), None);
        let read_again = city.access.organisation(west.id).await.unwrap().unwrap();
        assert_eq!(*read_again, *west);
    });
}

#[test]
fn wrong_organisations_are_refused_with_the_reason() {
    each_city(async |city| {
        let create = async |new| {
            city.access
                .organisation_create(&city.console, new, None)
                .await
        };
        city.organisation("C", None).await;
        assert_eq!(
            code(create(organisation("C", None)).await),
            "already_exists"
        );
        assert_eq!(code(create(organisation("", None)).await), "code: required");
        assert_eq!(
            code(create(organisation("D", Some(Id(4)))).await),
            "parent_id: unknown_id"
        );
        let mut parent = city.organisation("D1", None).await;
        for depth in 2..=12 {
            parent = city.organisation(&format!("D{depth}"), Some(&parent)).await;
        }
        assert_eq!(
            code(create(organisation("D13", Some(parent.id))).await),
            "tree_full"
        );
        let after = PageRequest {
            limit: None,
            after: Some("x".into()),
        };
        let listed = city
            .access
            .organisation_list(&city.console, None, None, &after)
            .await;
        assert_eq!(code(listed), "after: malformed");
    });
}

#[test]
fn many_at_once_under_one_parent_each_get_a_place_of_their_own() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let mut running = Vec::new();
        for n in 0..16 {
            let (access, console, parent) = (city.access.clone(), city.console.clone(), centre.id);
            running.push(tokio::spawn(async move {
                let made = access.organisation_create(
                    &console,
                    organisation(&format!("S{n}"), Some(parent)),
                    None,
                );
                made.await.unwrap().path.to_string()
            }));
        }
        let mut paths = Vec::new();
        for one in running {
            paths.push(one.await.unwrap());
        }
        paths.sort();
        let expected: Vec<String> = (1..=16)
            .map(|n| centre.path.child(n).unwrap().to_string())
            .collect();
        assert_eq!(paths, expected);
    });
}

#[test]
fn the_same_request_twice_makes_one_organisation() {
    each_city(async |city| {
        let once = |content: &str| {
            city.access.once(
                &city.console,
                "organisation_create",
                Some("k1".into()),
                &content,
            )
        };
        let create = async |new, once| {
            city.access
                .organisation_create(&city.console, new, once)
                .await
        };
        let first = create(organisation("C", None), once("C")).await.unwrap();
        let again = create(organisation("C", None), once("C")).await.unwrap();
        assert_eq!(first, again);
        assert_eq!(codes(&city, None, None).await, ["C"]);
        assert_eq!(city.trail().len(), 1, "one effect");
        let other = create(organisation("D", None), once("D")).await;
        assert_eq!(code(other), "idempotency_key_reused");
    });
}

#[test]
fn only_who_may_and_only_as_far_as_that_reaches() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("sys", member(&centre, "system_admin", None))
            .await;
        city.account("lead", member(&centre, "leader", Some("0001")))
            .await;
        let sys = city.sign_in("sys").await.principal;
        let lead = city.sign_in("lead").await.principal;
        city.clock.advance_seconds(1);
        let made = city
            .access
            .organisation_create(&sys, organisation("S", Some(centre.id)), None)
            .await
            .unwrap();
        let refused = city
            .access
            .organisation_create(&lead, organisation("T", Some(centre.id)), None)
            .await;
        assert_eq!(code(refused), "forbidden");
        let trail = city.trail();
        let (actor, action, object, detail) = trail.last().unwrap();
        assert_eq!(
            (*actor, action.as_str(), *object),
            (sys.account_id.0, "organisation_create", made.id.0)
        );
        assert!(
            detail.contains("\"role\":\"system_admin\"") && detail.contains("session_id"),
            "{detail}"
        );
        let told = city.told();
        assert_eq!(told.last().unwrap().0, "access_changed");
        assert_eq!(told.last().unwrap().1["operation"], "organisation_create");
    });
}

#[test]
fn a_database_does_not_open_with_another_key_file() {
    each_city(async |city| {
        let open = |seed| {
            let store = city.test.store.clone();
            let sealer = Sealer::ephemeral(Arc::new(SeededChance::new(seed)));
            std::thread::spawn(move || Access::open(store, sealer, crate::city::cheap()).map(drop))
                .join()
                .unwrap()
        };
        assert!(open(5).is_ok(), "the same key again");
        let refused = open(6).unwrap_err();
        assert!(
            matches!(refused, AccessError::OtherKeyFile { number: 1 }),
            "{refused}"
        );
    });
}
