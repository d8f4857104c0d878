//! The authorisation decision, as tables.

use super::*;
use crate::permission::{PERMISSIONS, RoleBook};

fn path(text: &str) -> TreePath {
    text.parse().unwrap()
}

fn paths(texts: &[&str]) -> Vec<TreePath> {
    texts.iter().map(|text| path(text)).collect()
}

/// `role@organisation`, then optionally `/area` and `#zone`.
fn membership(id: i64, text: &str) -> Membership {
    let (text, zone) = text
        .split_once('#')
        .map_or((text, None), |(t, z)| (t, Some(z)));
    let (text, area) = text
        .split_once('/')
        .map_or((text, None), |(t, a)| (t, Some(a)));
    let (role, organisation) = text.split_once('@').unwrap();
    let granted = RoleBook::built_in().unwrap().get(role).unwrap().clone();
    Membership {
        id: Id(id),
        organisation_id: Id(id * 10),
        organisation_name: organisation.into(),
        organisation_path: path(organisation),
        role: role.into(),
        area_path: area.map(path),
        zone_ids: zone.iter().map(|zone| zone.parse().unwrap()).collect(),
        granted,
    }
}

fn principal(memberships: &[&str]) -> Principal {
    Principal {
        account_id: Id(7),
        staff_id: Id(8),
        staff_name: "张三".into(),
        means: Means::Session(Id(9)),
        memberships: (1..)
            .zip(memberships)
            .map(|(id, text)| membership(id, text))
            .collect(),
        narrowed_to: None,
        must_change_password: false,
    }
}

#[derive(Debug, PartialEq)]
enum Decision {
    /// By the membership with this number.
    By(i64),
    OutOfReach,
    Never,
}
use Decision::{By, Never, OutOfReach};

fn decide(
    who: &Principal,
    permission: &str,
    area: Option<&str>,
    organisations: &[&str],
) -> Decision {
    let (area, organisations) = (area.map(path), paths(organisations));
    let reach = Reach {
        area_path: area.as_ref(),
        organisation_paths: &organisations,
    };
    match who.acting(permission, &reach) {
        Ok(actor) => By(actor.organisation_id.0 / 10),
        Err(Denied {
            out_of_reach: true, ..
        }) => OutOfReach,
        Err(Denied {
            out_of_reach: false,
            ..
        }) => Never,
    }
}

/// Who, which permission, in which area, of which organisations: the decision.
type Line = (
    &'static [&'static str],
    &'static str,
    Option<&'static str>,
    &'static [&'static str],
    Decision,
);

#[test]
fn who_may_do_what_where() {
    // Areas: 0001 the district, 00010001 and 00010002 its streets. Organisations likewise.
    let table: &[Line] = &[
        // A role's reach is its organisation's subtree.
        (
            &["handler@00010001"],
            "task_finish",
            None,
            &["00010001"],
            By(1),
        ),
        (
            &["handler@00010001"],
            "task_finish",
            None,
            &["000100010005"],
            By(1),
        ),
        (
            &["handler@00010001"],
            "task_finish",
            None,
            &["0001"],
            OutOfReach,
        ),
        (
            &["handler@00010001"],
            "task_finish",
            None,
            &["00010002"],
            OutOfReach,
        ),
        (
            &["handler@00010001"],
            "task_finish",
            Some("00010001"),
            &["00010002"],
            OutOfReach,
        ),
        (
            &["handler@00010001"],
            "task_finish",
            None,
            &["00010002", "00010001"],
            By(1),
        ),
        (&["handler@00010001"], "task_finish", None, &[], OutOfReach),
        // An area named on a membership whose role reaches organisations only gives nothing.
        (
            &["handler@00010001/0001"],
            "task_finish",
            Some("00010002"),
            &[],
            OutOfReach,
        ),
        // An area role reaches its area's subtree, and its organisation's.
        (
            &["dispatcher@0005/0001"],
            "case_dispatch",
            Some("0001"),
            &[],
            By(1),
        ),
        (
            &["dispatcher@0005/0001"],
            "case_dispatch",
            Some("000100020003"),
            &["0009"],
            By(1),
        ),
        (
            &["dispatcher@0005/0001"],
            "case_dispatch",
            Some("0002"),
            &["0009"],
            OutOfReach,
        ),
        (
            &["dispatcher@0005/00010001"],
            "case_dispatch",
            Some("0001"),
            &[],
            OutOfReach,
        ),
        (
            &["dispatcher@0005/0001"],
            "case_dispatch",
            None,
            &["00050001"],
            By(1),
        ),
        (
            &["dispatcher@0005/0001"],
            "case_dispatch",
            None,
            &[],
            OutOfReach,
        ),
        // Where no area is named there is none.
        (
            &["dispatcher@0005"],
            "case_dispatch",
            Some("0001"),
            &[],
            OutOfReach,
        ),
        (
            &["dispatcher@0005"],
            "case_dispatch",
            Some("0001"),
            &["0005"],
            By(1),
        ),
        // What no role allows is never allowed.
        (
            &["dispatcher@0005/0001"],
            "case_close",
            Some("0001"),
            &["0005"],
            Never,
        ),
        (
            &["leader@0005/0001"],
            "case_dispatch",
            Some("0001"),
            &["0005"],
            Never,
        ),
        (&["leader@0005/0001"], "case_view", Some("0001"), &[], By(1)),
        (&[], "case_view", Some("0001"), &["0005"], Never),
        (
            &["leader@0005/0001"],
            "case_fly",
            Some("0001"),
            &["0005"],
            Never,
        ),
        // Administrators reach everything of their kind and nothing of the city's work.
        (
            &["system_admin@0005"],
            "organisation_create",
            None,
            &[],
            By(1),
        ),
        (
            &["system_admin@0005"],
            "organisation_create",
            Some("0002"),
            &["0009"],
            By(1),
        ),
        (
            &["system_admin@0005"],
            "case_view",
            Some("0001"),
            &["0005"],
            Never,
        ),
        (
            &["system_admin@0005"],
            "account_create",
            None,
            &["0005"],
            Never,
        ),
        (
            &["security_admin@0005"],
            "staff_create",
            None,
            &["0005"],
            Never,
        ),
        (&["audit_admin@0005"], "audit_view", None, &[], By(1)),
        (&["audit_admin@0005"], "session_revoke", None, &[], Never),
        // Of several memberships the nearest acts, whatever their order.
        (
            &["leader@0005/0001", "handler@00050001"],
            "case_view",
            Some("0001"),
            &["00050001"],
            By(2),
        ),
        (
            &["handler@00050001", "leader@0005/0001"],
            "case_view",
            Some("0001"),
            &["00050001"],
            By(1),
        ),
        (
            &["leader@0006/0001", "leader@0005"],
            "case_view",
            Some("0001"),
            &["00050001"],
            By(2),
        ),
        (
            &["leader@0005", "leader@0006/0001"],
            "case_view",
            Some("0001"),
            &["0009"],
            By(2),
        ),
        (
            &["handler@0005", "dispatcher@0006/0001"],
            "case_dispatch",
            Some("0001"),
            &["0005"],
            By(2),
        ),
        // The roles of one membership do not lend their reach to another's permissions.
        (
            &["leader@0006/0001", "department_clerk@0005"],
            "task_accept",
            Some("0001"),
            &["0007"],
            OutOfReach,
        ),
    ];
    for (who, permission, area, organisations, expected) in table {
        let decided = decide(&principal(who), permission, *area, organisations);
        assert_eq!(
            &decided, expected,
            "{who:?} {permission} at {area:?} of {organisations:?}"
        );
    }
}

#[test]
fn every_role_allows_exactly_its_permissions() {
    let book = RoleBook::built_in().unwrap();
    for role in book.sorted() {
        let who = principal(&[&format!("{}@0001/0001", role.code)]);
        for permission in PERMISSIONS {
            let listed = role.permissions.contains(permission.name);
            assert_eq!(
                who.allows(permission.name),
                listed,
                "{} {}",
                role.code,
                permission.name
            );
            let decided = decide(&who, permission.name, Some("0001"), &["0001"]);
            assert_eq!(
                decided,
                if listed { By(1) } else { Never },
                "{} {}",
                role.code,
                permission.name
            );
            assert_eq!(
                who.scope(permission.name).is_nothing(),
                !listed,
                "{} {}",
                role.code,
                permission.name
            );
        }
    }
}

#[test]
fn one_thing_and_the_list_of_things_always_agree() {
    let people: Vec<Principal> = [
        &["leader@0001/0001"][..],
        &["leader@0001"],
        &["handler@00010001", "leader@0002/00020001"],
        &["inspector@0003/00010002#5", "department_clerk@00010001"],
        &["inspector@0003#6"],
        &["system_admin@0001"],
        &[],
    ]
    .iter()
    .map(|memberships| principal(memberships))
    .collect();
    let places = [
        None,
        Some("0001"),
        Some("00010001"),
        Some("00010002"),
        Some("0002"),
        Some("000200010001"),
    ];
    let parties: [&[&str]; 6] = [
        &[],
        &["0001"],
        &["00010001"],
        &["0002", "000100010001"],
        &["0003"],
        &["0009"],
    ];
    let (mut yes, mut no) = (0, 0);
    for who in &people {
        for permission in [
            "case_view",
            "task_finish",
            "case_inspect_result",
            "organisation_create",
        ] {
            for place in places {
                for party in parties {
                    for zones in [&[][..], &[Id(5)], &[Id(6), Id(7)]] {
                        let (area, organisations) = (place.map(path), paths(party));
                        let reach = Reach {
                            area_path: area.as_ref(),
                            organisation_paths: &organisations,
                        };
                        let one = who.acting_in_zones(permission, &reach, zones).is_ok();
                        let listed = who.scope(permission).covers(&reach, zones);
                        assert_eq!(
                            one, listed,
                            "{:?} {permission} {place:?} {party:?} {zones:?}",
                            who.memberships
                        );
                        if one { yes += 1 } else { no += 1 }
                    }
                }
            }
        }
    }
    assert!(
        yes > 500 && no > 500,
        "the table tells something: {yes} yes, {no} no"
    );
}

#[test]
fn a_scope_is_the_union_of_what_the_memberships_give() {
    let who = principal(&[
        "leader@0005/0001#3",
        "handler@00050001",
        "leader@0006/00010002#3",
    ]);
    let scope = who.scope("case_view");
    assert!(!scope.everything);
    assert_eq!(
        scope.organisations,
        paths(&["0005", "0006"]),
        "00050001 lies in 0005"
    );
    assert_eq!(scope.areas, paths(&["0001"]), "00010002 lies in 0001");
    assert_eq!(scope.zones, [Id(3)]);
    assert_eq!(
        who.scope("task_finish").organisations,
        paths(&["00050001"]),
        "only where the role allows it"
    );
    assert_eq!(who.scope("case_fly"), Scope::default());
    assert!(
        principal(&["audit_admin@0001"])
            .scope("audit_view")
            .everything
    );
}

#[test]
fn a_token_allows_no_more_than_it_was_narrowed_to_and_no_more_than_its_owner() {
    let mut who = principal(&["dispatcher@0005/0001"]);
    who.means = Means::Token(Id(4));
    who.narrowed_to = Some(PermissionSet::from_names(["case_view", "case_close"]).unwrap());
    assert!(who.allows("case_view"));
    assert!(
        !who.allows("case_dispatch"),
        "the owner may, the token may not"
    );
    assert!(
        !who.allows("case_close"),
        "the token may, the owner may not"
    );
    assert_eq!(who.permissions().names(), ["case_view"]);
    assert_eq!(decide(&who, "case_dispatch", Some("0001"), &[]), Never);
    assert!(who.scope("case_dispatch").is_nothing());
}

#[test]
fn who_must_change_the_password_may_do_nothing_else() {
    let mut who = principal(&["dispatcher@0005/0001", "leader@0005/0001"]);
    who.must_change_password = true;
    assert!(who.permissions().is_empty());
    for permission in PERMISSIONS {
        assert!(!who.allows(permission.name));
        assert_eq!(
            decide(&who, permission.name, Some("0001"), &["0005"]),
            Never
        );
        assert!(who.scope(permission.name).is_nothing());
        assert!(who.acting_anywhere(permission.name).is_err());
    }
}

#[test]
fn an_endpoint_asks_what_its_line_says() {
    let endpoint = |needs| Endpoint {
        method: "GET",
        path: "/",
        operation: "case_view",
        needs,
    };
    let leader = principal(&["leader@0001"]);
    let mut fresh = leader.clone();
    fresh.must_change_password = true;
    let (public, signed_in) = (Needs::Public, Needs::SignedIn);
    let (view, close) = (
        Needs::Permission("case_view"),
        Needs::Permission("case_close"),
    );
    for (needs, caller, code) in [
        (public, None, ""),
        (public, Some(&leader), ""),
        (signed_in, None, "unauthenticated"),
        (signed_in, Some(&leader), ""),
        (signed_in, Some(&fresh), ""),
        (view, None, "unauthenticated"),
        (view, Some(&leader), ""),
        (view, Some(&fresh), "password_change_required"),
        (close, Some(&leader), "forbidden"),
        (close, Some(&fresh), "password_change_required"),
    ] {
        let answer = endpoint(needs)
            .check(caller)
            .map_or_else(|problem| problem.code, |()| "");
        assert_eq!(answer, code, "{needs:?}");
    }
}

#[test]
fn where_existence_is_secret_out_of_reach_looks_like_nothing() {
    let denied = |out_of_reach| Denied {
        permission: "case_view".into(),
        out_of_reach,
    };
    assert_eq!(denied(true).hiding("case").kind, FailureKind::NotFound);
    assert_eq!(denied(false).hiding("case").kind, FailureKind::Forbidden);
    assert_eq!(denied(true).to_string(), "case_view is not allowed here");
    assert_eq!(denied(false).to_string(), "case_view is not allowed");
}

#[test]
fn the_console_may_do_everything_and_acts_for_the_organisation_it_is_told() {
    let console = Principal::console(Id(3), path("0001"));
    assert_eq!(console.permissions(), PermissionSet::all());
    let actor = console.acting_anywhere("area_import").unwrap();
    assert_eq!(
        (actor.account_id, actor.organisation_id, actor.role.as_str()),
        (Id(0), Id(3), "console")
    );
}
