//! Attention while a case is handled: urged, marked as important, watched, supervised; its level changed, a deadline given, put into
//! the emergency mode; its reporter hidden, or told of another case as well.

use super::act::Act;
use super::command::someone;
use super::life::{Done, MODE_SECONDS, Town, is_open};
use super::rates;
use super::telling::Course;
use base::Timestamp;
use casework::input::{
    CaseDeadlineGiveRequest, CaseHideReporterRequest, CaseLevelRequest, CaseMarkRequest,
    CaseModeApplyRequest, CaseSuperviseRequest, CaseUrgeRequest, ReportJoinRequest,
    SupervisionEndRequest, SupervisionReplyRequest,
};
use casework::model::Level;

impl Town<'_> {
    /// Some cases are turned to while they are handled; to most things once.
    pub(super) fn expect_attention(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        if life.supervised.is_some() || life.is_redone {
            return Ok(());
        }
        let window = ((life.due_at.0 - at.0) / 1_000_000).max(3_600);
        let is_citizens = life.is_citizen && life.course == Course::CityManagement;
        let mut acts = Vec::new();
        for (rate, act, may_be) in [
            (rates::URGED, Act::Urge, true),
            (rates::MARKED, Act::Mark, true),
            (rates::SUPERVISED, Act::Supervise, true),
            (rates::WATCHED, Act::Watch, true),
            (rates::LEVELLED, Act::Level, true),
            (rates::DEADLINE_GIVEN, Act::Deadline, true),
            (rates::IN_MODE, Act::Mode, true),
            (rates::HIDDEN_BY_DESK, Act::HideReporter, life.is_citizen),
            (rates::JOINED, Act::Join, is_citizens),
        ] {
            if may_be && !life.attention.contains(&act) && life.dice.odds(rate) {
                let share = life.dice.between(5, 60);
                acts.push((at.plus_seconds(window * share / 100), act));
            }
        }
        for (at, act) in acts {
            if act != Act::Urge {
                self.change(nth, |life| {
                    life.attention.insert(act);
                })?;
            }
            self.put(nth, at, act);
        }
        Ok(())
    }

    pub(super) async fn watch(&mut self, nth: usize) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let watcher = by.principal;
        let command = self.casework.case_watch(&watcher, life.case_id, true);
        self.carry_out(command).await?;
        self.change(nth, |life| life.watcher = Some(watcher))
    }

    pub(super) async fn unwatch(&mut self, nth: usize) -> Done {
        let (life, ..) = self.life(nth)?;
        let Some(watcher) = life.watcher.clone() else {
            return Ok(());
        };
        let command = self.casework.case_watch(&watcher, life.case_id, false);
        self.carry_out(command).await?;
        self.change(nth, |life| life.watcher = None)
    }

    /// What is ordinary turns urgent; what was called urgent turns out to be less so.
    pub(super) async fn level(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        if life.in_mode {
            // The mode has a level of its own.
            return Ok(());
        }
        let (level, reason) = match life.level {
            Level::Normal => (Level::Urgent, "现场存在安全隐患，提级处置。"),
            Level::Urgent => (Level::Normal, "经核实不影响通行，按一般处置。"),
            Level::Critical => (Level::Urgent, "险情已初步控制，调整等级。"),
        };
        let input = CaseLevelRequest {
            level,
            reason: Some(reason.to_owned()),
        };
        let command = self.casework.case_level(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.change(nth, |life| life.level = level)
    }

    pub(super) async fn deadline(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let left = (life.due_at.0 - at.0) / 1_000_000;
        let seconds = (left * life.dice.between(40, 90) / 100).max(7_200);
        let due_at = at.plus_seconds(seconds);
        let input = CaseDeadlineGiveRequest {
            task_id: None,
            due_at,
            reason: Some("上级要求限期办结。".to_owned()),
        };
        let command = self.casework.case_deadline_give(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.change(nth, |life| life.due_at = due_at)
    }

    /// 平急转换: into the emergency mode, and out of it after some hours.
    pub(super) async fn mode(&mut self, nth: usize, begins: bool, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseModeApplyRequest {
            mode: begins.then(|| "emergency".to_owned()),
        };
        let ends_at = at.plus_seconds(life.dice.between(3, 24) * 3_600);
        let command = self.casework.case_mode_apply(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.change(nth, |life| {
            life.in_mode = begins;
            if begins {
                life.due_at = life.due_at.min(at.plus_seconds(MODE_SECONDS));
            }
        })?;
        if begins {
            self.put(nth, ends_at, Act::ModeEnd);
        }
        Ok(())
    }

    pub(super) async fn hide_reporter(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.intake)?;
        let input = CaseHideReporterRequest { hidden: true };
        let command = self.casework.case_hide_reporter(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    /// 并案: the report is about another case of the street as well, the one begun last.
    pub(super) async fn join(&mut self, nth: usize) -> Done {
        let (life, _, village) = self.life(nth)?;
        let is_near = |place: usize| {
            let other = self.grounds.villages.get(place);
            other.is_some_and(|other| other.street == village.street)
        };
        let others = self
            .open_cases
            .iter()
            .filter(|((place, _), case)| **case != life.case_id && is_near(*place));
        let Some(case_id) = others.map(|(_, case)| *case).max() else {
            return Ok(());
        };
        let by = someone(&self.cast.intake, &life.dice)?;
        let input = ReportJoinRequest { case_id };
        let command = self.casework.report_join(&by, life.report_id, input);
        self.carry_out(command).await?;
        self.change(nth, |life| life.is_joined = true)
    }

    pub(super) async fn urge(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.dispatchers)?;
        let input = CaseUrgeRequest {
            note: Some("诉求人来电催促，请加快处置。".to_owned()),
        };
        let command = self.casework.case_urge(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn mark(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseMarkRequest { important: true };
        let command = self.casework.case_mark(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn supervise(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let lead = life.lead().filter(|lead| is_open(lead));
        let Some(holder) = lead.map(|lead| lead.organisation_id) else {
            return Ok(());
        };
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseSuperviseRequest {
            due_at: None,
            demand: "请限期处置并书面反馈进展。".to_owned(),
        };
        let reply_at = at.plus_seconds(life.dice.between(2, 30) * 3_600);
        let command = self.casework.case_supervise(&by, life.case_id, input);
        let supervised = self.carry_out(command).await?;
        self.change(nth, |life| life.supervised = Some(holder))?;
        self.follow(nth, supervised, at)?;
        self.put(nth, reply_at, Act::SupervisionReply);
        Ok(())
    }

    pub(super) async fn supervision_reply(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let Some(holder) = life.supervised else {
            return Ok(());
        };
        let by = self.clerk_of(holder, &life.dice)?;
        let input = SupervisionReplyRequest {
            reply: "已组织力量处置，预计按期完成。".to_owned(),
        };
        let later = at.plus_seconds(life.dice.between(1, 20) * 3_600);
        let command = self.casework.supervision_reply(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.put(nth, later, Act::SupervisionEnd);
        Ok(())
    }

    pub(super) async fn supervision_end(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = SupervisionEndRequest {
            opinion: Some("反馈属实，解除督办。".to_owned()),
        };
        let command = self.casework.supervision_end(&by, life.case_id, input);
        self.give(nth, at, command).await
    }
}
