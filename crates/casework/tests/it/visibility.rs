//! Who sees a case: every role × organisation × area × zone against cases that lie, are held and were reported in every way. List,
//! boxes, detail, watching and commands must agree with the law as it is written:
//!
//! > (An organisation of my subtree holds or held a task of it, or reported it) or (I hold an area-viewing role whose area or zone
//! > contains it) or (I supervise it).

use crate::town::*;
use access::{Principal, RoleReach};
use base::path::TreePath;
use base::{FailureKind, Id, PageRequest, Problem};
use casework::input::*;
use casework::service::{CaseBox, CaseQuery};
use casework::{Call, CaseworkError};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::testing::TestStore;

const ROLES: &[&str] = &[
    "intake_clerk",
    "shift_leader",
    "inspector",
    "dispatcher",
    "department_clerk",
    "handler",
    "leader",
    "system_admin",
    "security_admin",
    "audit_admin",
];
/// Of no case.
const STRANGER: Id = Id(555);

/// A case with what the law looks at.
pub struct Placed {
    pub id: Id,
    pub area_path: TreePath,
    pub zone_ids: Vec<Id>,
    /// Who accepted, filed, holds or held.
    pub organisations: Vec<TreePath>,
}

/// In both streets and in the small zone of the second; only accepted, filed, dispatched, closed.
fn cases(town: &Town) -> Vec<Placed> {
    let mut found = Vec::new();
    for (lon, street_number, zones) in [
        (121.1, 1, vec![900]),
        (121.25, 2, vec![]),
        (121.3, 2, vec![901]),
    ] {
        for steps in 0..4 {
            town.clock.advance_seconds(60);
            let request = ReportCreateRequest {
                place: PlaceRequest {
                    lon: Some(lon),
                    lat: Some(31.15),
                    ..PlaceRequest::default()
                },
                ..report_request()
            };
            let by = call(&centre("intake_clerk"));
            let created = wait(town.casework.report_create(&by, request)).unwrap();
            let id = created.case.unwrap().id;
            let mut organisations = vec![organisation_path(CENTRE)];
            match steps {
                0 => {}
                1 => drop(town.file(id)),
                2 => {
                    town.file(id);
                    town.dispatch(id);
                }
                _ => {
                    town.handle(id);
                    town.inspect(id, Vec::new());
                    town.close(id);
                }
            }
            if steps >= 2 {
                organisations.extend([organisation_path(ROADS), organisation_path(WATER)]);
            }
            found.push(Placed {
                id,
                area_path: street(street_number),
                zone_ids: zones.iter().copied().map(Id).collect(),
                organisations,
            });
        }
    }
    found
}

/// Everybody: role × organisation × area × zones.
pub fn everybody() -> Vec<Arc<Principal>> {
    let mut found = Vec::new();
    for role in ROLES {
        for organisation in [CENTRE, ROADS, WATER, STRANGER] {
            for area in [None, Some(district()), Some(street(1)), Some(street(2))] {
                for zones in [&[][..], &[Id(900)], &[Id(901)]] {
                    let mut who = (*person(organisation, role, area.clone())).clone();
                    who.memberships[0].zone_ids = zones.to_vec();
                    found.push(Arc::new(who));
                }
            }
        }
    }
    found
}

/// The law, word by word and not by the code under test.
pub fn sees(who: &Principal, case: &Placed) -> bool {
    let membership = &who.memberships[0];
    let is_mine = (case.organisations.iter()).any(|path| {
        path.as_str()
            .starts_with(membership.organisation_path.as_str())
    });
    let is_in_area = (membership.area_path.iter())
        .any(|area| case.area_path.as_str().starts_with(area.as_str()));
    let is_in_zone = (membership.zone_ids.iter()).any(|zone| case.zone_ids.contains(zone));
    match membership.granted.reach {
        RoleReach::Organisation => is_mine,
        RoleReach::Area => is_mine || is_in_area || is_in_zone,
        RoleReach::Everything => true,
    }
}

fn listed(town: &Town, who: &Arc<Principal>, query: CaseQuery) -> BTreeSet<Id> {
    let query = CaseQuery {
        page: PageRequest {
            limit: Some(200),
            after: None,
        },
        ..query
    };
    let page = wait(town.casework.case_list(who, query)).unwrap();
    page.items.iter().map(|item| item.id).collect()
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, CaseworkError>) -> Option<FailureKind> {
    outcome.err().map(|error| Problem::from(error).kind)
}

#[test]
fn lists_and_details_show_exactly_what_the_law_says() {
    each_town(|town, test_store: &TestStore| {
        let cases = cases(town);
        let everybody = everybody();
        // A private PostgreSQL answers slowly; every fifth person there still meets every kind of tie.
        let step = if test_store.store.is_postgres() { 5 } else { 1 };
        let mut seen_at_all = 0;
        for who in everybody.iter().step_by(step) {
            let membership = &who.memberships[0];
            let told = format!(
                "{} of {} in {:?} and {:?}",
                membership.role,
                membership.organisation_id,
                membership.area_path,
                membership.zone_ids
            );
            let may_view = who.allows("case_view");
            let wanted: BTreeSet<Id> = (cases.iter())
                .filter(|case| may_view && sees(who, case))
                .map(|case| case.id)
                .collect();
            seen_at_all += wanted.len();
            for case in &cases {
                let seen = kind(wait(town.casework.case_view(who, case.id))).is_none();
                assert_eq!(
                    seen,
                    wanted.contains(&case.id),
                    "{told}: {:?}",
                    case.area_path
                );
            }
            let in_list = if who.allows("case_list") {
                wanted.clone()
            } else {
                BTreeSet::new()
            };
            assert_eq!(listed(town, who, CaseQuery::default()), in_list, "{told}");
            // A box narrows the list and never widens it.
            let boxes = [
                CaseBox::Todo,
                CaseBox::Doing,
                CaseBox::Done,
                CaseBox::Overdue,
            ];
            for of_box in boxes {
                let query = CaseQuery {
                    of_box: Some(of_box),
                    ..CaseQuery::default()
                };
                let boxed = listed(town, who, query);
                assert!(boxed.is_subset(&in_list), "{told} {of_box:?}");
            }
        }
        assert!(seen_at_all > 0);
    });
}

#[test]
fn nobody_acts_on_a_case_they_do_not_see_and_nobody_learns_that_it_exists() {
    each_town(|town, test_store: &TestStore| {
        let cases = cases(town);
        let everybody = everybody();
        let step = if test_store.store.is_postgres() { 7 } else { 1 };
        let mut hidden = 0;
        for who in everybody.iter().step_by(step) {
            for case in cases.iter().filter(|case| !sees(who, case)) {
                hidden += 1;
                let by = Call::of(who.clone());
                let id = case.id;
                let answers = [
                    (
                        "case_file",
                        kind(wait(town.casework.case_file(
                            &by,
                            id,
                            CaseFileRequest {
                                rule_row_id: Some(RULE),
                            },
                        ))),
                    ),
                    (
                        "case_dispatch",
                        kind(wait(town.casework.case_dispatch(
                            &by,
                            id,
                            CaseDispatchRequest {
                                lead_organisation_id: ROADS,
                                co_organisation_ids: Vec::new(),
                            },
                        ))),
                    ),
                    (
                        "case_close",
                        kind(wait(town.casework.case_close(
                            &by,
                            id,
                            CaseCloseRequest {
                                rule_row_id: Some(RULE),
                                opinion: None,
                            },
                        ))),
                    ),
                    (
                        "case_view",
                        kind(wait(town.casework.case_watch(who, id, true))),
                    ),
                ];
                for (permission, answer) in answers {
                    // Whoever may never do it is told so before anything is looked at.
                    let never = !who.allows(permission) && answer == Some(FailureKind::Forbidden);
                    assert!(
                        never || answer == Some(FailureKind::NotFound),
                        "{} {permission}: {answer:?}",
                        who.memberships[0].role
                    );
                }
            }
        }
        assert!(hidden > 0);
    });
}

#[test]
fn whose_organisation_supervises_a_case_sees_it_and_nobody_else_does_for_that() {
    each_town(|town, _| {
        let id = town.create().case.unwrap().id;
        town.file(id);
        let state = town.dispatch(id);
        let colleague = person(STRANGER, "department_clerk", None);
        let sees = |who: &Arc<Principal>| {
            let detail = kind(wait(town.casework.case_view(who, state.id))).is_none();
            let in_list = listed(town, who, CaseQuery::default()).contains(&state.id);
            assert_eq!(detail, in_list, "list and detail agree");
            detail
        };
        assert!(!sees(&colleague));
        // The leader of an organisation without any task sees it by area, and demands an answer.
        let leader = person(STRANGER, "leader", Some(district()));
        let path = format!("/api/v1/cases/{}/supervise", state.id);
        let body = json!({"demand": "今日办结", "due_at": "2026-11-20T18:00:00+08:00"});
        let answer = town.post(&leader, &path, &body);
        assert!(answer.status.is_success(), "{:?}", answer.status);
        assert!(sees(&colleague));
        assert!(!sees(&person(STATION, "department_clerk", None)));
    });
}
