//! The law of ties between reports and cases over random commands: a report is under way exactly while a case of it is, and
//! nobody is lost by joining, splitting and merging.

use crate::world::*;
use base::Id;
use casework::lifecycle::case::{self, CaseFact, CaseOpened};
use casework::lifecycle::decide::{self, CaseCommand};
use casework::lifecycle::links::LinkCommand;
use casework::lifecycle::report::{self, CallbackNew, ReportCommand, ReportFact, ReportReceived};
use casework::lifecycle::{Circumstances, Event};
use casework::model::{Actor, Case, CaseStage, Digest, Level, Report, ReportStage};
use casework::process::Process;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Move {
    Receive,
    /// Report, how many cases to open, which to join.
    Accept(u8, u8, Vec<u8>),
    Join(u8, u8),
    Split(u8, u8),
    Merge(u8, u8),
    Close(u8),
    Reopen(u8),
    Withdraw(u8),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => Just(Move::Receive),
        4 => (any::<u8>(), 0_u8..3, prop::collection::vec(any::<u8>(), 0..3))
            .prop_map(|(report, open, join)| Move::Accept(report, open, join)),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(report, case)| Move::Join(report, case)),
        1 => (any::<u8>(), 1_u8..3).prop_map(|(case, parts)| Move::Split(case, parts)),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(from, into)| Move::Merge(from, into)),
        4 => any::<u8>().prop_map(Move::Close),
        1 => any::<u8>().prop_map(Move::Reopen),
        1 => any::<u8>().prop_map(Move::Withdraw),
    ]
}

fn join(report_id: Id) -> LinkCommand {
    LinkCommand::Join {
        report_id,
        reported_by: organisation(u32::try_from(report_id.0 % 3).unwrap()),
    }
}

/// Reports and cases, moved as the service moves them.
struct Desk {
    process: Process,
    clerk: Actor,
    reports: Vec<Report>,
    cases: Vec<Case>,
}

impl Desk {
    fn new() -> Self {
        Self {
            process: process(),
            clerk: actor(0, "intake_clerk"),
            reports: Vec::new(),
            cases: Vec::new(),
        }
    }

    fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            recorded_at: START,
            occurred_at: START,
            actor: Some(&self.clerk),
            process: &self.process,
            reckoner: &TenHours,
            rule: None,
            category_has_rules: true,
            suggested: None,
        }
    }

    fn event<F>(&self, fact: F) -> Event<F> {
        Event {
            occurred_at: START,
            recorded_at: START,
            by: Some(self.clerk.clone()),
            fact,
        }
    }

    fn receive(&mut self) {
        let event = self.event(ReportFact::ReportReceived(ReportReceived {
            report_id: Id(1_000 + i64::try_from(self.reports.len()).unwrap()),
            report_no: "SQ".to_owned(),
            source: "hotline".to_owned(),
            level: Level::Normal,
            words: Digest(String::new()),
            area_path: None,
            point: None,
            external: None,
            clock: None,
        }));
        self.reports.push(report::begin(&event).unwrap());
    }

    fn next_case(&self) -> Id {
        Id(1 + i64::try_from(self.cases.len()).unwrap())
    }

    fn begin(&mut self, report_ids: Vec<Id>, split_from: Option<Id>) -> Id {
        let case = CaseOpened {
            case_id: self.next_case(),
            report_ids,
            split_from,
            ..opened()
        };
        let event = decide::open(&case, &self.circumstances()).unwrap();
        self.cases.push(case::begin(&event).unwrap());
        case.case_id
    }

    fn link(&self, n: usize, command: LinkCommand) -> Option<Case> {
        let command = CaseCommand::Link(command);
        let events = decide::decide(&self.cases[n], &command, &self.circumstances()).ok()?;
        Some(events.iter().fold(self.cases[n].clone(), case::evolve))
    }

    fn report(&self, n: usize, command: &ReportCommand) -> Option<Report> {
        let events = report::decide(&self.reports[n], command, &self.circumstances()).ok()?;
        Some(events.iter().fold(self.reports[n].clone(), report::evolve))
    }

    /// Tells every report tied to a case.
    fn tell(&mut self, case_id: Id, command: &ReportCommand) {
        for n in 0..self.reports.len() {
            let tied = self.reports[n]
                .cases
                .iter()
                .any(|each| each.case_id == case_id);
            if tied && let Some(after) = self.report(n, command) {
                self.reports[n] = after;
            }
        }
    }

    fn case_at(&self, n: u8) -> Option<usize> {
        (!self.cases.is_empty()).then(|| usize::from(n) % self.cases.len())
    }

    fn report_at(&self, n: u8) -> Option<usize> {
        (!self.reports.is_empty()).then(|| usize::from(n) % self.reports.len())
    }

    fn accept(&mut self, report: usize, open: u8, joined: &[u8]) -> Option<()> {
        let report_id = self.reports[report].id;
        let mut joined: Vec<usize> = joined.iter().filter_map(|n| self.case_at(*n)).collect();
        joined.sort_unstable();
        joined.dedup();
        if open == 0 && joined.is_empty() {
            return None;
        }
        let next = self.next_case().0;
        let command = ReportCommand::Accept {
            case_ids: (0..i64::from(open)).map(|n| Id(next + n)).collect(),
            joined_case_ids: joined.iter().map(|n| self.cases[*n].id).collect(),
        };
        let after = self.report(report, &command)?;
        let cases: Option<Vec<_>> = joined
            .iter()
            .map(|n| self.link(*n, join(report_id)))
            .collect();
        for (n, case) in joined.iter().zip(cases?) {
            self.cases[*n] = case;
        }
        for _ in 0..open {
            self.begin(vec![report_id], None);
        }
        self.reports[report] = after;
        Some(())
    }

    fn merge(&mut self, from: usize, into: usize) -> Option<()> {
        let (case_id, into_case_id) = (self.cases[from].id, self.cases[into].id);
        if from == into {
            return None;
        }
        let absorb = LinkCommand::Absorb {
            case_id,
            report_ids: vec![],
            reported_by: vec![organisation(1)],
        };
        let merged = self.link(from, LinkCommand::Merge { into_case_id })?;
        let grown = self.link(into, absorb)?;
        self.cases[from] = merged;
        self.cases[into] = grown;
        let moved = ReportCommand::CaseMoved {
            case_id,
            into_case_id,
        };
        self.tell(case_id, &moved);
        Some(())
    }

    fn split(&mut self, n: usize, parts: u8) -> Option<()> {
        let case_id = self.cases[n].id;
        let next = self.next_case().0;
        let case_ids: Vec<Id> = (0..i64::from(parts)).map(|part| Id(next + part)).collect();
        let command = LinkCommand::Split {
            case_ids: case_ids.clone(),
        };
        self.cases[n] = self.link(n, command)?;
        for part in case_ids {
            // Whoever may split may act in this tale as the clerk.
            self.begin(vec![], Some(case_id));
            self.tell(case_id, &ReportCommand::CaseAdded { case_id: part });
        }
        Some(())
    }

    fn close(&mut self, n: usize, stage: CaseStage) {
        let case_id = self.cases[n].id;
        let fact = CaseFact::CaseClosed {
            rule_row_id: None,
            rule_row_version: None,
            opinion: None,
        };
        if self.cases[n].stage.is_open() {
            let event = self.event(fact);
            self.cases[n] = case::evolve(self.cases[n].clone(), &event);
            let ended = ReportCommand::CaseEnded {
                case_id,
                outcome: stage,
                callback: CallbackNew {
                    task_id: Id(90),
                    organisation: organisation(0),
                },
            };
            self.tell(case_id, &ended);
        }
    }

    fn reopen(&mut self, n: usize) {
        if self.cases[n].stage == CaseStage::Closed {
            self.cases[n].stage = CaseStage::Handling;
            let case_id = self.cases[n].id;
            self.tell(case_id, &ReportCommand::CaseReopened { case_id });
        }
    }

    fn withdraw(&mut self, n: usize) -> Option<()> {
        let report = &self.reports[n];
        let command = ReportCommand::Withdraw {
            by_reporter: true,
            reason: note(1),
        };
        let after = self.report(n, &command)?;
        let ties = report.cases.iter().filter(|each| !each.closed);
        let cases: Vec<usize> = ties
            .map(|tie| {
                self.cases
                    .iter()
                    .position(|case| case.id == tie.case_id)
                    .unwrap()
            })
            .collect();
        let left: Option<Vec<_>> = cases
            .iter()
            .map(|case| {
                self.link(
                    *case,
                    LinkCommand::Leave {
                        report_id: report.id,
                    },
                )
            })
            .collect();
        for (place, case) in cases.iter().zip(left?) {
            self.cases[*place] = case;
        }
        self.reports[n] = after;
        Some(())
    }

    fn take(&mut self, chosen: &Move) {
        match chosen {
            Move::Receive => self.receive(),
            Move::Accept(report, open, join) => {
                if let Some(report) = self.report_at(*report) {
                    self.accept(report, *open, join);
                }
            }
            Move::Join(report, case) => {
                if let (Some(report), Some(case)) = (self.report_at(*report), self.case_at(*case)) {
                    let command = ReportCommand::Join {
                        case_id: self.cases[case].id,
                    };
                    let report_id = self.reports[report].id;
                    let (told, tied) = (
                        self.report(report, &command),
                        self.link(case, join(report_id)),
                    );
                    if let (Some(told), Some(tied)) = (told, tied) {
                        self.reports[report] = told;
                        self.cases[case] = tied;
                    }
                }
            }
            Move::Split(case, parts) => {
                if let Some(case) = self.case_at(*case) {
                    self.split(case, *parts);
                }
            }
            Move::Merge(from, into) => {
                if let (Some(from), Some(into)) = (self.case_at(*from), self.case_at(*into)) {
                    self.merge(from, into);
                }
            }
            Move::Close(case) => {
                if let Some(case) = self.case_at(*case) {
                    self.close(case, CaseStage::Closed);
                }
            }
            Move::Reopen(case) => {
                if let Some(case) = self.case_at(*case) {
                    self.reopen(case);
                }
            }
            Move::Withdraw(report) => {
                if let Some(report) = self.report_at(*report) {
                    self.withdraw(report);
                }
            }
        }
    }

    /// Where a case went by merging, to the end.
    fn goes_on_as(&self, case_id: Id) -> &Case {
        let mut case = self.cases.iter().find(|case| case.id == case_id).unwrap();
        while let Some(into) = case.extra.links.merged_into {
            case = self.cases.iter().find(|case| case.id == into).unwrap();
        }
        case
    }

    fn check(&self) {
        for report in &self.reports {
            let open = report.cases.iter().filter(|each| !each.closed).count();
            assert_eq!(
                open > 0,
                report.stage == ReportStage::Accepted,
                "{report:?}"
            );
            assert_eq!(
                report.settled_at.is_some(),
                report.stage > ReportStage::Accepted
            );
            for tie in &report.cases {
                let case = self
                    .cases
                    .iter()
                    .find(|case| case.id == tie.case_id)
                    .unwrap();
                let ended = !case.stage.is_open() || report.stage == ReportStage::Withdrawn;
                assert_eq!(tie.closed, ended, "{report:?}");
                // Nothing is lost by merging: the report is tied to whatever the case goes on as.
                if report.stage != ReportStage::Withdrawn {
                    let last = self.goes_on_as(case.id);
                    let tied = report.cases.iter().any(|each| each.case_id == last.id);
                    // Unless the case had ended for it before the merging, which never happens to an open case.
                    assert!(tied, "{report:?} lost {:?}", last.id);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_report_is_under_way_exactly_while_a_case_of_it_is(moves in prop::collection::vec(any_move(), 0..60)) {
        let mut desk = Desk::new();
        for chosen in &moves {
            desk.take(chosen);
            desk.check();
        }
    }
}

#[test]
fn the_random_desk_settles_merges_splits_and_withdraws() {
    // Guards the property above against holding only because nothing ever happens.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any_move(), 60);
    let (mut settled, mut merged, mut split, mut withdrawn, mut shared) = (0, 0, 0, 0, 0);
    for _ in 0..100 {
        let mut desk = Desk::new();
        for chosen in strategy.new_tree(&mut runner).unwrap().current() {
            desk.take(&chosen);
        }
        let stage = |wanted| {
            desk.reports
                .iter()
                .filter(|each| each.stage == wanted)
                .count()
        };
        settled += stage(ReportStage::Settled);
        withdrawn += stage(ReportStage::Withdrawn);
        shared += desk
            .cases
            .iter()
            .filter(|each| each.extra.links.joined_count > 0)
            .count();
        merged += desk
            .cases
            .iter()
            .filter(|each| each.stage == CaseStage::Merged)
            .count();
        split += desk
            .cases
            .iter()
            .filter(|each| each.extra.links.split_from.is_some())
            .count();
    }
    for count in [settled, merged, split, withdrawn, shared] {
        assert!(
            count > 20,
            "{settled} {merged} {split} {withdrawn} {shared}"
        );
    }
}
