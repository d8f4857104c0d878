//! Who may give a command: every command on a report, case or task × role × organisation × area × zone. Whoever may not see the case learns
//! nothing of it, whoever sees it and may not act is told so, and only who sees it gets as far as the version they name being an
//! old one. Nothing is changed by any of it.

use super::rows::{Row, rows};
use super::{each_full_town, entries, full_documents, method};
use crate::town::*;
use crate::visibility::{Placed, STRANGER, everybody, sees};
use access::{Needs, Principal};
use base::Id;
use base::path::TreePath;
use casework::http::ENDPOINTS;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a town's cases lie: all in the first street and its zone, or all in the second and the strip that is the other zone.
struct Side {
    area_path: TreePath,
    zone_id: Id,
}

/// The same town with everything on the other side: its streets and zones are drawn otherwise.
fn moved(town: &Town) -> Town {
    let city = TestCity {
        zone_lon: 121.123_456_789,
        border_lon: 121.0,
    };
    let documents: Vec<String> = full_documents();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let casework = casework_in(town.casework.store(), &documents, city);
    Town {
        casework,
        clock: town.clock.clone(),
    }
}

/// The case as the law of seeing looks at it, from what everybody may read.
fn placed(town: &Town, id: Id, side: &Side) -> Placed {
    let view = wait(town.casework.case_view(&centre("leader"), id)).unwrap();
    let of = |id: &str| organisation_path(Id(id.parse().unwrap()));
    let mut organisations = vec![of(&view.accepted_by.id)];
    organisations.extend(view.filed_by.iter().map(|by| of(&by.id)));
    organisations.extend(view.tasks.iter().map(|task| of(&task.organisation.id)));
    if view.overlays.supervision.is_some() {
        organisations.push(organisation_path(CENTRE));
    }
    // Now and then a stranger supervises it, whose colleagues see it for that alone.
    let leader = person(STRANGER, "leader", Some(district()));
    let path = format!("/api/v1/cases/{id}/supervise");
    let supervised = town.post(&leader, &path, &json!({"demand": "今日办结"}));
    if supervised.status.is_success() {
        organisations.push(organisation_path(STRANGER));
    }
    Placed {
        id,
        area_path: side.area_path.clone(),
        zone_ids: vec![side.zone_id],
        organisations,
    }
}

/// A report as who may act on it is found: by who received it and where it was told of.
fn placed_report(id: Id, side: &Side) -> Placed {
    Placed {
        id,
        area_path: side.area_path.clone(),
        zone_ids: vec![side.zone_id],
        organisations: vec![organisation_path(CENTRE)],
    }
}

/// Whether somebody sees it for its supervision only.
fn only_supervises(who: &Principal, case: &Placed) -> bool {
    let stranger = organisation_path(STRANGER);
    let others = case.organisations.iter().filter(|path| **path != stranger);
    let without = Placed {
        organisations: others.cloned().collect(),
        zone_ids: case.zone_ids.clone(),
        area_path: case.area_path.clone(),
        ..*case
    };
    sees(who, case) && !sees(who, &without)
}

/// Commands on a report, a case or a task that name a version.
fn commands() -> Vec<(Row, &'static str, &'static str)> {
    let mut found = Vec::new();
    for row in rows() {
        let endpoint = ENDPOINTS
            .iter()
            .find(|each| each.operation == row.operation)
            .unwrap();
        let Needs::Permission(permission) = endpoint.needs else {
            panic!("{} is for everybody", row.operation);
        };
        let is_of_one = ["reports", "cases", "tasks"]
            .iter()
            .any(|of| endpoint.path.starts_with(&format!("/api/v1/{of}/{{id}}")));
        if is_of_one && row.versioned {
            found.push((row, endpoint.path, permission));
        }
    }
    found
}

#[test]
fn every_command_is_for_who_sees_the_case_and_may_act_on_it_and_tells_nobody_else_of_it() {
    each_full_town(|town| {
        let everybody = everybody();
        // A private PostgreSQL answers slowly; fewer people there still meet every kind of tie.
        let step = if town.casework.store().is_postgres() {
            11
        } else {
            2
        };
        let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
        let commands = commands();
        let sides = [(1, 900), (2, 901)].map(|(street_number, zone)| Side {
            area_path: street(street_number),
            zone_id: Id(zone),
        });
        let other = moved(town);
        let mut supervisors = 0;
        assert!(commands.len() > 45, "{}", commands.len());
        for (n, (row, pattern, permission)) in commands.iter().enumerate() {
            let (town, side) = [(town, &sides[0]), (&other, &sides[1])][n % 2];
            town.clock.set(morning());
            let ready = (row.ready)(town);
            let (id, thing) = match pattern.split('/').nth(3) {
                Some("reports") => (ready.report, placed_report(ready.report, side)),
                Some("tasks") => (ready.task, placed(town, ready.case, side)),
                _ => (ready.case, placed(town, ready.case, side)),
            };
            let path = pattern.replace("{id}", &id.to_string());
            let body = (row.body)(&ready);
            let body = (!body.is_null()).then_some(&body);
            let before = entries(town);
            let may = |who: &&Arc<Principal>| who.allows(permission);
            // Each command another part of all people; and of those who never may, a few.
            let (able, unable): (Vec<_>, Vec<_>) = everybody.iter().partition(may);
            let able = able.iter().skip(n % step).step_by(step);
            let unable = unable.iter().skip(n % 60).step_by(60);
            for who in able.chain(unable).copied().chain([&row.who]) {
                let headers = [("if-match", "\"99\"")];
                let answer = town.send(who, method("POST"), &path, &headers, body);
                let status = answer.status.as_u16();
                let membership = &who.memberships[0];
                let name = format!(
                    "{} by {} of {} in {:?} {:?}: {status} {}",
                    row.operation,
                    membership.role,
                    membership.organisation_id,
                    membership.area_path,
                    membership.zone_ids,
                    answer.body
                );
                let expected: &[u16] = match (who.allows(permission), sees(who, &thing)) {
                    (false, _) => &[403, 404],
                    (true, false) => &[404],
                    (true, true) => &[403, 409],
                };
                assert!(expected.contains(&status), "{name}");
                if status == 409 {
                    assert_eq!(answer.body["code"], "version_mismatch", "{name}");
                }
                supervisors += usize::from(only_supervises(who, &thing));
                *answers.entry(status).or_default() += 1;
            }
            let own = town.send(
                &row.who,
                method("POST"),
                &path,
                &[("if-match", "\"99\"")],
                body,
            );
            assert_eq!(own.status.as_u16(), 409, "{}: {}", row.operation, own.body);
            assert_eq!(entries(town), before, "{} changed something", row.operation);
        }
        assert!(
            answers.len() == 3 && answers.values().all(|count| *count > 30),
            "{answers:?}"
        );
        assert!(supervisors > 0);
    });
}
