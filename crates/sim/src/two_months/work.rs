//! Tasks: accepted, returned, given on, extended, suspended, finished; inspected and closed.

use super::act::Act;
use super::command::{someone, verdict};
use super::grounds::Village;
use super::life::{Done, Life, Town, handled_at, is_open};
use super::rates;
use super::telling::Course;
use crate::founding::SeedError;
use crate::messages;
use base::{Id, Timestamp};
use casework::Call;
use casework::input::{
    CaseCloseRequest, CaseInspectResultRequest, ExtensionDecideRequest, ExtensionRequest,
    ReasonRequest, SuspensionDecideRequest, SuspensionEndRequest, SuspensionRequest,
    TaskAcceptRequest, TaskAssignRequest, TaskCoRateRequest, TaskContactRequest,
    TaskDelegateRequest, TaskFinishRequest, TaskToRequest,
};
use casework::model::{Level, TaskKind, TaskRole, TaskState};
use casework::view::TaskStateView;

const DAY_SECONDS: i64 = 86_400;

impl Town<'_> {
    /// An inspector of the village's street.
    pub(super) fn inspector(&self, life: &Life, village: &Village) -> Result<Call, SeedError> {
        let of_street = self.cast.inspectors.get(village.street);
        someone(of_street.map_or(&[], Vec::as_slice), &life.dice)
    }

    /// A task was given: it is accepted, sooner or later, or comes back.
    pub(super) fn expect_acceptance(
        &mut self,
        nth: usize,
        task: &TaskStateView,
        at: Timestamp,
    ) -> Done {
        let (life, ..) = self.life(nth)?;
        let dice = &life.dice;
        let urgent = life.level != Level::Normal || life.course == Course::Sensor;
        let is_led = task.kind == TaskKind::Handle && task.role == TaskRole::Lead;
        let returns = match life.returns {
            0 if is_led && life.is_astray => dice.odds(rates::RETURNED_ASTRAY),
            0 => dice.odds(rates::RETURNED),
            1 => dice.odds(rates::RETURNED_AGAIN),
            2 => dice.odds(rates::RULING),
            _ => false,
        };
        let act = match (is_led && returns, life.returns) {
            (true, 2) => Act::DemandRuling(task.id),
            (true, _) => Act::Return(task.id),
            _ => Act::TaskAccept(task.id),
        };
        let minutes = match (act, dice.odds(rates::LATE_RESPONSE), urgent) {
            (Act::Return(_), _, false) => dice.between(3, 26),
            (Act::TaskAccept(_) | Act::DemandRuling(_), true, true) => dice.between(16, 50),
            (Act::TaskAccept(_) | Act::DemandRuling(_), true, false) => dice.between(61, 300),
            (_, _, true) => dice.between(2, 4),
            (_, _, false) => dice.between(3, 28),
        };
        let seconds = minutes * 60 + dice.between(0, 59);
        let is_co = task.kind == TaskKind::Handle && task.role == TaskRole::Co;
        let revoked_at =
            (is_co && dice.odds(rates::REVOKED)).then(|| at.plus_seconds(dice.between(600, 7_200)));
        self.put(nth, at.plus_seconds(seconds), act);
        if let Some(at) = revoked_at {
            self.put(nth, at, Act::Revoke(task.id));
        }
        Ok(())
    }

    pub(super) async fn task_accept(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let is_verification = life
            .task(task)
            .is_some_and(|task| task.kind == TaskKind::Verify);
        let by = if is_verification {
            self.inspector(life, village)?
        } else {
            self.holder(life, task)?
        };
        let command = self
            .casework
            .task_accept(&by, task, TaskAcceptRequest::default());
        self.give(nth, at, command).await?;
        if is_verification {
            let later = self.life(nth)?.0.dice.between(600, 5_400);
            self.put(nth, at.plus_seconds(later), Act::VerifyResult);
            return Ok(());
        }
        self.expect_work(nth, task, at)
    }

    /// What the holder of an accepted task does about it.
    fn expect_work(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let dice = &life.dice;
        let Some(held) = life.task(task) else {
            return Ok(());
        };
        if dice.odds(rates::FORGOTTEN) {
            return Ok(());
        }
        let mut acts = Vec::new();
        if dice.odds(rates::ASSIGNED) {
            acts.push((at.plus_seconds(dice.between(60, 1_200)), Act::Assign(task)));
        }
        if life.is_citizen && held.role == TaskRole::Lead && dice.odds(rates::CONTACTED) {
            acts.push((
                at.plus_seconds(dice.between(120, 3_000)),
                Act::Contact(task),
            ));
        }
        let is_plain = life.course == Course::CityManagement
            && life.level == Level::Normal
            && held.role == TaskRole::Lead;
        let below = self.below(held.organisation_id, village);
        let gives_on = below.is_some()
            && held.role != TaskRole::Co
            && (held.organisation_id == self.organisation("CYZX")? || dice.odds(rates::DELEGATED));
        let is_local = below.is_some() && held.role != TaskRole::Co;
        let window = (life.due_at.0 - at.0).max(0) / 1_000_000;
        if gives_on {
            acts.push((at.plus_seconds(dice.between(60, 900)), Act::Delegate(task)));
        } else if is_local && dice.odds(rates::WHISTLED) {
            acts.push((
                at.plus_seconds(dice.between(120, 1_500)),
                Act::Whistle(task),
            ));
        }
        if is_plain && window > 7_200 && dice.odds(rates::EXTENSION_ASKED) {
            let ask_at = at.plus_seconds(window * dice.between(40, 60) / 100);
            acts.push((ask_at, Act::ExtensionAsk(task)));
        } else if is_plain && !gives_on && window > 7_200 && dice.odds(rates::SUSPENSION_ASKED) {
            let ask_at = at.plus_seconds(window * dice.between(10, 25) / 100);
            acts.push((ask_at, Act::SuspensionAsk(task)));
        } else {
            let done_at = handled_at(at, life, held.role != TaskRole::Lead);
            acts.push((done_at, Act::TaskFinish(task)));
        }
        for (at, act) in acts {
            self.put(nth, at, act);
        }
        Ok(())
    }

    /// Who is next in the line 区 → 街镇 → 联勤联动站 → 村居, where anybody works there.
    fn below(&self, organisation: Id, village: &Village) -> Option<Id> {
        let (street, _) = self.grounds.streets.get(village.street)?;
        let station = self.grounds.station(village)?;
        let line = ["CYZX", &street.organisation, &station, &village.code];
        let code = *self.codes.get(&organisation)?;
        let place = line.iter().position(|each| *each == code)?;
        let next = *line.get(place + 1)?;
        self.cast.clerks.get(next)?;
        self.organisation(next).ok()
    }

    pub(super) async fn contact(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let reached = life.dice.odds(rates::REACHED_BY_HANDLER);
        let input = TaskContactRequest {
            reached,
            note: reached.then(|| "已与诉求人联系，约定处置时间。".to_owned()),
            occurred_at: None,
        };
        let by = self.holder(life, task)?;
        let command = self.casework.task_contact(&by, task, input);
        self.give(nth, at, command).await
    }

    /// 指派: to one of the handlers of the organisation that holds it.
    pub(super) async fn assign(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, by) = self.by_holder(nth, task)?;
        let code = life
            .task(task)
            .and_then(|held| self.codes.get(&held.organisation_id));
        let handlers = code.and_then(|code| self.cast.handlers.get(*code));
        let Some(staff_id) = handlers.and_then(|all| life.dice.pick(all)).copied() else {
            return Ok(());
        };
        let input = TaskAssignRequest { staff_id };
        let command = self.casework.task_assign(&by, task, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn give_back(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, by) = self.by_holder(nth, task)?;
        let reason = "不属本单位职责范围，请改派。".to_owned();
        let soon = at.plus_seconds(life.dice.between(180, 1_200));
        let command = self.casework.task_return(
            &by,
            task,
            ReasonRequest {
                reason,
                occurred_at: None,
            },
        );
        let returned = self.carry_out(command).await?;
        self.change(nth, |life| life.returns += 1)?;
        self.follow(nth, returned, at)?;
        self.put(nth, soon, Act::Reroute(task));
        Ok(())
    }

    pub(super) async fn ruling_demand(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, by) = self.by_holder(nth, task)?;
        let reason = "多次退单，职责不清，申请裁定牵头单位。".to_owned();
        let soon = at.plus_seconds(life.dice.between(600, 3_600));
        let command = self.casework.ruling_demand(
            &by,
            task,
            ReasonRequest {
                reason,
                occurred_at: None,
            },
        );
        let demanded = self.carry_out(command).await?;
        self.change(nth, |life| life.returns += 1)?;
        self.follow(nth, demanded, at)?;
        self.put(nth, soon, Act::Rule(task));
        Ok(())
    }

    pub(super) async fn delegate(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let held = life.task(task).map(|held| held.organisation_id);
        let below = held.and_then(|held| self.below(held, village));
        let Some(organisation_id) = below else {
            return Ok(());
        };
        let by = self.holder(life, task)?;
        let input = TaskDelegateRequest {
            organisation_id,
            due_at: None,
            occurred_at: None,
        };
        let command = self.casework.task_delegate(&by, task, input);
        let given = self.carry_out(command).await?;
        self.given_on(nth, task, false, &given.tasks)?;
        self.follow(nth, given, at)
    }

    pub(super) async fn whistle(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let by = self.holder(life, task)?;
        let organisation_id = self.another(life, village)?;
        let input = TaskToRequest { organisation_id };
        let command = self.casework.task_add_co(&by, task, input);
        let called = self.carry_out(command).await?;
        self.given_on(nth, task, true, &called.tasks)?;
        self.follow(nth, called, at)
    }

    /// A co-handler is not needed any more: whoever called it in says so, or else dispatch.
    pub(super) async fn revoke(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let by = match life.given_on.get(&task) {
            Some((caller, _)) => self.holder(life, *caller)?,
            None => someone(&self.cast.dispatchers, &life.dice)?,
        };
        let reason = "现场已由牵头单位处置，无需协办。".to_owned();
        let command = self.casework.task_revoke(
            &by,
            task,
            ReasonRequest {
                reason,
                occurred_at: None,
            },
        );
        self.give(nth, at, command).await
    }

    /// Remembers whom a task was given to.
    fn given_on(&mut self, nth: usize, from: Id, is_called: bool, tasks: &[TaskStateView]) -> Done {
        self.change(nth, |life| {
            let new = tasks.iter().find(|task| life.task(task.id).is_none());
            if let Some(new) = new {
                life.given_on.insert(new.id, (from, is_called));
            }
        })
    }

    pub(super) async fn co_rate(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let Some((caller, _)) = life.given_on.get(&task) else {
            return Ok(());
        };
        let by = self.holder(life, *caller)?;
        let input = TaskCoRateRequest {
            score: life.dice.between(3, 5),
            remark: None,
        };
        let command = self.casework.task_co_rate(&by, task, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn extension_ask(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        if at >= life.due_at {
            // Too late to ask: it is done as it is.
            let done_at = handled_at(at, life, false);
            self.put(nth, done_at, Act::TaskFinish(task));
            return Ok(());
        }
        let by = self.holder(life, task)?;
        let input = ExtensionRequest {
            limit: Some("2工作日".to_owned()),
            reason: "现场条件复杂，需要增加处置时间。".to_owned(),
            occurred_at: None,
        };
        let left = (life.due_at.0 - at.0) / 1_000_000;
        let decided_at = at.plus_seconds(left * life.dice.between(20, 60) / 100);
        let done_at = life.due_at.plus_seconds(life.dice.between(600, 14_400));
        let command = self.casework.extension_request(&by, task, input);
        self.give(nth, at, command).await?;
        self.change(nth, |life| life.has_asked = true)?;
        self.put(nth, decided_at, Act::ExtensionDecide(task));
        self.put(nth, done_at, Act::TaskFinish(task));
        Ok(())
    }

    pub(super) async fn extension_decide(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.dispatchers)?;
        let (approved, opinion) = verdict(
            &life.dice,
            rates::EXTENSION_GRANTED,
            "理由不充分，按原时限处置。",
        );
        let input = ExtensionDecideRequest { approved, opinion };
        let command = self.casework.extension_decide(&by, task, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn suspension_ask(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        if at >= life.due_at {
            // Too late to ask: it is done as it is.
            let done_at = handled_at(at, life, false);
            self.put(nth, done_at, Act::TaskFinish(task));
            return Ok(());
        }
        let by = self.holder(life, task)?;
        let input = SuspensionRequest {
            until: at.plus_seconds(life.dice.between(3, 20) * DAY_SECONDS),
            reason: "需等待材料到货后施工，申请挂账。".to_owned(),
        };
        let left = (life.due_at.0 - at.0) / 1_000_000;
        let decided_at = at.plus_seconds((left / 3).min(life.dice.between(900, 9_000)));
        let command = self.casework.suspension_request(&by, task, input);
        self.give(nth, at, command).await?;
        self.change(nth, |life| life.has_asked = true)?;
        self.put(nth, decided_at, Act::SuspensionDecide(task));
        Ok(())
    }

    pub(super) async fn suspension_decide(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let (approved, opinion) =
            verdict(&life.dice, rates::SUSPENSION_GRANTED, "不符合挂账条件。");
        let days = life.dice.between(2, 14);
        let until = at.plus_seconds(days * DAY_SECONDS);
        let resumed_at = (approved && life.dice.odds(rates::RESUMED))
            .then(|| at.plus_seconds(days * life.dice.between(20_000, 70_000)));
        let input = SuspensionDecideRequest {
            approved,
            effective_from: None,
            until: approved.then_some(until),
            opinion,
        };
        let done_at = if approved {
            let runs_on_at = resumed_at.unwrap_or(until);
            runs_on_at.plus_seconds(life.dice.between(3_600, 28_800))
        } else {
            handled_at(at, life, false)
        };
        let command = self.casework.suspension_decide(&by, task, input);
        self.give(nth, at, command).await?;
        if let Some(at) = resumed_at {
            self.put(nth, at, Act::SuspensionEnd(task));
        }
        self.put(nth, done_at, Act::TaskFinish(task));
        Ok(())
    }

    pub(super) async fn suspension_end(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (_, by) = self.by(nth, |cast| &cast.dispatchers)?;
        let input = SuspensionEndRequest {
            reason: Some("材料已到货，恢复处置。".to_owned()),
        };
        let command = self.casework.suspension_end(&by, task, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn task_finish(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, subject, _) = self.life(nth)?;
        let leads = Self::is_of_lead(life, task);
        let waits = life.tasks.iter().any(|each| {
            let giver = life.given_on.get(&each.id);
            let is_ours = giver.is_some_and(|(giver, _)| *giver == task);
            each.id != task && is_open(each) && (is_ours || (leads && each.role == TaskRole::Co))
        });
        if waits {
            // It waits for those it gave work to, and asks again after a while.
            let again = at.plus_seconds(life.dice.between(900, 10_800));
            self.put(nth, again, Act::TaskFinish(task));
            return Ok(());
        }
        let by = self.holder(life, task)?;
        let input = TaskFinishRequest {
            result: Some(messages::result(subject, &life.dice)),
            occurred_at: None,
        };
        let was_late = leads && at > life.due_at;
        let called = life.given_on.get(&task).is_some_and(|(_, called)| *called);
        let soon = at.plus_seconds(life.dice.between(60, 600));
        let files = Box::pin(self.picture(nth, &by, true)).await?;
        let by = by.with_attachments(files);
        let command = self.casework.task_finish(&by, task, input);
        let finished = self.carry_out(command).await?;
        self.change(nth, |life| life.was_late |= was_late)?;
        self.follow(nth, finished, at)?;
        if called {
            self.put(nth, soon, Act::CoRate(task));
        }
        Ok(())
    }

    pub(super) fn expect_inspection(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let minutes = if life.dice.odds(rates::LATE_INSPECTION) {
            life.dice.between(121, 600)
        } else if life.level == Level::Normal {
            life.dice.between(15, 110)
        } else {
            life.dice.between(8, 50)
        };
        let seconds = minutes * 60 + life.dice.between(0, 59);
        self.put(nth, at.plus_seconds(seconds), Act::Inspect);
        Ok(())
    }

    pub(super) async fn inspect(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        // At the desk for requests; never by whoever handled it.
        let inspector = self.inspector(life, village)?;
        let handled = life
            .clerk
            .as_ref()
            .is_some_and(|clerk| clerk.staff_id == inspector.principal.staff_id);
        let by = if life.course == Course::Hotline || handled {
            someone(&self.cast.shift_leaders, &life.dice)?
        } else {
            inspector
        };
        let failed = life
            .lead()
            .filter(|lead| lead.state == TaskState::Finished && life.dice.odds(rates::REWORK))
            .map(|lead| lead.id);
        let opinion = if failed.is_some() {
            "现场复核，问题仍然存在，请返工。"
        } else {
            "现场已恢复，核查通过。"
        };
        let input = CaseInspectResultRequest {
            passed: failed.is_none(),
            failed_task_ids: failed.into_iter().collect(),
            opinion: Some(opinion.to_owned()),
            occurred_at: None,
        };
        let command = self.casework.case_inspect_result(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn close(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseCloseRequest {
            rule_row_id: Some(life.rule_row_id),
            opinion: None,
        };
        let command = self.casework.case_close(&by, life.case_id, input);
        self.give(nth, at, command).await
    }
}
