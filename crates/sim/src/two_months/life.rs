//! What becomes of each report: told, accepted, filed, dispatched, handled, inspected, closed, at the pace and with the mishaps of
//! a district. The odds stand in `rates`.

use super::agenda::{Agenda, Bells};
use super::cast::Cast;
use super::grounds::{Grounds, Village};
use super::weather::{Day, second_of_day};
use super::{Plan, Told, rates};
use crate::city::DemoCity;
use crate::dice::Dice;
use crate::founding::{Organisations, Rooms, SeedError, data};
use crate::messages;
use crate::subject::{Lead, Subject};
use access::Principal;
use base::clock::china;
use base::{FailureKind, Id, Problem, Timestamp};
use calendar::{Limit, WorkCalendar};
use casework::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseFileRequest, CaseInspectResultRequest,
    TaskAcceptRequest, TaskFinishRequest,
};
use casework::model::{CaseStage, Level, TaskKind, TaskRole, TaskState};
use casework::view::{CaseStateView, TaskStateView};
use casework::{Call, CaseworkError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use store::{StoreError, outbox};

/// Outbox entries are kept so long, as in a city at work.
const OUTBOX_DAYS: i64 = 7;

/// What comes next for a report or its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Tell,
    Claim,
    Accept,
    Answer,
    Reject,
    Withdraw,
    File,
    Dispatch,
    TaskAccept(Id),
    TaskFinish(Id),
    Inspect,
    Close,
}

/// A report and what has become of it.
pub(super) struct Life {
    pub(super) dice: Dice,
    pub(super) subject: usize,
    pub(super) village: usize,
    pub(super) report_id: Id,
    pub(super) is_citizen: bool,
    /// Who has taken the report on.
    pub(super) clerk: Option<Arc<Principal>>,
    pub(super) case_id: Id,
    /// As the last command left them.
    pub(super) tasks: Vec<TaskStateView>,
    pub(super) level: Level,
    pub(super) category_id: Id,
    pub(super) rule_row_id: Id,
    pub(super) limit: Option<Limit>,
    pub(super) due_at: Timestamp,
}

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) reports: usize,
    pub(super) cases: usize,
    pub(super) commands: usize,
    pub(super) timers: usize,
    pub(super) refusals: BTreeMap<String, usize>,
}

/// The town at work.
pub(super) struct Town<'a> {
    pub(super) rooms: &'a Rooms<'a>,
    pub(super) city: &'a DemoCity,
    pub(super) subjects: &'a [Subject],
    pub(super) grounds: &'a Grounds,
    pub(super) organisations: &'a Organisations,
    /// Codes of organisations by their names.
    pub(super) units: HashMap<&'a str, &'a str>,
    pub(super) cast: &'a Cast,
    pub(super) calendar: &'a WorkCalendar,
    pub(super) villages: Vec<Vec<usize>>,
    pub(super) codes: HashMap<Id, &'a str>,
    /// Cases under way, by village and subject.
    pub(super) open_cases: HashMap<(usize, usize), Id>,
    pub(super) lives: Vec<Life>,
    pub(super) agenda: Agenda<(usize, Act)>,
    pub(super) tally: Tally,
}

impl<'a> Town<'a> {
    pub(super) fn new(
        rooms: &'a Rooms<'a>,
        city: &'a DemoCity,
        subjects: &'a [Subject],
        grounds: &'a Grounds,
        organisations: &'a Organisations,
        cast: &'a Cast,
        calendar: &'a WorkCalendar,
    ) -> Self {
        let mut villages = vec![Vec::new(); grounds.streets.len()];
        for (nth, village) in grounds.villages.iter().enumerate() {
            if let Some(of_street) = villages.get_mut(village.street) {
                of_street.push(nth);
            }
        }
        Self {
            rooms,
            city,
            subjects,
            grounds,
            organisations,
            units: organisations
                .values()
                .map(|known| (known.name.as_str(), known.code.as_str()))
                .collect(),
            cast,
            calendar,
            villages,
            codes: organisations
                .iter()
                .map(|(code, known)| (known.id, code.as_str()))
                .collect(),
            open_cases: HashMap::new(),
            lives: Vec::new(),
            agenda: Agenda::new(),
            tally: Tally::default(),
        }
    }

    /// Puts the reports of all days on the agenda.
    pub(super) fn expect(&mut self, days: &[Day], plan: &Plan) {
        let shares: Vec<f64> = self
            .grounds
            .streets
            .iter()
            .map(|(street, _)| f64::from(street.share))
            .collect();
        for day in days {
            for _ in 0..day.reports {
                let purpose = 1_000 + self.lives.len() as u64;
                let dice = Dice::new(plan.seed, purpose);
                let subject = dice.weighted(&day.weights);
                let street = dice.weighted(&shares);
                let village = self.villages.get(street).and_then(|all| dice.pick(all));
                let (Some(trouble), Some(village)) = (self.subjects.get(subject), village) else {
                    continue;
                };
                let second = second_of_day(trouble.hours, &dice);
                let at = day.begins_at.plus_seconds(second);
                self.agenda.put(at, (self.lives.len(), Act::Tell));
                self.lives.push(Life {
                    dice,
                    subject,
                    village: *village,
                    report_id: Id(0),
                    is_citizen: false,
                    clerk: None,
                    case_id: Id(0),
                    tasks: Vec::new(),
                    level: trouble.level,
                    category_id: Id(0),
                    rule_row_id: Id(0),
                    limit: None,
                    due_at: at,
                });
            }
        }
    }

    /// Lives until the story ends; what is on the agenda after that stays undone.
    pub(super) async fn live(
        &mut self,
        plan: &Plan,
        progress: &mut (impl FnMut(Told) + Send),
    ) -> Result<(), SeedError> {
        let begins_at = plan.begins_at();
        let length = (plan.until.0 - begins_at.0).max(1);
        let mut bells = Bells::new(self.rooms.casework, &plan.clock);
        let mut shown = 0;
        let mut tidy_at = begins_at;
        while let Some((at, (life, act))) = self.agenda.next() {
            if at > plan.until {
                break;
            }
            self.tally.timers += bells.ring_until(at)?;
            if at >= tidy_at {
                tidy_at = at.plus_seconds(86_400);
                self.tidy(at).await?;
            }
            self.act(life, act, at).await?;
            let share = (at.0 - begins_at.0) as f64 / length as f64;
            let hundredth = (at.0 - begins_at.0) * 100 / length;
            if hundredth != shown {
                shown = hundredth;
                progress(Told {
                    at,
                    share,
                    reports: self.tally.reports,
                });
            }
        }
        self.tally.timers += bells.ring_until(plan.until)?;
        progress(Told {
            at: plan.until,
            share: 1.0,
            reports: self.tally.reports,
        });
        Ok(())
    }

    /// As every day: old entries of the outbox are put away. Nobody needs to be told now what happened two months ago.
    pub(super) async fn tidy(&self, now: Timestamp) -> Result<(), SeedError> {
        let before = now.plus_seconds(-OUTBOX_DAYS * 86_400);
        let store = self.rooms.casework.store();
        let tidied: Result<(), StoreError> = store
            .write(move |tx| outbox::prune(tx, before).map(drop))
            .await;
        Ok(tidied?)
    }

    /// Does one thing. What the law refuses is counted, and the case stays where it is.
    pub(super) async fn act(
        &mut self,
        life: usize,
        act: Act,
        at: Timestamp,
    ) -> Result<(), SeedError> {
        let (operation, done) = match act {
            Act::Tell => ("report_create", self.tell(life, at).await),
            Act::Claim => ("report_claim", self.claim(life, at).await),
            Act::Answer => ("report_answer", self.answer(life).await),
            Act::Reject => ("report_reject", self.reject(life).await),
            Act::Withdraw => ("report_withdraw", self.withdraw(life).await),
            Act::Accept => ("report_accept", self.accept(life, at).await),
            Act::File => ("case_file", self.file(life, at).await),
            Act::Dispatch => ("case_dispatch", self.dispatch(life, at).await),
            Act::TaskAccept(task) => ("task_accept", self.task_accept(life, task, at).await),
            Act::TaskFinish(task) => ("task_finish", self.task_finish(life, task, at).await),
            Act::Inspect => ("case_inspect_result", self.inspect(life, at).await),
            Act::Close => ("case_close", self.close(life).await),
        };
        match done {
            Ok(()) => {
                self.tally.commands += 1;
                Ok(())
            }
            Err(SeedError::Casework(error)) => self.refused(operation, error),
            Err(error) => Err(error),
        }
    }

    pub(super) fn refused(
        &mut self,
        operation: &str,
        error: CaseworkError,
    ) -> Result<(), SeedError> {
        if let CaseworkError::Store(error) = error {
            return Err(error.into());
        }
        let problem = Problem::from(error);
        if matches!(problem.kind, FailureKind::Fault) {
            return Err(data(&problem.detail));
        }
        let counted = format!("{operation} {}", problem.code);
        *self.tally.refusals.entry(counted).or_default() += 1;
        Ok(())
    }

    pub(super) fn life(&self, nth: usize) -> Result<(&Life, &'a Subject, &'a Village), SeedError> {
        let gone = || data("a life nobody lives");
        let life = self.lives.get(nth).ok_or_else(gone)?;
        let subject = self.subjects.get(life.subject).ok_or_else(gone)?;
        let village = self.grounds.villages.get(life.village).ok_or_else(gone)?;
        Ok((life, subject, village))
    }

    pub(super) fn keep(&mut self, nth: usize, case: CaseStateView) {
        if let Some(life) = self.lives.get_mut(nth) {
            life.tasks = case.tasks;
        }
    }

    pub(super) fn put(&mut self, nth: usize, at: Timestamp, act: Act) {
        self.agenda.put(at, (nth, act));
    }

    pub(super) fn opened(&mut self, nth: usize, case: &CaseStateView, at: Timestamp) {
        self.tally.cases += 1;
        let Some(life) = self.lives.get_mut(nth) else {
            return;
        };
        life.case_id = case.id;
        let place = (life.village, life.subject);
        self.open_cases.entry(place).or_insert(case.id);
        let minutes = if life.dice.odds(rates::SLOW_DESK) {
            life.dice.between(31, 150)
        } else if life.level == Level::Normal {
            life.dice.between(2, 18)
        } else {
            life.dice.between(1, 5)
        };
        let at = at.plus_seconds(minutes * 60 + life.dice.between(0, 59));
        self.put(nth, at, Act::File);
    }

    pub(super) async fn file(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseFileRequest {
            rule_row_id: Some(life.rule_row_id),
        };
        let minutes = if life.dice.odds(rates::SLOW_DESK) {
            life.dice.between(20, 90)
        } else {
            life.dice.between(1, 7)
        };
        let next = at.plus_seconds(minutes * 60 + life.dice.between(0, 59));
        self.rooms
            .casework
            .case_file(&by, life.case_id, input)
            .await?;
        self.put(nth, next, Act::Dispatch);
        Ok(())
    }

    /// Who is to lead, and who helps.
    pub(super) fn handlers(
        &self,
        life: &Life,
        subject: &Subject,
        village: &Village,
    ) -> (String, Vec<String>) {
        let street = self.grounds.streets.get(village.street);
        let centre = street.map_or_else(String::new, |(street, _)| street.organisation.clone());
        let row = self.rooms.registry.rule_row(life.rule_row_id);
        let unit = row
            .as_ref()
            .and_then(|row| {
                row.text
                    .responsible_names()
                    .find_map(|name| self.units.get(name))
            })
            .map_or_else(|| centre.clone(), |code| (*code).to_owned());
        let lead = match subject.lead {
            Lead::Unit => unit.clone(),
            Lead::Street => centre.clone(),
            Lead::Station => self
                .grounds
                .station(village)
                .unwrap_or_else(|| centre.clone()),
        };
        let helper = if lead == unit { centre } else { unit };
        let co = life.dice.odds(rates::JOINT) && helper != lead;
        (lead, co.then_some(helper).into_iter().collect())
    }

    pub(super) async fn dispatch(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, subject, village) = self.life(nth)?;
        let by = someone(&self.cast.dispatchers, &life.dice)?;
        let (lead, co) = self.handlers(life, subject, village);
        let id_of = |code: &String| {
            let known = self.organisations.get(code);
            known.map(|known| known.id).ok_or_else(|| data(code))
        };
        let input = CaseDispatchRequest {
            lead_organisation_id: id_of(&lead)?,
            co_organisation_ids: co.iter().map(id_of).collect::<Result<_, _>>()?,
        };
        let due_at = life
            .limit
            .as_ref()
            .map_or(at, |limit| self.calendar.deadline(at, limit).due_at);
        let dispatched = self
            .rooms
            .casework
            .case_dispatch(&by, life.case_id, input)
            .await?;
        self.keep(nth, dispatched);
        let life = self.lives.get_mut(nth).ok_or_else(|| data("a life"))?;
        life.due_at = due_at;
        let urgent = life.level != Level::Normal;
        let mut acts = Vec::new();
        for task in life.tasks.iter().filter(|task| is_open(task)) {
            let minutes = match (life.dice.odds(rates::LATE_RESPONSE), urgent) {
                (true, true) => life.dice.between(16, 50),
                (true, false) => life.dice.between(61, 300),
                (false, true) => life.dice.between(1, 12),
                (false, false) => life.dice.between(3, 50),
            };
            let seconds = minutes * 60 + life.dice.between(0, 59);
            acts.push((at.plus_seconds(seconds), Act::TaskAccept(task.id)));
        }
        for (at, act) in acts {
            self.put(nth, at, act);
        }
        Ok(())
    }

    /// A clerk of the organisation that holds a task.
    pub(super) fn holder(&self, life: &Life, task: Id) -> Result<Call, SeedError> {
        let held = life.tasks.iter().find(|held| held.id == task);
        let code = held
            .and_then(|held| self.codes.get(&held.organisation_id))
            .ok_or_else(|| data("a task nobody holds"))?;
        let clerks = self.cast.clerks.get(*code).ok_or_else(|| data(code))?;
        someone(clerks, &life.dice)
    }

    pub(super) async fn task_accept(
        &mut self,
        nth: usize,
        task: Id,
        at: Timestamp,
    ) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        let by = self.holder(life, task)?;
        let accepted = self
            .rooms
            .casework
            .task_accept(&by, task, TaskAcceptRequest::default())
            .await?;
        self.keep(nth, accepted);
        let (life, ..) = self.life(nth)?;
        if life.dice.odds(rates::FORGOTTEN) {
            return Ok(());
        }
        let role = life.tasks.iter().find(|each| each.id == task);
        let is_co = role.is_some_and(|task| task.role == TaskRole::Co);
        let done_at = handled_at(at, life, is_co);
        self.put(nth, done_at, Act::TaskFinish(task));
        Ok(())
    }

    pub(super) async fn task_finish(
        &mut self,
        nth: usize,
        task: Id,
        at: Timestamp,
    ) -> Result<(), SeedError> {
        let (life, subject, _) = self.life(nth)?;
        let others = life.tasks.iter().filter(|each| each.id != task);
        let waits = others
            .filter(|each| each.kind == TaskKind::Handle && each.role == TaskRole::Co)
            .any(is_open);
        let leads = life
            .tasks
            .iter()
            .any(|each| each.id == task && each.role == TaskRole::Lead);
        if leads && waits {
            // The lead waits for its co-handlers, and asks again after a while.
            let again = at.plus_seconds(life.dice.between(900, 10_800));
            self.put(nth, again, Act::TaskFinish(task));
            return Ok(());
        }
        let by = self.holder(life, task)?;
        let input = TaskFinishRequest {
            result: Some(messages::result(subject, &life.dice)),
            occurred_at: None,
        };
        let finished = self.rooms.casework.task_finish(&by, task, input).await?;
        let stage = finished.stage;
        self.keep(nth, finished);
        if stage == CaseStage::Inspecting {
            let (life, ..) = self.life(nth)?;
            let minutes = if life.dice.odds(rates::LATE_INSPECTION) {
                life.dice.between(121, 600)
            } else if life.level == Level::Normal {
                life.dice.between(15, 110)
            } else {
                life.dice.between(8, 50)
            };
            let at = at.plus_seconds(minutes * 60 + life.dice.between(0, 59));
            self.put(nth, at, Act::Inspect);
        }
        Ok(())
    }

    pub(super) async fn inspect(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, _, village) = self.life(nth)?;
        let of_street = self.cast.inspectors.get(village.street);
        let by = someone(of_street.map_or(&[], Vec::as_slice), &life.dice)?;
        let lead = life
            .tasks
            .iter()
            .find(|task| task.kind == TaskKind::Handle && task.role == TaskRole::Lead);
        let failed = lead
            .filter(|_| life.dice.odds(rates::REWORK))
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
        let inspected = self
            .rooms
            .casework
            .case_inspect_result(&by, life.case_id, input)
            .await?;
        self.keep(nth, inspected);
        let life = self.lives.get_mut(nth).ok_or_else(|| data("a life"))?;
        if let Some(task) = failed {
            let due_at = life
                .limit
                .as_ref()
                .map_or(at, |limit| self.calendar.deadline(at, limit).due_at);
            life.due_at = due_at;
            let again = handled_at(at, life, false);
            self.put(nth, again, Act::TaskFinish(task));
        } else {
            let minutes = life.dice.between(3, 50);
            self.put(nth, at.plus_seconds(minutes * 60), Act::Close);
        }
        Ok(())
    }

    pub(super) async fn close(&mut self, nth: usize) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseCloseRequest {
            rule_row_id: Some(life.rule_row_id),
            opinion: None,
        };
        self.rooms
            .casework
            .case_close(&by, life.case_id, input)
            .await?;
        let (life, ..) = self.life(nth)?;
        let (place, closed) = ((life.village, life.subject), life.case_id);
        if self.open_cases.get(&place) == Some(&closed) {
            self.open_cases.remove(&place);
        }
        Ok(())
    }
}

fn is_open(task: &TaskStateView) -> bool {
    matches!(task.state, TaskState::Assigned | TaskState::Accepted)
}

/// A call by one of these, as the dice fall.
pub(super) fn someone(among: &[Arc<Principal>], dice: &Dice) -> Result<Call, SeedError> {
    let by = dice.pick(among).ok_or_else(|| data("nobody is there"))?;
    Ok(Call::of(by.clone()))
}

/// When a task accepted at `at` is done: mostly somewhere within the limit and by day, sometimes late. Co-handlers are quicker,
/// because the lead waits for them.
fn handled_at(at: Timestamp, life: &Life, is_co: bool) -> Timestamp {
    let window = (life.due_at.0 - at.0).max(0) as f64 / 1e6;
    let share = if life.dice.odds(rates::LATE_HANDLING) {
        1.02 + life.dice.share() * life.dice.share() * 1.5
    } else if is_co {
        0.08 + life.dice.share() * 0.5
    } else {
        0.15 + life.dice.share() * 0.75
    };
    let least = life.dice.between(300, 2_400) as f64;
    let seconds = (window * share).max(least.min((window * 0.9).max(300.0)));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "months in seconds are far from the limits of either"
    )]
    let done_at = at.plus_seconds(seconds as i64);
    if life.level == Level::Normal {
        by_day(done_at, life)
    } else {
        done_at
    }
}

/// Nobody mends a pavement at night: what would end then ends in the evening before, or on the next morning when it began later.
fn by_day(at: Timestamp, life: &Life) -> Timestamp {
    let local = at.to_jiff().to_zoned(china());
    let hour = i64::from(local.hour());
    let jitter = life.dice.between(0, 5_400);
    match hour {
        0..=6 => at.plus_seconds((7 - hour) * 3_600 + jitter),
        22..=23 => at.plus_seconds((31 - hour) * 3_600 + jitter),
        _ => at,
    }
}
