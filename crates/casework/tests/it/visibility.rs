//! Who sees a case: every role × organisation × area × zone against cases that lie, are held and were reported in every way. List,
//! boxes, detail, watching and commands must agree with the law as it is written:
//!
//! > (An organisation of my subtree holds or held a task of it, or reported it) or (I hold an area-viewing role whose area or zone
//! > contains it) or (I supervise it).

use crate::town::*;
use access::{Principal, RoleReach};
use base::path::TreePath;
use base::{Clock, FailureKind, Id, PageRequest, Problem};
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
pub const STRANGER: Id = Id(555);

/// A case with what the law looks at.
pub struct Placed {
    pub id: Id,
    pub area_path: TreePath,
    pub zone_ids: Vec<Id>,
    /// Who accepted, filed, holds or held.
    pub organisations: Vec<TreePath>,
}

/// A report that the station received and the centre accepts.
fn reported_by_station(town: &Town, lon: f64) -> Id {
    let request = ReportCreateRequest {
        place: place(lon),
        open_case: None,
        ..report_request()
    };
    let by = call(&person(STATION, "inspector", None));
    let report = wait(town.casework.report_create(&by, request)).unwrap();
    report.report.id
}

pub fn accept(town: &Town, report_id: Id, join: &[Id]) -> Id {
    let open_cases = if join.is_empty() {
        vec![CaseOpenRequest {
            category_id: Some(CATEGORY),
            ..CaseOpenRequest::default()
        }]
    } else {
        Vec::new()
    };
    let request = ReportAcceptRequest {
        open_cases,
        join_case_ids: join.to_vec(),
    };
    let by = call(&centre("intake_clerk"));
    let accepted = wait(town.casework.report_accept(&by, report_id, request)).unwrap();
    accepted.report.case_ids[0]
}

pub fn place(lon: f64) -> PlaceRequest {
    PlaceRequest {
        lon: Some(lon),
        lat: Some(31.15),
        ..PlaceRequest::default()
    }
}

/// In both streets and in the small zone of the second; only accepted, filed, dispatched, closed, reported by another.
pub fn cases(town: &Town) -> Vec<Placed> {
    let mut found = Vec::new();
    for (lon, street_number, zones) in [
        (121.1, 1, vec![900]),
        (121.25, 2, vec![]),
        (121.3, 2, vec![901]),
    ] {
        for steps in 0..5 {
            town.clock.advance_seconds(60);
            let request = ReportCreateRequest {
                place: place(lon),
                ..report_request()
            };
            let mut organisations = vec![organisation_path(CENTRE)];
            let id = if steps == 4 {
                organisations.push(organisation_path(STATION));
                accept(town, reported_by_station(town, lon), &[])
            } else {
                let by = call(&centre("intake_clerk"));
                let created = wait(town.casework.report_create(&by, request)).unwrap();
                created.case.unwrap().id
            };
            match steps {
                0 | 4 => {}
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
            if steps == 2 || steps == 3 {
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

/// Of the cases that are being handled, one under supervision in each street and one whose lead stands still.
fn held_up(town: &Town, cases: &[Placed]) -> (BTreeSet<Id>, BTreeSet<Id>) {
    let leader = centre("shift_leader");
    let did = |who: &Arc<Principal>, path: &str, body: &serde_json::Value| {
        let answer = town.post(who, path, body);
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
    };
    let (mut supervised, mut suspended) = (BTreeSet::new(), BTreeSet::new());
    for case in cases {
        let view = wait(town.casework.case_view(&leader, case.id)).unwrap();
        if view.head.stage != casework::model::CaseStage::Handling {
            continue;
        }
        if supervised.len() < 2 {
            let path = format!("/api/v1/cases/{}/supervise", case.id);
            did(&leader, &path, &json!({"demand": "今日办结"}));
            supervised.insert(case.id);
        } else {
            let lead = view.tasks[0].id;
            town.accept(ROADS, lead);
            let until = town.casework.store().clock().now().plus_seconds(86_400);
            let path = format!("/api/v1/tasks/{lead}/suspension");
            let ask = json!({"until": until, "reason": "等材料"});
            did(&person(ROADS, "department_clerk", None), &path, &ask);
            did(
                &leader,
                &format!("{path}/decide"),
                &json!({"approved": true}),
            );
            suspended.insert(case.id);
        }
    }
    assert!(!supervised.is_empty() && !suspended.is_empty());
    (supervised, suspended)
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

fn on_map(town: &Town, who: &Arc<Principal>, within: &str) -> BTreeSet<Id> {
    let query = CaseQuery {
        within: Some(within.to_owned()),
        ..CaseQuery::default()
    };
    let map = wait(town.casework.case_map(who, query)).unwrap();
    assert_eq!(map.points.len() as u64, map.count);
    map.points.iter().map(|point| point.id).collect()
}

#[test]
fn a_map_shows_what_lies_in_view_and_the_list_follows_it() {
    each_town(|town, _| {
        let cases = cases(town);
        let leader = centre("leader");
        let west: BTreeSet<Id> = (cases.iter())
            .filter(|case| case.area_path == street(1))
            .map(|case| case.id)
            .collect();
        assert!(!west.is_empty() && west.len() < cases.len());
        let within = "121.05,31.1,121.15,31.2";
        assert_eq!(on_map(town, &leader, within), west);
        let in_view = CaseQuery {
            within: Some(within.to_owned()),
            ..CaseQuery::default()
        };
        assert_eq!(listed(town, &leader, in_view), west);
        assert!(on_map(town, &leader, "100,30,101,31").is_empty());
        // The filters of the list hold on the map.
        let closed = CaseQuery {
            within: Some(within.to_owned()),
            stage: Some(casework::model::CaseStage::Closed),
            ..CaseQuery::default()
        };
        let map = wait(town.casework.case_map(&leader, closed.clone())).unwrap();
        assert_eq!(map.count, listed(town, &leader, closed).len() as u64);
        assert!(map.count > 0 && map.points.iter().all(|point| point.light.is_none()));
        for wrong in [None, Some("121,31,120,32"), Some("everywhere")] {
            let query = CaseQuery {
                within: wrong.map(str::to_owned),
                ..CaseQuery::default()
            };
            let answer = kind(wait(town.casework.case_map(&leader, query)));
            assert_eq!(answer, Some(FailureKind::Invalid), "{wrong:?}");
        }
    });
}

#[test]
fn near_a_case_is_what_lies_close_and_came_about_the_same_time_its_own_kind_first() {
    each_town(|town, _| {
        let at = |lon: f64, category_id: Id| {
            let request = ReportCreateRequest {
                place: place(lon),
                open_case: Some(CaseOpenRequest {
                    category_id: Some(category_id),
                    ..CaseOpenRequest::default()
                }),
                ..report_request()
            };
            let by = call(&centre("intake_clerk"));
            let created = wait(town.casework.report_create(&by, request)).unwrap();
            created.case.unwrap().id
        };
        let long_ago = at(121.1, CATEGORY);
        town.clock.advance_seconds(40 * 86_400);
        let one = at(121.1, CATEGORY);
        // Some 10, 29 and 95 metres to the east.
        let close = at(121.1001, FREE_CATEGORY);
        let alike = at(121.1003, CATEGORY);
        let far = at(121.101, CATEGORY);
        let near = wait(town.casework.case_near(&centre("leader"), one)).unwrap();
        let found: Vec<Id> = near.items.iter().map(|near| near.case.id).collect();
        assert_eq!(found, [alike, close], "not {long_ago}, not {far}");
        assert!((28..=30).contains(&near.items[0].distance_m));
        assert!(near.has_place);
    });
}

pub fn kind<T: std::fmt::Debug>(outcome: Result<T, CaseworkError>) -> Option<FailureKind> {
    outcome.err().map(|error| Problem::from(error).kind)
}

#[test]
fn lists_and_details_show_exactly_what_the_law_says() {
    each_town(|town, test_store: &TestStore| {
        let cases = cases(town);
        let (supervised, suspended) = held_up(town, &cases);
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
            assert_eq!(on_map(town, who, "120,30,123,32"), in_list, "{told}");
            for case in &cases {
                let near = wait(town.casework.case_near(who, case.id));
                match near {
                    Ok(near) => assert!(
                        wanted.contains(&case.id)
                            && (near.items.iter()).all(|near| in_list.contains(&near.case.id)),
                        "{told}"
                    ),
                    Err(error) => {
                        assert!(!wanted.contains(&case.id), "{told}");
                        assert_eq!(Problem::from(error).kind, FailureKind::NotFound);
                    }
                }
            }
            // A box narrows the list and never widens it; the last they see is watched.
            let watched: BTreeSet<Id> = in_list.last().copied().into_iter().collect();
            for id in &watched {
                wait(town.casework.case_watch(who, *id, true)).unwrap();
            }
            for of_box in CaseBox::ALL {
                let query = CaseQuery {
                    of_box: Some(*of_box),
                    ..CaseQuery::default()
                };
                let boxed = listed(town, who, query);
                assert!(boxed.is_subset(&in_list), "{told} {of_box:?}");
                let exactly = match of_box {
                    CaseBox::Supervised => Some(&supervised),
                    CaseBox::Suspended => Some(&suspended),
                    CaseBox::Watched => Some(&watched),
                    _ => None,
                };
                if let Some(exactly) = exactly {
                    let expected: BTreeSet<Id> = exactly & &in_list;
                    assert_eq!(boxed, expected, "{told} {of_box:?}");
                }
            }
            // The next in line may have the same account.
            for id in watched {
                wait(town.casework.case_watch(who, id, false)).unwrap();
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

#[test]
fn whoever_reported_a_case_sees_it_however_the_report_came_to_it() {
    each_town(|town, _| {
        let station = person(STATION, "department_clerk", None);
        let water = person(WATER, "department_clerk", None);
        let sees = |who: &Arc<Principal>, id: Id| {
            let detail = kind(wait(town.casework.case_view(who, id))).is_none();
            let in_list = listed(town, who, CaseQuery::default()).contains(&id);
            assert_eq!(detail, in_list, "list and detail agree");
            detail
        };
        let opened = accept(town, reported_by_station(town, 121.1), &[]);
        assert!(sees(&station, opened), "it opened it");

        let joined = town.create().case.unwrap().id;
        assert!(!sees(&station, joined));
        accept(town, reported_by_station(town, 121.1), &[joined]);
        assert!(sees(&station, joined), "it joined it");

        let into = town.create().case.unwrap().id;
        let merge = CaseMergeRequest { into_case_id: into };
        let leader = call(&centre("shift_leader"));
        wait(town.casework.case_merge(&leader, opened, merge)).unwrap();
        assert!(sees(&station, into), "it came over with a merged one");

        let split = CaseSplitRequest {
            cases: vec![CaseOpenRequest {
                category_id: Some(CATEGORY),
                title: Some("另案".to_owned()),
                ..CaseOpenRequest::default()
            }],
        };
        let clerk = call(&centre("intake_clerk"));
        let parts = wait(town.casework.case_split(&clerk, joined, split)).unwrap();
        assert!(sees(&station, parts[0].id), "it was split off");
        for id in [opened, joined, into, parts[0].id] {
            assert!(!sees(&water, id));
        }
        // To see is not to act.
        let by = call(&person(STATION, "shift_leader", None));
        let request = CaseFileRequest {
            rule_row_id: Some(RULE),
        };
        let filed = wait(town.casework.case_file(&by, joined, request));
        assert_eq!(kind(filed), Some(FailureKind::Forbidden));
        town.verify();
    });
}

#[test]
fn a_zone_drawn_anew_shows_its_holders_the_cases_that_lie_in_it_now() {
    each_town(|town, test_store: &TestStore| {
        let at = |lon: f64| {
            let request = ReportCreateRequest {
                place: place(lon),
                ..report_request()
            };
            let by = call(&centre("intake_clerk"));
            let created = wait(town.casework.report_create(&by, request)).unwrap();
            created.case.unwrap().id
        };
        let (left, taken) = (at(121.3), at(121.25));
        let mut holder = (*person(STRANGER, "shift_leader", None)).clone();
        holder.memberships[0].zone_ids = vec![Id(901)];
        let holder = Arc::new(holder);
        let everything = || CaseQuery::default();
        assert_eq!(listed(town, &holder, everything()), [left].into());
        // A node that has read the zones again.
        let city = TestCity {
            zone_lon: 121.25,
            ..TestCity::default()
        };
        let anew = Town {
            casework: casework_in(&test_store.store, casework::Processes::BUILT_IN, city),
            clock: town.clock.clone(),
        };
        let detail = |id| kind(wait(anew.casework.case_view(&holder, id)));
        assert_eq!(detail(left), Some(FailureKind::NotFound));
        assert_eq!(detail(taken), None);
        let (timer, now) = (test_store.store.next_id(), town.clock.now());
        let told = test_store
            .store
            .write_blocking(move |tx| casework::zones_changed(tx, timer, now));
        told.unwrap();
        assert_eq!(anew.fire(), 0, "first every node reads the zones again");
        town.clock.advance_seconds(6);
        assert_eq!(anew.fire(), 1);
        assert_eq!(listed(&anew, &holder, everything()), [taken].into());
        let of_zone = CaseQuery {
            zone_id: Some(Id(901)),
            ..CaseQuery::default()
        };
        assert_eq!(listed(&anew, &centre("leader"), of_zone), [taken].into());
    });
}
