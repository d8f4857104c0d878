//! After a case is closed: the reporter is called back or rates; it is opened again, left out of the numbers, appealed against.

use super::act::Act;
use super::command::verdict;
use super::life::{Done, Town};
use super::rates;
use super::telling::Course;
use crate::founding::data;
use base::Timestamp;
use casework::input::{
    AppealFileRequest, AppealReviewRequest, CaseExcludeRequest, CaseReopenRequest,
    ExclusionDecideRequest, RedoRequest, ReportAssignRequest, ReportCallbackRequest,
    ReportForgetRequest, ReportRateRequest, ReportUnmaskRequest, UnmaskReason,
};
use casework::model::{ForgetReason, Satisfaction, TaskRole};
use casework::view::{CaseStateView, TaskStateView};

const HOUR_SECONDS: i64 = 3_600;

impl Town<'_> {
    pub(super) fn expect_afterwards(&mut self, nth: usize, at: Timestamp) -> Done {
        self.ended(nth)?;
        let (life, ..) = self.life(nth)?;
        let dice = &life.dice;
        let hours = |low, high| at.plus_seconds(dice.between(low, high) * HOUR_SECONDS);
        let mut acts = Vec::new();
        if life.course == Course::Hotline && life.is_citizen {
            acts.push((hours(1, 20), Act::CallBack));
        } else if life.is_citizen && !life.is_split && !life.is_joined && dice.odds(rates::RATED) {
            acts.push((hours(1, 120), Act::Rate));
        }
        let is_alone = !life.is_split && !life.is_joined;
        if life.course == Course::CityManagement && life.is_citizen && is_alone {
            // When nobody opens the case again any more.
            if dice.odds(rates::ERASED) {
                acts.push((hours(250, 400), Act::Forget));
            }
        }
        if life.watcher.is_some() && dice.odds(rates::UNWATCHED) {
            acts.push((hours(1, 48), Act::Unwatch));
        }
        if life.course == Course::CityManagement && !life.is_redone {
            if dice.odds(rates::REOPENED) {
                acts.push((hours(130, 240), Act::Reopen));
            } else if dice.odds(rates::EXCLUDED) {
                acts.push((hours(1, 48), Act::Exclude));
            } else if life.was_late && dice.odds(rates::APPEALED) {
                acts.push((hours(1, 96), Act::AppealFile));
            }
        }
        for (at, act) in acts {
            self.put(nth, at, act);
        }
        Ok(())
    }

    /// Looks at the case: commands on its report do not say what became of it.
    async fn look(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let view = self.casework.case_view(&by.principal, life.case_id).await?;
        let mut tasks = Vec::with_capacity(view.tasks.len());
        for task in &view.tasks {
            let known = life.task(task.id);
            let known = known.ok_or_else(|| data("a task that came from nowhere"))?;
            tasks.push(TaskStateView {
                state: task.state,
                ..known.clone()
            });
        }
        let case = CaseStateView {
            id: view.head.id,
            case_no: view.head.case_no,
            version: view.head.version,
            stage: view.head.stage,
            clock: view.head.clock,
            awaits_dispatch: view.head.awaits_dispatch,
            tasks,
        };
        self.follow(nth, case, at)
    }

    pub(super) async fn call_back(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.intake)?;
        if life.dice.odds(rates::UNMASKED) {
            let input = ReportUnmaskRequest {
                reason: UnmaskReason::Callback,
            };
            let command = self.casework.report_unmask(&by, life.report_id, input);
            self.carry_out(command).await?;
        }
        let (life, ..) = self.life(nth)?;
        let dice = &life.dice;
        let reached = !dice.odds(rates::UNREACHED);
        if reached && dice.odds(rates::CALLBACK_ASSIGNED) {
            let (life, leader) = self.by(nth, |cast| &cast.shift_leaders)?;
            let input = ReportAssignRequest {
                staff_id: by.principal.staff_id,
            };
            let command = self.casework.report_assign(&leader, life.report_id, input);
            self.carry_out(command).await?;
        }
        let (life, ..) = self.life(nth)?;
        let dice = &life.dice;
        let solved = reached.then(|| dice.odds(rates::SOLVED));
        let weights = if solved == Some(false) {
            rates::DISCONTENT
        } else {
            rates::CONTENT
        };
        let satisfaction = reached.then(|| satisfaction(dice.weighted(weights)));
        let redoes = solved == Some(false) && !life.is_redone && dice.odds(rates::REDONE);
        let input = ReportCallbackRequest {
            reached,
            solved,
            satisfaction,
            words: (solved == Some(false)).then(|| "诉求人表示问题没有解决。".to_owned()),
            redo: redoes.then_some(RedoRequest {
                reopen_case_id: Some(life.case_id),
                open_case: None,
            }),
            occurred_at: None,
        };
        let again = at.plus_seconds(dice.between(2, 6) * HOUR_SECONDS);
        let calls_again = !reached && life.calls < 2;
        let command = self.casework.report_callback(&by, life.report_id, input);
        self.carry_out(command).await?;
        self.change(nth, |life| {
            life.calls = if redoes { 0 } else { life.calls + 1 };
            life.is_redone |= redoes;
        })?;
        if calls_again {
            self.put(nth, again, Act::CallBack);
        }
        if redoes {
            self.look(nth, at).await?;
        }
        Ok(())
    }

    pub(super) async fn rate(&mut self, nth: usize) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.intake)?;
        let input = ReportRateRequest {
            satisfaction: satisfaction(life.dice.weighted(rates::CONTENT)),
            words: None,
            occurred_at: None,
        };
        let command = self.casework.report_rate(&by, life.report_id, input);
        self.carry_out(command).await.map(drop)
    }

    /// 依法删除个人信息, as the citizen asks.
    pub(super) async fn forget(&mut self, nth: usize) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = ReportForgetRequest {
            reason: ForgetReason::Asked,
        };
        let command = self.casework.report_forget(&by, life.report_id, input);
        self.carry_out(command).await.map(drop)
    }

    pub(super) async fn reopen(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseReopenRequest {
            reason: "巡查发现问题反复，重新打开处置。".to_owned(),
        };
        let command = self.casework.case_reopen(&by, life.case_id, input);
        let reopened = self.carry_out(command).await?;
        self.change(nth, |life| life.is_redone = true)?;
        self.follow(nth, reopened, at)
    }

    pub(super) async fn exclude(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.dispatchers)?;
        let input = CaseExcludeRequest {
            reason: "属不可抗力，申请不计入统计。".to_owned(),
        };
        let later = at.plus_seconds(life.dice.between(1, 30) * HOUR_SECONDS);
        let command = self.casework.case_exclude(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.put(nth, later, Act::ExclusionDecide);
        Ok(())
    }

    pub(super) async fn exclusion_decide(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let (approved, opinion) = verdict(&life.dice, rates::EXCLUSION_GRANTED, "理由不成立。");
        let input = ExclusionDecideRequest { approved, opinion };
        let command = self.casework.exclusion_decide(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn appeal_file(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, leader) = self.by(nth, |cast| &cast.shift_leaders)?;
        let view = self
            .casework
            .case_view(&leader.principal, life.case_id)
            .await?;
        let late = view.tasks.iter().find(|task| {
            task.role == TaskRole::Lead
                && task.handling_overdue
                && life.lead().is_some_and(|lead| lead.id == task.id)
        });
        let Some(late) = late else {
            return Ok(());
        };
        let by = self.holder(life, late.id)?;
        let input = AppealFileRequest {
            reason: "因连续降雨无法施工，申请不计超时。".to_owned(),
        };
        let later = at.plus_seconds(life.dice.between(1, 30) * HOUR_SECONDS);
        let command = self.casework.appeal_file(&by, late.id, input);
        self.give(nth, at, command).await?;
        self.put(nth, later, Act::AppealReview);
        Ok(())
    }

    /// The dispatcher looks at it first, then the clerk at the desk; the first no decides.
    pub(super) async fn appeal_review(&mut self, nth: usize, at: Timestamp) -> Done {
        let is_first = self.life(nth)?.0.reviews == 0;
        let (life, by) = self.by(nth, |cast| {
            if is_first {
                &cast.dispatchers
            } else {
                &cast.intake
            }
        })?;
        let (approved, opinion) = verdict(
            &life.dice,
            rates::APPEAL_GRANTED,
            "超时原因不属客观因素，不予支持。",
        );
        let input = AppealReviewRequest { approved, opinion };
        let later = at.plus_seconds(life.dice.between(1, 30) * HOUR_SECONDS);
        let command = self.casework.appeal_review(&by, life.case_id, input);
        let reviewed = self.carry_out(command).await?;
        self.change(nth, |life| life.reviews += 1)?;
        self.follow(nth, reviewed, at)?;
        if is_first && approved {
            self.put(nth, later, Act::AppealReview);
        }
        Ok(())
    }
}

fn satisfaction(place: usize) -> Satisfaction {
    let all = Satisfaction::ALL;
    all.get(place).copied().unwrap_or(Satisfaction::Satisfied)
}
