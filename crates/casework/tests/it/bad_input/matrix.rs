//! Who may give a command: every command on a case or task × role × organisation × area × zone. Whoever may not see the case learns
//! nothing of it, whoever sees it and may not act is told so, and only who sees it gets as far as the version they name being an
//! old one. Nothing is changed by any of it.

use super::rows::{Row, rows};
use super::{each_full_town, entries, method};
use crate::town::*;
use crate::visibility::{Placed, everybody, sees};
use access::{Needs, Principal};
use base::Id;
use casework::http::ENDPOINTS;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The case as the law of seeing looks at it, from what everybody may read.
fn placed(town: &Town, id: Id) -> Placed {
    let view = wait(town.casework.case_view(&centre("leader"), id)).unwrap();
    let of = |id: &str| organisation_path(Id(id.parse().unwrap()));
    let mut organisations = vec![of(&view.accepted_by.id)];
    organisations.extend(view.filed_by.iter().map(|by| of(&by.id)));
    organisations.extend(view.tasks.iter().map(|task| of(&task.organisation.id)));
    if view.overlays.supervision.is_some() {
        organisations.push(organisation_path(CENTRE));
    }
    // As the town has it: all of these lie in the first street.
    Placed {
        id,
        area_path: street(1),
        zone_ids: vec![Id(900)],
        organisations,
    }
}

/// Commands on a case or a task that name a version.
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
        let is_of_case = ["/api/v1/cases/{id}", "/api/v1/tasks/{id}"]
            .iter()
            .any(|start| endpoint.path.starts_with(start));
        if is_of_case && row.versioned {
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
        assert!(commands.len() > 35, "{}", commands.len());
        for (n, (row, pattern, permission)) in commands.iter().enumerate() {
            town.clock.set(morning());
            let ready = (row.ready)(town);
            let case = placed(town, ready.case);
            let id = if pattern.contains("/tasks/") {
                ready.task
            } else {
                ready.case
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
                let expected: &[u16] = match (who.allows(permission), sees(who, &case)) {
                    (false, _) => &[403, 404],
                    (true, false) => &[404],
                    (true, true) => &[403, 409],
                };
                assert!(expected.contains(&status), "{name}");
                if status == 409 {
                    assert_eq!(answer.body["code"], "version_mismatch", "{name}");
                }
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
    });
}
