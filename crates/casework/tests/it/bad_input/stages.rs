//! Cases, tasks and reports brought to where a command on them is lawful.

use crate::town::*;
use axum::http::Method;
use base::Id;
use casework::view::CaseStateView;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a command finds.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    pub report: Id,
    pub case: Id,
    pub task: Id,
    /// A second case, with its only task.
    pub other: Id,
    pub route: Id,
}

const NOTHING: Ready = Ready {
    report: Id(0),
    case: Id(0),
    task: Id(0),
    other: Id(0),
    route: Id(0),
};

#[track_caller]
fn done(town: &Town, role: &str, path: &str, body: &Value) -> Value {
    let who = match role {
        "roads" => person(ROADS, "department_clerk", None),
        "water" => person(WATER, "department_clerk", None),
        "station" => person(STATION, "department_clerk", None),
        role => centre(role),
    };
    let answer = town.post(&who, path, body);
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
    answer.body
}

fn of(state: &CaseStateView) -> Ready {
    Ready {
        case: state.id,
        task: state.tasks.first().map_or(Id(0), |task| task.id),
        ..NOTHING
    }
}

fn newest(body: &Value) -> Id {
    let tasks = body["tasks"].as_array().unwrap();
    tasks.last().unwrap()["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

pub const fn nothing_at_all() -> Ready {
    NOTHING
}

pub fn nothing(_: &Town) -> Ready {
    NOTHING
}

pub fn received(town: &Town) -> Ready {
    Ready {
        report: town.receive().id,
        other: accepted(town).case,
        ..NOTHING
    }
}

pub fn claimed(town: &Town) -> Ready {
    let ready = received(town);
    let path = format!("/api/v1/reports/{}/claim", ready.report);
    done(town, "intake_clerk", &path, &json!({}));
    ready
}

pub fn accepted(town: &Town) -> Ready {
    let created = town.create();
    Ready {
        report: created.report.id,
        case: created.case.unwrap().id,
        ..NOTHING
    }
}

pub fn two_accepted(town: &Town) -> Ready {
    Ready {
        other: accepted(town).case,
        ..accepted(town)
    }
}

pub fn filed(town: &Town) -> Ready {
    let ready = accepted(town);
    town.file(ready.case);
    ready
}

pub fn dispatched(town: &Town) -> Ready {
    let ready = filed(town);
    Ready {
        report: ready.report,
        ..of(&town.dispatch(ready.case))
    }
}

pub fn working(town: &Town) -> Ready {
    of(&town.working())
}

pub fn task_step(town: &Town, ready: Ready, role: &str, step: &str, body: &Value) -> Ready {
    done(
        town,
        role,
        &format!("/api/v1/tasks/{}/{step}", ready.task),
        body,
    );
    ready
}

pub fn case_step(town: &Town, ready: Ready, role: &str, step: &str, body: &Value) -> Ready {
    done(
        town,
        role,
        &format!("/api/v1/cases/{}/{step}", ready.case),
        body,
    );
    ready
}

/// The lead's task can be finished.
pub fn finishing(town: &Town) -> Ready {
    let state = town.working();
    town.finish(WATER, state.tasks[1].id);
    of(&state)
}

pub fn returned(town: &Town) -> Ready {
    let ready = dispatched(town);
    task_step(
        town,
        ready,
        "roads",
        "return",
        &json!({"reason": "不属于我单位"}),
    )
}

/// Twice returned: the third holder cannot return it any more.
pub fn returned_twice(town: &Town) -> Ready {
    let mut ready = returned(town);
    for (to, role) in [(STATION, Some("station")), (ROADS, None)] {
        let path = format!("/api/v1/tasks/{}/reroute", ready.task);
        ready.task = newest(&done(
            town,
            "dispatcher",
            &path,
            &json!({"organisation_id": to}),
        ));
        if let Some(role) = role {
            ready = task_step(
                town,
                ready,
                role,
                "return",
                &json!({"reason": "不属于我站"}),
            );
        }
    }
    ready
}

pub fn ruling_demanded(town: &Town) -> Ready {
    let ready = returned_twice(town);
    task_step(
        town,
        ready,
        "roads",
        "demand-ruling",
        &json!({"reason": "请裁定"}),
    )
}

/// The lead works alone, so that somebody can be called in.
pub fn alone(town: &Town) -> Ready {
    let ready = filed(town);
    let body = json!({"lead_organisation_id": ROADS});
    let path = format!("/api/v1/cases/{}/dispatch", ready.case);
    let task = newest(&done(town, "dispatcher", &path, &body));
    town.accept(ROADS, task);
    Ready { task, ..ready }
}

/// Who was called in has finished.
pub fn called_in(town: &Town) -> Ready {
    let ready = alone(town);
    let path = format!("/api/v1/tasks/{}/add-co", ready.task);
    let task = newest(&done(
        town,
        "roads",
        &path,
        &json!({"organisation_id": WATER}),
    ));
    town.accept(WATER, task);
    town.finish(WATER, task);
    Ready { task, ..ready }
}

pub fn verifying(town: &Town) -> Ready {
    let ready = accepted(town);
    let path = format!("/api/v1/cases/{}/verify", ready.case);
    let body = json!({"organisation_id": CENTRE});
    let task = newest(&done(town, "intake_clerk", &path, &body));
    task_step(
        town,
        Ready { task, ..ready },
        "inspector",
        "accept",
        &json!({}),
    )
}

pub fn handled(town: &Town) -> Ready {
    let ready = accepted(town);
    town.handle(ready.case);
    ready
}

pub fn inspected(town: &Town) -> Ready {
    let ready = handled(town);
    town.inspect(ready.case, vec![]);
    ready
}

pub fn closed(town: &Town) -> Ready {
    let ready = inspected(town);
    town.close(ready.case);
    ready
}

/// Closed, and handled too late.
pub fn closed_late(town: &Town) -> Ready {
    let state = town.working();
    town.clock.advance_seconds(3 * 3_600);
    while town.fire() > 0 {}
    town.finish(WATER, state.tasks[1].id);
    town.finish(ROADS, state.tasks[0].id);
    town.inspect(state.id, vec![]);
    town.close(state.id);
    of(&state)
}

pub fn appealed(town: &Town) -> Ready {
    let ready = closed_late(town);
    task_step(town, ready, "roads", "appeal", &json!({"reason": "暴雨"}))
}

pub fn excluding(town: &Town) -> Ready {
    let ready = closed(town);
    case_step(
        town,
        ready,
        "dispatcher",
        "exclude",
        &json!({"reason": "超出范围"}),
    )
}

pub fn supervised(town: &Town) -> Ready {
    let ready = working(town);
    case_step(
        town,
        ready,
        "leader",
        "supervise",
        &json!({"demand": "今日办结"}),
    )
}

pub fn extending(town: &Town) -> Ready {
    let ready = working(town);
    let body = json!({"limit": "1工作时", "reason": "等配件"});
    task_step(town, ready, "roads", "extension", &body)
}

pub fn suspending(town: &Town) -> Ready {
    let ready = working(town);
    let body = json!({"until": "2026-11-23T10:00:00+08:00", "reason": "待产权单位"});
    task_step(town, ready, "roads", "suspension", &body)
}

pub fn suspended(town: &Town) -> Ready {
    let ready = suspending(town);
    let body = json!({"approved": true});
    task_step(town, ready, "shift_leader", "suspension/decide", &body)
}

/// Its reporter is to be called.
pub fn calling_back(town: &Town) -> Ready {
    closed(town)
}

/// Nobody was reached, and that was that.
pub fn settled(town: &Town) -> Ready {
    let ready = closed(town);
    for _ in 0..2 {
        let path = format!("/api/v1/reports/{}/callback", ready.report);
        done(town, "intake_clerk", &path, &json!({"reached": false}));
    }
    ready
}

pub fn routed(town: &Town) -> Ready {
    let admin = person(CENTRE, "system_admin", None);
    let found = town.send(&admin, Method::GET, "/api/v1/routes", &[], None);
    if let Some(row) = found.body["items"].as_array().unwrap().first() {
        let route = row["id"].as_str().unwrap().parse().unwrap();
        return Ready { route, ..NOTHING };
    }
    let body = json!({"kind": "route", "category_id": CATEGORY, "organisation_id": ROADS});
    let made = town.post(&admin, "/api/v1/routes", &body);
    let route = made.body["id"].as_str().unwrap().parse().unwrap();
    Ready { route, ..NOTHING }
}

/// The case is cancelled.
pub fn end(town: &Town, ready: &Ready) {
    case_step(
        town,
        *ready,
        "shift_leader",
        "cancel",
        &json!({"reason": "重复"}),
    );
}

/// The report is withdrawn.
pub fn withdraw(town: &Town, ready: &Ready) {
    let body = json!({"by_reporter": true, "reason": "已解决"});
    let path = format!("/api/v1/reports/{}/withdraw", ready.report);
    done(town, "shift_leader", &path, &body);
}

/// Somebody of an organisation who works at its desk.
pub fn desk(organisation_id: Id) -> Arc<access::Principal> {
    person(organisation_id, "department_clerk", None)
}
