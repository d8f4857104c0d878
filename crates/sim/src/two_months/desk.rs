//! The desk: verification before filing, filing, dispatch, and what comes back from there; splitting and merging.

use super::act::Act;
use super::command::someone;
use super::grounds::Village;
use super::life::{Done, Life, Town};
use super::telling::Course;
use super::{Plan, rates, telling};
use crate::dice::Dice;
use crate::founding::SeedError;
use base::{Id, Timestamp};
use casework::input::{
    CaseCancelRequest, CaseDispatchRequest, CaseFileRequest, CaseMergeRequest, CaseOpenRequest,
    CaseRecallRequest, CaseSplitRequest, CaseVerifyRequest, CaseVerifyResultRequest, ReasonRequest,
};
use casework::model::{CaseStage, Level, TaskKind, TaskRole, TaskState};
use casework::view::CaseStateView;

/// How long before the end of the story many steps are left open.
const LAST_SECONDS: i64 = 4 * 3_600;
/// How long before it some are: whoever opens the city at night finds the evening's, late.
const LAST_DAY_SECONDS: i64 = 22 * 3_600;

impl<'a> Town<'a> {
    /// Whether a step of the last hours waits for whoever looks at the city.
    pub(super) fn is_left_open(
        &self,
        nth: usize,
        act: Act,
        at: Timestamp,
        plan: &Plan,
    ) -> Result<bool, SeedError> {
        let may_wait = matches!(
            act,
            Act::Claim
                | Act::Accept
                | Act::VerifyResult
                | Act::File
                | Act::Dispatch
                | Act::TaskAccept(_)
                | Act::ExtensionDecide(_)
                | Act::SuspensionDecide(_)
                | Act::Inspect
                | Act::Close
                | Act::CallBack
        );
        let before_end = |seconds: i64| at < plan.until.plus_seconds(-seconds);
        if !may_wait || before_end(LAST_DAY_SECONDS) {
            return Ok(false);
        }
        let rate = if before_end(LAST_SECONDS) {
            rates::LEFT_OPEN_EARLIER
        } else {
            rates::LEFT_OPEN
        };
        Ok(self.life(nth)?.0.dice.odds(rate))
    }

    /// A case has begun. Where another of the kind is open at the place, they may turn out to be one.
    pub(super) fn opened(&mut self, nth: usize, case: CaseStateView, at: Timestamp) -> Done {
        self.tally.cases += 1;
        self.change(nth, |life| life.case_id = case.id)?;
        let (life, ..) = self.life(nth)?;
        if life.is_order {
            return self.follow(nth, case, at);
        }
        let place = (life.village, life.subject);
        let twin = self.open_cases.get(&place).copied();
        let (merges, splits) = (life.dice.odds(rates::MERGED), life.dice.odds(rates::SPLIT));
        let is_split = life.is_split;
        let soon = at.plus_seconds(life.dice.between(20, 50));
        let is_plain = life.course == Course::CityManagement && case.stage == CaseStage::Accepted;
        match twin {
            // What was split has been found to be something else: it is not one with any other case.
            _ if is_split => {}
            Some(twin) if is_plain && merges => {
                let at = soon.plus_seconds(60);
                self.change(nth, |life| life.stage = Some(case.stage))?;
                self.put(nth, at, Act::Merge(twin));
                return Ok(());
            }
            Some(_) => {}
            None => {
                self.open_cases.insert(place, case.id);
            }
        }
        if is_plain && !is_split && splits {
            self.put(nth, soon, Act::Split);
        }
        self.follow(nth, case, at)
    }

    /// How long the desk takes, in seconds.
    fn desk_seconds(life: &Life, slow: (i64, i64), normal: (i64, i64), urgent: (i64, i64)) -> i64 {
        let (low, high) = if life.dice.odds(rates::SLOW_DESK) {
            slow
        } else if life.level == Level::Normal {
            normal
        } else {
            urgent
        };
        life.dice.between(low, high) * 60 + life.dice.between(0, 59)
    }

    pub(super) fn expect_filing(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        if life.course != Course::CityManagement {
            return self.expect_dispatch(nth, at);
        }
        let later = at.plus_seconds(Self::desk_seconds(life, (31, 150), (2, 18), (1, 5)));
        let verifies = !life.is_verified && life.dice.odds(rates::VERIFIED);
        let act = if verifies { Act::Verify } else { Act::File };
        self.put(nth, later, act);
        Ok(())
    }

    pub(super) fn expect_dispatch(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let later = at.plus_seconds(Self::desk_seconds(life, (20, 90), (1, 7), (1, 4)));
        let is_filed = life.stage == Some(CaseStage::Filed);
        let goes_back = is_filed && life.returns == 0 && life.dice.odds(rates::SENT_BACK);
        let act = if goes_back {
            Act::SendBack
        } else {
            Act::Dispatch
        };
        self.put(nth, later, act);
        Ok(())
    }

    pub(super) async fn merge(&mut self, nth: usize, into: Id, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let is_there = self.open_cases.get(&(life.village, life.subject)) == Some(&into);
        if !is_there {
            return self.expect_filing(nth, at);
        }
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseMergeRequest { into_case_id: into };
        let command = self.casework.case_merge(&by, life.case_id, input);
        self.carry_out(command).await?;
        self.change(nth, |life| life.stage = Some(CaseStage::Merged))
    }

    pub(super) async fn split(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, subject, _) = self.life(nth)?;
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let title = format!("{}（拆单：另一处）", telling::what(subject, &life.dice));
        let open = CaseOpenRequest {
            title: Some(title),
            category_id: Some(life.category_id),
            level: Some(life.level),
            ..CaseOpenRequest::default()
        };
        let input = CaseSplitRequest { cases: vec![open] };
        let command = self.casework.case_split(&by, life.case_id, input);
        let new = self.carry_out(command).await?;
        self.change(nth, |life| life.is_split = true)?;
        for case in new {
            let (life, ..) = self.life(nth)?;
            let dice = Dice::new(life.dice.between(0, i64::MAX - 1).unsigned_abs(), 7);
            let mut other = Life::new(dice, life.subject, life.village, life.level);
            (other.report_id, other.is_split) = (life.report_id, true);
            (other.category_id, other.rule_row_id) = (life.category_id, life.rule_row_id);
            other.limit.clone_from(&life.limit);
            self.lives.push(other);
            self.opened(self.lives.len() - 1, case, at)?;
        }
        Ok(())
    }

    pub(super) async fn verify(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseVerifyRequest {
            organisation_id: self.organisation("CYZX")?,
            remark: Some("请现场核实是否属实。".to_owned()),
        };
        let command = self.casework.case_verify(&by, life.case_id, input);
        let asked = self.carry_out(command).await?;
        self.change(nth, |life| life.is_verified = true)?;
        self.follow(nth, asked, at)
    }

    pub(super) async fn verify_result(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let by = self.inspector(life, village)?;
        let is_true = !life.dice.odds(rates::UNTRUE);
        let opinion = if is_true {
            "现场核实，情况属实。"
        } else {
            "现场核实，未发现所反映的情况。"
        };
        let input = CaseVerifyResultRequest {
            is_true,
            opinion: Some(opinion.to_owned()),
            occurred_at: None,
        };
        let later = at.plus_seconds(life.dice.between(120, 1_200));
        let command = self.casework.case_verify_result(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.put(nth, later, if is_true { Act::File } else { Act::Cancel });
        Ok(())
    }

    pub(super) async fn cancel(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseCancelRequest {
            reason: "经现场核实不属实，作废。".to_owned(),
        };
        let command = self.casework.case_cancel(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn file(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseFileRequest {
            rule_row_id: Some(life.rule_row_id),
        };
        let command = self.casework.case_file(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn send_back(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.dispatchers)?;
        let reason = "位置描述不清，请受理补充后再派。".to_owned();
        let command = self.casework.case_send_back(
            &by,
            life.case_id,
            ReasonRequest {
                reason,
                occurred_at: None,
            },
        );
        let back = self.carry_out(command).await?;
        // It is filed again without being verified.
        self.change(nth, |life| life.is_verified = true)?;
        self.follow(nth, back, at)
    }

    /// Codes of the responsible unit and of the street's centre.
    pub(super) fn unit_and_centre(&self, life: &Life, village: &Village) -> (String, String) {
        let street = self.grounds.streets.get(village.street);
        let centre = street.map_or_else(String::new, |(street, _)| street.organisation.clone());
        let unit = self.unit(life.rule_row_id);
        (unit.map_or_else(|| centre.clone(), str::to_owned), centre)
    }

    /// The code of the unit that a rule row makes responsible.
    pub(super) fn unit(&self, rule_row_id: Id) -> Option<&'a str> {
        let row = self.rooms.registry.rule_row(rule_row_id)?;
        let mut names = row.text.responsible_names();
        names.find_map(|name| self.units.get(name)).copied()
    }

    pub(super) async fn dispatch(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, subject, village) = self.life(nth)?;
        let by = someone(&self.cast.dispatchers, &life.dice)?;
        let advised = self.advised(&by, life.case_id).await?;
        let (lead, is_astray) = self.leader(life, subject, village, advised);
        let (unit, centre) = self.unit_and_centre(life, village);
        let helper = if lead == unit { centre } else { unit };
        let co = life.dice.odds(rates::JOINT) && helper != lead && lead != "CYZX";
        let co = co.then(|| self.organisation(&helper)).transpose()?;
        let input = CaseDispatchRequest {
            lead_organisation_id: self.organisation(&lead)?,
            co_organisation_ids: co.into_iter().collect(),
        };
        let recalls = life.level == Level::Normal && life.dice.odds(rates::RECALLED);
        let soon = at.plus_seconds(life.dice.between(20, 110));
        let command = self.casework.case_dispatch(&by, life.case_id, input);
        let dispatched = self.carry_out(command).await?;
        self.change(nth, |life| life.is_astray = is_astray)?;
        self.follow(nth, dispatched, at)?;
        if recalls {
            self.put(nth, soon, Act::Recall);
        }
        Ok(())
    }

    pub(super) async fn recall(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let untouched = |task: &casework::view::TaskStateView| {
            task.kind != TaskKind::Handle || task.state == TaskState::Assigned
        };
        if !life.tasks.iter().all(untouched) {
            return Ok(());
        }
        let by = someone(&self.cast.dispatchers, &life.dice)?;
        let input = CaseRecallRequest {
            reason: Some("派遣有误，重新派遣。".to_owned()),
        };
        let command = self.casework.case_recall(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    /// Somebody else who does not hold a task of the case.
    pub(super) fn another(&self, life: &Life, village: &Village) -> Result<Id, SeedError> {
        let (unit, centre) = self.unit_and_centre(life, village);
        for code in [unit.as_str(), centre.as_str(), "CGJ", "LHSR", "SWJ"] {
            let id = self.organisation(code)?;
            let had = life.tasks.iter().any(|task| task.organisation_id == id);
            if !had {
                return Ok(id);
            }
        }
        self.organisation("JGW")
    }

    /// 改派: to whom routing names, unless that one had it.
    pub(super) async fn reroute(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let by = someone(&self.cast.dispatchers, &life.dice)?;
        let advised = self.advised(&by, life.case_id).await?;
        let advised = advised.map(|code| self.organisation(code)).transpose()?;
        let is_new = |id: &Id| life.tasks.iter().all(|task| task.organisation_id != *id);
        let organisation_id = match advised.filter(is_new) {
            Some(advised) => advised,
            None => self.another(life, village)?,
        };
        let input = casework::input::TaskToRequest { organisation_id };
        let command = self.casework.task_reroute(&by, task, input);
        let rerouted = self.carry_out(command).await?;
        self.change(nth, |life| life.is_astray = false)?;
        self.follow(nth, rerouted, at)
    }

    /// 裁定: the unit that the rules name, or whoever holds it.
    pub(super) async fn rule_leader(&mut self, nth: usize, task: Id, at: Timestamp) -> Done {
        let (life, _, village) = self.life(nth)?;
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let (unit, _) = self.unit_and_centre(life, village);
        let input = casework::input::CaseRuleRequest {
            organisation_id: self.organisation(&unit)?,
            reason: "按职责清单裁定由该单位牵头，不得再退。".to_owned(),
        };
        let soon = at.plus_seconds(life.dice.between(120, 900));
        let command = self.casework.case_rule(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.put(nth, soon, Act::TaskAccept(task));
        Ok(())
    }

    /// Whether a task is one that dispatch gave to whoever leads.
    pub(super) fn is_of_lead(life: &Life, task: Id) -> bool {
        life.task(task)
            .is_some_and(|task| task.kind == TaskKind::Handle && task.role == TaskRole::Lead)
    }
}
