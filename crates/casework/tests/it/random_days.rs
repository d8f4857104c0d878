//! Random days through the service, on both engines: whatever people try, what is stored replays to what is stored, and
//! nothing but lawful answers comes back.

use crate::town::*;
use base::chance::{SeededChance, bytes};
use base::{FailureKind, Id, Problem};
use casework::CaseworkError;
use casework::input::*;
use casework::model::{CaseStage, TaskKind};
use casework::view::CaseStateView;

struct Dice(SeededChance);

impl Dice {
    fn below(&self, limit: usize) -> usize {
        let [low, high] = bytes::<2>(&self.0);
        usize::from(u16::from_le_bytes([low, high])) % limit
    }
}

/// One attempt on a case by somebody who may or may not fit.
fn attempt(
    town: &Town,
    dice: &Dice,
    state: &CaseStateView,
) -> Result<CaseStateView, CaseworkError> {
    let work = &town.casework;
    let task = state.tasks.get(dice.below(state.tasks.len().max(1)));
    let task_id = task.map_or(Id(5), |task| task.id);
    let holder = task.map_or(ROADS, |task| task.organisation_id);
    let handler = call(&person(
        [holder, ROADS, WATER][dice.below(3)],
        "handler",
        None,
    ));
    match dice.below(8) {
        0 => {
            let rule_row_id = [Some(RULE), None][dice.below(2)];
            wait(work.case_file(
                &call(&centre("shift_leader")),
                state.id,
                CaseFileRequest { rule_row_id },
            ))
        }
        1 => {
            let co = [vec![], vec![WATER], vec![ROADS]][dice.below(3)].clone();
            let request = CaseDispatchRequest {
                lead_organisation_id: ROADS,
                co_organisation_ids: co,
            };
            wait(work.case_dispatch(&call(&centre("dispatcher")), state.id, request))
        }
        2 | 3 => wait(work.task_accept(&handler, task_id, TaskAcceptRequest::default())),
        4 | 5 => {
            let request = TaskFinishRequest {
                result: (dice.below(2) == 0).then(|| "好了".to_owned()),
                occurred_at: None,
            };
            wait(work.task_finish(&handler, task_id, request))
        }
        6 => {
            let passed = dice.below(2) == 0;
            let tried = state
                .tasks
                .iter()
                .filter(|task| task.kind == TaskKind::Handle);
            let request = CaseInspectResultRequest {
                passed,
                failed_task_ids: tried
                    .map(|task| task.id)
                    .take(usize::from(!passed))
                    .collect(),
                opinion: Some("看过".to_owned()),
                occurred_at: None,
            };
            wait(work.case_inspect_result(&call(&centre("inspector")), state.id, request))
        }
        _ => {
            let request = CaseCloseRequest {
                rule_row_id: Some(RULE),
                opinion: None,
            };
            wait(work.case_close(&call(&centre("shift_leader")), state.id, request))
        }
    }
}

/// An attempt to do something else with a case than to move it forward.
fn aside(town: &Town, dice: &Dice, state: &CaseStateView) -> Result<CaseStateView, CaseworkError> {
    let work = &town.casework;
    let task = state.tasks.get(dice.below(state.tasks.len().max(1)));
    let task_id = task.map_or(Id(5), |task| task.id);
    let holder = task.map_or(ROADS, |task| task.organisation_id);
    let (leader, dispatcher) = (call(&centre("shift_leader")), call(&centre("dispatcher")));
    let reason = || "不清楚".to_owned();
    let why = ReasonRequest { reason: reason() };
    match dice.below(12) {
        0 => {
            let by_roads = CaseVerifyRequest {
                organisation_id: ROADS,
                remark: None,
            };
            wait(work.case_verify(&leader, state.id, by_roads))
        }
        1 => {
            let found = CaseVerifyResultRequest {
                is_true: dice.below(8) > 0,
                opinion: Some(reason()),
                occurred_at: None,
            };
            let by = call(&person(ROADS, "inspector", Some(district())));
            wait(work.case_verify_result(&by, state.id, found))
        }
        2 => wait(work.case_send_back(&leader, state.id, why)),
        3..=5 => {
            let by = call(&person(holder, "department_clerk", None));
            wait(work.task_return(&by, task_id, why))
        }
        6 | 7 => {
            let to = TaskToRequest {
                organisation_id: [ROADS, WATER][dice.below(2)],
            };
            wait(work.task_reroute(&dispatcher, task_id, to))
        }
        8 => {
            let request = CaseUrgeRequest { note: None };
            wait(work.case_urge(&dispatcher, state.id, request))
        }
        9 | 10 => {
            let request = CaseReopenRequest { reason: reason() };
            wait(work.case_reopen(&leader, state.id, request))
        }
        _ => {
            if dice.below(4) > 0 {
                let request = CaseRecallRequest { reason: None };
                return wait(work.case_recall(&dispatcher, state.id, request));
            }
            let request = CaseCancelRequest { reason: reason() };
            wait(work.case_cancel(&leader, state.id, request))
        }
    }
}

#[test]
fn random_days_leave_everything_as_it_must_be() {
    each_town(|town, _| {
        let dice = Dice(SeededChance::new(20_261_121));
        let mut states: Vec<CaseStateView> = (0..12).map(|_| town.create().case.unwrap()).collect();
        let (mut lawful, mut refused) = (0, 0);
        for _ in 0..1_500 {
            town.clock
                .advance_seconds(i64::try_from(dice.below(300)).unwrap());
            town.fire();
            // Sometimes at once, sometimes many together.
            if dice.below(7) == 0 {
                town.count();
            }
            let n = dice.below(states.len());
            match attempt(town, &dice, &states[n]) {
                Ok(state) => {
                    states[n] = state;
                    lawful += 1;
                }
                Err(error) => {
                    let problem: Problem = error.into();
                    let lawful_no = [
                        FailureKind::Refused,
                        FailureKind::NotFound,
                        FailureKind::Forbidden,
                    ];
                    assert!(lawful_no.contains(&problem.kind), "{problem:?}");
                    refused += 1;
                }
            }
        }
        let closed = states
            .iter()
            .filter(|state| state.stage == CaseStage::Closed)
            .count();
        assert!(
            lawful > 80 && refused > 80 && closed > 3,
            "{lawful} {refused} {closed}"
        );
        town.verify();
    });
}

#[test]
fn random_days_of_passing_on_and_taking_back_are_counted_as_a_recount_finds() {
    each_town(|town, _| {
        let dice = Dice(SeededChance::new(20_261_128));
        let begun = |n: usize| {
            let case = town.create().case.unwrap();
            match n % 4 {
                0 => case,
                1 => town.file(case.id),
                2 => {
                    town.file(case.id);
                    town.dispatch(case.id)
                }
                _ => town.complete(case.id),
            }
        };
        let mut states: Vec<CaseStateView> = (0..24).map(begun).collect();
        for _ in 0..500 {
            town.clock.advance_seconds(30);
            if dice.below(7) == 0 {
                town.count();
            }
            let n = dice.below(states.len());
            let tried = match dice.below(2) {
                0 => aside(town, &dice, &states[n]),
                _ => attempt(town, &dice, &states[n]),
            };
            if let Ok(state) = tried {
                states[n] = state;
            }
        }
        town.clock.advance_seconds(3 * 3_600);
        town.fire();
        town.count();
        let numbers = town.get(&centre("leader"), "/api/v1/statistics").body;
        for code in [
            "accept_sent_back",
            "accept_wrong",
            "cancels",
            "dispatch_wrong",
            "inspect_overturned",
            "transfers",
            "urges",
            "verify_sent",
        ] {
            assert!(
                numbers["total"]["measures"][code].as_i64() > Some(0),
                "{code}: {}",
                numbers["total"]["measures"]
            );
        }
        town.verify();
    });
}
