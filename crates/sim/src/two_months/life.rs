//! What becomes of each report: told, accepted, filed, dispatched, handled, inspected, closed, at the pace and with the mishaps of
//! a district. The odds stand in `rates`.

use super::act::Act;
use super::cast::Cast;
use super::grounds::{Grounds, Village};
use super::routes::Routes;
use super::telling::Course;
use super::weather::{Day, second_of_day};
use super::{Plan, Told, rates};
use crate::agenda::{Agenda, Bells, tidy};
use crate::city::DemoCity;
use crate::dice::Dice;
use crate::founding::{Organisations, Rooms, SeedError, data};
use crate::subject::Subject;
use access::Principal;
use base::clock::china;
use base::{Id, Timestamp};
use calendar::{Limit, WorkCalendar};
use casework::Casework;
use casework::model::{CaseStage, Level, TaskKind, TaskRole, TaskState};
use casework::view::{CaseStateView, TaskStateView};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How long handling lasts at most in the mode of the processes.
pub(super) const MODE_SECONDS: i64 = 4 * 3_600;
/// No clock that a command of the story starts runs out sooner.
const QUIET_SECONDS: i64 = 120;

/// A report and what has become of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent things that happened or did not"
)]
pub(super) struct Life {
    pub(super) dice: Dice,
    pub(super) subject: usize,
    pub(super) village: usize,
    /// A leader's order: a case without a report and without a place.
    pub(super) is_order: bool,
    pub(super) report_id: Id,
    pub(super) is_citizen: bool,
    /// Who has taken the report on, or handled it at once.
    pub(super) clerk: Option<Arc<Principal>>,
    pub(super) course: Course,
    pub(super) case_id: Id,
    /// As the last command left it.
    pub(super) stage: Option<CaseStage>,
    /// As the last command left them.
    pub(super) tasks: Vec<TaskStateView>,
    /// Tasks given on, with the task each comes from; `true` for a co-handler that was called in.
    pub(super) given_on: BTreeMap<Id, (Id, bool)>,
    pub(super) level: Level,
    pub(super) category_id: Id,
    pub(super) rule_row_id: Id,
    pub(super) limit: Option<Limit>,
    pub(super) due_at: Timestamp,
    pub(super) returns: u32,
    /// It was dispatched to somebody who has little to do with it.
    pub(super) is_astray: bool,
    pub(super) calls: u32,
    pub(super) reviews: usize,
    pub(super) is_verified: bool,
    pub(super) is_split: bool,
    pub(super) was_late: bool,
    pub(super) is_redone: bool,
    /// Who must answer a supervision.
    pub(super) supervised: Option<Id>,
    /// What somebody has turned or will turn their attention to, once.
    pub(super) attention: BTreeSet<Act>,
    /// Whether an extension or a suspension was ever asked for: then nobody hurries it.
    pub(super) has_asked: bool,
    /// 战时.
    pub(super) in_mode: bool,
    /// The report waits for another case as well.
    pub(super) is_joined: bool,
    /// Who watches it.
    pub(super) watcher: Option<Arc<Principal>>,
}

impl Life {
    /// One that begins with a report, or a leader's order.
    pub(super) fn new(dice: Dice, subject: usize, village: usize, level: Level) -> Self {
        Self {
            dice,
            subject,
            village,
            is_order: false,
            report_id: Id(0),
            is_citizen: false,
            clerk: None,
            course: Course::CityManagement,
            case_id: Id(0),
            stage: None,
            tasks: Vec::new(),
            given_on: BTreeMap::new(),
            level,
            category_id: Id(0),
            rule_row_id: Id(0),
            limit: None,
            due_at: Timestamp(0),
            returns: 0,
            is_astray: false,
            calls: 0,
            reviews: 0,
            is_verified: false,
            is_split: false,
            was_late: false,
            is_redone: false,
            supervised: None,
            attention: BTreeSet::new(),
            has_asked: false,
            in_mode: false,
            is_joined: false,
            watcher: None,
        }
    }

    pub(super) fn task(&self, id: Id) -> Option<&TaskStateView> {
        self.tasks.iter().find(|task| task.id == id)
    }

    pub(super) fn is_in(&self, id: Id, state: TaskState) -> bool {
        self.task(id).is_some_and(|task| task.state == state)
    }

    /// The task of whoever leads, or led.
    pub(super) fn lead(&self) -> Option<&TaskStateView> {
        self.tasks.iter().find(|task| {
            task.kind == TaskKind::Handle
                && task.role == TaskRole::Lead
                && !matches!(task.state, TaskState::Returned | TaskState::Revoked)
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.stage.is_some_and(CaseStage::is_open)
    }

    /// Whether its lead is at work, by the clock of the rule row and with nothing asked for.
    pub(super) fn may_be_hurried(&self) -> bool {
        self.stage == Some(CaseStage::Handling)
            && self.course == Course::CityManagement
            && !self.has_asked
            && self.lead().is_some_and(is_open)
    }
}

/// What comes of an act: nothing that is asked for, or why it could not be done.
pub(super) type Done = Result<(), SeedError>;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) reports: usize,
    pub(super) cases: usize,
    pub(super) commands: usize,
    pub(super) operations: BTreeSet<&'static str>,
    pub(super) timers: usize,
    pub(super) refusals: BTreeMap<String, usize>,
}

/// The town at work.
pub(super) struct Town<'a> {
    pub(super) rooms: &'a Rooms<'a>,
    pub(super) casework: &'a Casework,
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
    pub(super) routes: Routes,
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
            casework: rooms.casework,
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
            routes: Routes::default(),
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
                let mut life = Life::new(dice, subject, *village, trouble.level);
                life.is_order = life.dice.odds(rates::ORDERS);
                let again = (!life.is_order && life.dice.odds(rates::TOLD_AGAIN))
                    .then(|| at.plus_seconds(life.dice.between(300, 10_800)));
                self.agenda.put(at, (self.lives.len(), Act::Tell));
                self.lives.push(life);
                if let Some(at) = again {
                    let purpose = 1_000 + self.lives.len() as u64;
                    let dice = Dice::new(plan.seed, purpose);
                    self.agenda.put(at, (self.lives.len(), Act::Tell));
                    let other = Life::new(dice, subject, *village, trouble.level);
                    self.lives.push(other);
                }
            }
        }
    }

    /// Lives until the story ends; what is on the agenda after that stays undone.
    pub(super) async fn live(
        &mut self,
        plan: &Plan,
        progress: &mut (impl FnMut(Told) + Send),
    ) -> Done {
        let begins_at = plan.begins_at();
        let length = (plan.until.0 - begins_at.0).max(1);
        let mut bells = Bells::new(self.casework, &plan.clock, QUIET_SECONDS);
        let mut shown = 0;
        let mut tidy_at = begins_at;
        let mut mends_at = Some(begins_at.plus_seconds(length / 2_000_000));
        while let Some((at, (life, act))) = self.agenda.next() {
            if at > plan.until {
                break;
            }
            if self.is_left_open(life, act, at, plan)? {
                continue;
            }
            self.tally.timers += bells.ring_until(at)?;
            if at >= tidy_at {
                tidy_at = at.plus_seconds(86_400);
                tidy(self.casework, at).await?;
            }
            if mends_at.is_some_and(|due| at >= due) {
                mends_at = None;
                self.mend_routes().await?;
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

    pub(super) fn life(&self, nth: usize) -> Result<(&Life, &'a Subject, &'a Village), SeedError> {
        let gone = || data("a life nobody lives");
        let life = self.lives.get(nth).ok_or_else(gone)?;
        let subject = self.subjects.get(life.subject).ok_or_else(gone)?;
        let village = self.grounds.villages.get(life.village).ok_or_else(gone)?;
        Ok((life, subject, village))
    }

    pub(super) fn put(&mut self, nth: usize, at: Timestamp, act: Act) {
        self.agenda.put(at, (nth, act));
    }

    /// Changes what is known of a life.
    pub(super) fn change(&mut self, nth: usize, change: impl FnOnce(&mut Life)) -> Done {
        let life = self.lives.get_mut(nth);
        life.map(change).ok_or_else(|| data("a life nobody lives"))
    }

    /// What a command made of a case, and what people do about that next.
    pub(super) fn follow(&mut self, nth: usize, case: CaseStateView, at: Timestamp) -> Done {
        let limit = self.life(nth)?.0.limit.clone();
        let due_at = limit.map_or(at, |limit| self.calendar.deadline(at, &limit).due_at);
        let life = self.lives.get_mut(nth).ok_or_else(|| data("a life"))?;
        let before = std::mem::replace(&mut life.tasks, case.tasks);
        let stage_before = life.stage.replace(case.stage);
        let mut given = Vec::new();
        for task in &life.tasks {
            let was = before.iter().find(|known| known.id == task.id);
            match (was.map(|known| known.state), task.state) {
                (None, TaskState::Assigned) if task.kind != TaskKind::Inspect => {
                    given.push((task.clone(), true));
                }
                (Some(TaskState::Finished), TaskState::Accepted)
                    if task.kind == TaskKind::Handle =>
                {
                    given.push((task.clone(), false));
                }
                _ => {}
            }
        }
        if given.iter().any(|(task, _)| task.role == TaskRole::Lead) {
            life.due_at = if life.in_mode {
                due_at.min(at.plus_seconds(MODE_SECONDS))
            } else {
                due_at
            };
        }
        for (task, is_new) in given {
            if is_new {
                self.expect_acceptance(nth, &task, at)?;
            } else {
                let again = handled_at(at, self.life(nth)?.0, false);
                self.put(nth, again, Act::TaskFinish(task.id));
            }
        }
        if stage_before == Some(case.stage) {
            return Ok(());
        }
        match case.stage {
            CaseStage::Accepted => self.expect_filing(nth, at),
            CaseStage::Filed => self.expect_dispatch(nth, at),
            CaseStage::Handling => self.expect_attention(nth, at),
            CaseStage::Inspecting => self.expect_inspection(nth, at),
            CaseStage::Closing => {
                let minutes = self.life(nth)?.0.dice.between(3, 50);
                self.put(nth, at.plus_seconds(minutes * 60), Act::Close);
                Ok(())
            }
            CaseStage::Closed => self.expect_afterwards(nth, at),
            CaseStage::Cancelled | CaseStage::Merged => self.ended(nth),
        }
    }

    /// Nobody can join it any more.
    pub(super) fn ended(&mut self, nth: usize) -> Done {
        let (life, ..) = self.life(nth)?;
        let (place, ended) = ((life.village, life.subject), life.case_id);
        if self.open_cases.get(&place) == Some(&ended) {
            self.open_cases.remove(&place);
        }
        Ok(())
    }

    /// The organisation with a code.
    pub(super) fn organisation(&self, code: &str) -> Result<Id, SeedError> {
        let known = self.organisations.get(code);
        known.map(|known| known.id).ok_or_else(|| data(code))
    }
}

pub(super) fn is_open(task: &TaskStateView) -> bool {
    task.state.is_open()
}

/// When a task accepted at `at` is done: mostly somewhere within the limit and by day, sometimes late. Co-handlers are quicker,
/// because the lead waits for them.
pub(super) fn handled_at(at: Timestamp, life: &Life, is_co: bool) -> Timestamp {
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
