//! A small world for the pure law: people, organisations, one process, one rule row, a simple reckoner.

use base::path::TreePath;
use base::{Id, Point, Timestamp};
use calendar::Limit;
use casework::clocks::{Clock, Reckoner};
use casework::lifecycle::case::{self, CaseFact, CaseOpened};
use casework::lifecycle::decide::{self, CaseCommand, TaskNew};
use casework::lifecycle::handling::HandlingCommand;
use casework::lifecycle::{Circumstances, Event, Refusal, RuleFacts};
use casework::model::{Actor, Case, Digest, Level, NoteRef, OrganisationRef};
use casework::process::Process;

pub const START: Timestamp = Timestamp(1_795_000_000_000_000);
pub const CATEGORY: Id = Id(70);
pub const RULE: Id = Id(71);
pub const OTHER_RULE: Id = Id(72);
pub const OLD_RULE: Id = Id(73);
pub const REPORT: Id = Id(80);

/// Counts every limit as ten hours: the calendar has tests of its own.
pub struct TenHours;

impl Reckoner for TenHours {
    fn clock(&self, started_at: Timestamp, _limit: &Limit) -> Clock {
        Clock::over_minutes(started_at, 600)
    }

    fn extended(&self, clock: &Clock, extension: &Limit) -> Clock {
        let hours = i64::from(extension.hundredths()) * 36;
        Clock {
            due_at: clock.due_at.plus_seconds(hours),
            ..*clock
        }
    }

    fn stretched(&self, clock: &Clock, _limit: &Limit, from: Timestamp, to: Timestamp) -> Clock {
        if from >= clock.due_at || from >= to {
            return *clock;
        }
        let still = to.0 - from.0;
        let move_on = |at: Timestamp| {
            if at <= from {
                at
            } else {
                Timestamp(at.0 + still)
            }
        };
        Clock {
            started_at: clock.started_at,
            yellow_at: move_on(clock.yellow_at),
            due_at: move_on(clock.due_at),
        }
    }
}

pub fn process() -> Process {
    Process::load(include_str!("../../processes/city-management.toml"), |_| {
        true
    })
    .unwrap()
}

pub fn organisation(n: u32) -> OrganisationRef {
    let centre = TreePath::root(1).unwrap();
    OrganisationRef {
        id: Id(100 + i64::from(n)),
        path: match n {
            0 => centre,
            1..10 => centre.child(n).unwrap(),
            // 12 stands below 1.
            _ => centre.child(n / 10).unwrap().child(n % 10).unwrap(),
        },
    }
}

/// Somebody of organisation `n` in `role`; persons of one organisation and role are one person.
pub fn actor(n: u32, role: &str) -> Actor {
    let roles = [
        "intake_clerk",
        "shift_leader",
        "dispatcher",
        "department_clerk",
        "handler",
        "inspector",
        "leader",
    ];
    let place = roles.iter().position(|each| *each == role).unwrap();
    let organisation = organisation(n);
    let person = 1_000 + i64::from(n) * 10 + i64::try_from(place).unwrap();
    Actor {
        account_id: Id(person + 5_000),
        staff_id: Id(person),
        organisation_id: organisation.id,
        organisation_path: organisation.path,
        role: role.to_owned(),
    }
}

pub fn note(id: i64) -> NoteRef {
    NoteRef {
        id: Id(id),
        digest: Digest("ab".repeat(32)),
    }
}

pub fn opened() -> CaseOpened {
    CaseOpened {
        case_id: Id(1),
        case_no: "310118-20261121-00001".to_owned(),
        report_ids: vec![REPORT],
        split_from: None,
        source: "hotline".to_owned(),
        level: Level::Normal,
        category_id: Some(CATEGORY),
        area_path: Some(TreePath::root(7).unwrap()),
        point: Some(Point {
            lon: 121.1,
            lat: 31.1,
        }),
        component: None,
        words: Digest("cd".repeat(32)),
        organisation: organisation(0),
        reported_by: Vec::new(),
    }
}

pub fn rule_facts(id: Id) -> Option<RuleFacts> {
    let category_id = match id {
        RULE | OLD_RULE => CATEGORY,
        OTHER_RULE => Id(79),
        _ => return None,
    };
    Some(RuleFacts {
        id,
        version: 3,
        category_id,
        limit: Limit::working_hours(4),
        is_superseded: id == OLD_RULE,
    })
}

type Step = fn(&mut World);

/// A case with its whole timeline, moved by commands.
pub struct World {
    pub process: Process,
    pub now: Timestamp,
    pub case: Case,
    pub timeline: Vec<Event<CaseFact>>,
    next_id: i64,
}

impl World {
    pub fn new() -> Self {
        Self::of(process())
    }

    /// A case of this process.
    pub fn of(process: Process) -> Self {
        let clerk = actor(0, "intake_clerk");
        let mut opened = opened();
        if !process.serves(&opened.source) {
            opened.source = process.sources().next().unwrap().into();
        }
        let rule = rule_facts(RULE).filter(|_| process.files_on_acceptance());
        let events = decide::begin(
            &opened,
            &Circumstances {
                recorded_at: START,
                occurred_at: START,
                actor: Some(&clerk),
                process: &process,
                reckoner: &TenHours,
                rule: rule.as_ref(),
                category_has_rules: true,
                suggested: None,
            },
        )
        .unwrap();
        let (first, rest) = events.split_first().unwrap();
        let begun = case::begin(first).unwrap();
        Self {
            case: rest.iter().fold(begun, case::evolve),
            timeline: events,
            process,
            now: START,
            next_id: 10_000,
        }
    }

    pub fn id(&mut self) -> Id {
        self.next_id += 1;
        Id(self.next_id)
    }

    pub fn wait(&mut self, minutes: i64) {
        self.now = self.now.plus_seconds(minutes * 60);
    }

    /// Gives the command at `occurred_at`; on success the case has moved on.
    pub fn act_at(
        &mut self,
        by: Option<&Actor>,
        command: &CaseCommand,
        occurred_at: Timestamp,
    ) -> Result<usize, Refusal> {
        let rule = match command {
            CaseCommand::File {
                rule_row_id: Some(id),
            }
            | CaseCommand::Handling(HandlingCommand::SelfHandle {
                rule_row_id: Some(id),
                ..
            }) => rule_facts(*id),
            _ => None,
        };
        let events = decide::decide(
            &self.case,
            command,
            &Circumstances {
                recorded_at: self.now,
                occurred_at,
                actor: by,
                process: &self.process,
                reckoner: &TenHours,
                rule: rule.as_ref(),
                category_has_rules: true,
                suggested: None,
            },
        )?;
        for event in &events {
            self.case = case::evolve(self.case.clone(), event);
        }
        let count = events.len();
        self.timeline.extend(events);
        Ok(count)
    }

    pub fn act(&mut self, by: &Actor, command: &CaseCommand) -> Result<usize, Refusal> {
        self.act_at(Some(by), command, self.now)
    }

    pub fn file(&mut self) {
        self.act(
            &actor(0, "shift_leader"),
            &CaseCommand::File {
                rule_row_id: Some(RULE),
            },
        )
        .unwrap();
    }

    /// To organisation 1 as lead and 2 as co-handler.
    pub fn dispatch_command(&mut self) -> CaseCommand {
        CaseCommand::Dispatch {
            lead: TaskNew {
                id: self.id(),
                organisation: organisation(1),
            },
            co: vec![TaskNew {
                id: self.id(),
                organisation: organisation(2),
            }],
        }
    }

    pub fn dispatch(&mut self) {
        let command = self.dispatch_command();
        self.act(&actor(0, "dispatcher"), &command).unwrap();
    }

    /// Task of organisation 1 (lead) or 2 (co).
    pub fn task_id(&self, n: u32) -> Id {
        let wanted = organisation(n).id;
        self.case
            .handle_tasks()
            .find(|task| task.organisation.id == wanted)
            .unwrap()
            .id
    }

    pub fn accept(&mut self, n: u32) -> Result<usize, Refusal> {
        let task_id = self.task_id(n);
        self.act(&actor(n, "handler"), &CaseCommand::TaskAccept { task_id })
    }

    pub fn finish(&mut self, n: u32) -> Result<usize, Refusal> {
        let command = CaseCommand::TaskFinish {
            task_id: self.task_id(n),
            result: Some(note(500)),
            inspection_id: self.id(),
        };
        self.act(&actor(n, "handler"), &command)
    }

    pub fn inspect(&mut self, failed: &[Id]) -> Result<usize, Refusal> {
        self.act(
            &actor(0, "inspector"),
            &CaseCommand::InspectResult {
                passed: failed.is_empty(),
                failed_task_ids: failed.to_vec(),
                opinion: Some(note(501)),
            },
        )
    }

    pub fn close(&mut self) -> Result<usize, Refusal> {
        self.act(
            &actor(0, "shift_leader"),
            &CaseCommand::Close {
                rule_row_id: Some(RULE),
                opinion: None,
            },
        )
    }

    /// Through the loop until the case is in `stage`.
    pub fn until(stage: casework::model::CaseStage) -> Self {
        use casework::model::CaseStage as S;
        let mut world = Self::new();
        let steps: [(S, Step); 5] = [
            (S::Filed, Self::file),
            (S::Handling, Self::dispatch),
            (S::Inspecting, |w| {
                w.accept(1).unwrap();
                w.accept(2).unwrap();
                w.finish(2).unwrap();
                w.finish(1).unwrap();
            }),
            (S::Closing, |w| {
                w.inspect(&[]).unwrap();
            }),
            (S::Closed, |w| {
                w.close().unwrap();
            }),
        ];
        for (reached, step) in steps {
            if world.case.stage == stage {
                break;
            }
            step(&mut world);
            assert_eq!(world.case.stage, reached);
        }
        assert_eq!(world.case.stage, stage);
        world
    }
}
