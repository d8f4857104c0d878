//! The law of what is brought in, over random histories.

use crate::world::*;
use base::{Id, Timestamp};
use casework::lifecycle::bring_in::{self, CaseHistory, End, Given, ReportHistory, Source};
use casework::lifecycle::case::{self, CaseOpened};
use casework::lifecycle::report::{self, ReportReceived};
use casework::lifecycle::{Circumstances, Event, Fact, Refusal, read_fact};
use casework::model::{CaseStage, Digest, Level, NoteRef, ReportStage};
use casework::statistics::{ObligationKind, of_case};
use proptest::prelude::*;

fn note(n: i64) -> NoteRef {
    NoteRef {
        id: Id(n),
        digest: Digest("cd".repeat(32)),
    }
}

fn opened() -> CaseOpened {
    CaseOpened {
        case_id: Id(1),
        case_no: "310118-20261121-00001".to_owned(),
        report_ids: vec![REPORT],
        split_from: None,
        source: "hotline".to_owned(),
        level: Level::Normal,
        category_id: Some(CATEGORY),
        area_path: Some(base::path::TreePath::root(1).unwrap()),
        point: None,
        component: None,
        words: Digest("ab".repeat(32)),
        organisation: organisation(0),
        reported_by: Vec::new(),
    }
}

fn received() -> ReportReceived {
    ReportReceived {
        report_id: REPORT,
        report_no: "SQ310118-20261121-00001".to_owned(),
        source: "hotline".to_owned(),
        level: Level::Normal,
        words: Digest("ef".repeat(32)),
        area_path: None,
        point: None,
        external: None,
        clock: None,
    }
}

/// Minutes before now of each step, in any order; none where there was none.
#[derive(Clone, Debug)]
struct Steps {
    opened: i64,
    filed: Option<i64>,
    given: Option<i64>,
    due: Option<i64>,
    ended: Option<(i64, i64, bool)>,
}

fn any_steps() -> impl Strategy<Value = Steps> {
    let minutes = || -20_i64..4_000;
    (
        0_i64..8_000,
        prop::option::of(minutes()),
        prop::option::of(minutes()),
        prop::option::of(-5_000_i64..8_000),
        prop::option::of((minutes(), minutes(), any::<bool>())),
    )
        .prop_map(|(opened, filed, given, due, ended)| Steps {
            opened,
            filed,
            given,
            due,
            ended,
        })
}

fn ago(minutes: i64) -> Timestamp {
    START.plus_seconds(-minutes * 60)
}

impl Steps {
    fn history(&self) -> CaseHistory {
        CaseHistory {
            filed_at: self.filed.map(ago),
            given: self.given.map(|at| Given {
                task_id: Id(500),
                organisation: organisation(1),
                at: ago(at),
                due_at: self.due.map(ago),
            }),
            end: self.ended.map(|(handled, at, closed)| {
                let at = ago(at);
                if closed {
                    End::Closed {
                        handled_at: ago(handled),
                        at,
                        result: Some(note(600)),
                    }
                } else {
                    let reason = note(601);
                    End::Cancelled { at, reason }
                }
            }),
        }
    }

    /// Whether the steps follow each other and none lies ahead.
    fn is_in_order(&self) -> bool {
        let ends = match self.ended {
            None => vec![],
            Some((handled, at, true)) => vec![handled, at],
            Some((_, at, false)) => vec![at],
        };
        let steps: Vec<i64> = [Some(self.opened), self.filed, self.given]
            .into_iter()
            .flatten()
            .chain(ends)
            .collect();
        steps.is_sorted_by(|a, b| a >= b) && steps.iter().all(|minutes| *minutes >= 0)
    }
}

/// As it was written and read again.
fn reread<F: Fact + Clone>(events: &[Event<F>]) -> Vec<Event<F>> {
    let read = |event: &Event<F>| Event {
        fact: read_fact(
            casework::lifecycle::EVENT_SCHEMA,
            &serde_json::to_string(&event.fact).unwrap(),
        )
        .unwrap(),
        ..event.clone()
    };
    events.iter().map(read).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_follows_in_order_is_a_life_of_a_case_and_nothing_else_is(steps in any_steps()) {
        let (process, by) = (process(), actor(0, "shift_leader"));
        let circumstances = Circumstances {
            recorded_at: START,
            occurred_at: START,
            actor: Some(&by),
            process: &process,
            reckoner: &TenHours,
            rule: None,
            category_has_rules: true,
            suggested: None,
        };
        let source = Source { system: "old".to_owned(), id: "7".to_owned(), told: Some(note(602)) };
        let history = steps.history();
        let made = bring_in::case(&opened(), ago(steps.opened), &history, &source, &circumstances);
        if !steps.is_in_order() {
            let is_of_order = |refusal: &Refusal| {
                matches!(refusal, Refusal::OccurredInFuture | Refusal::OccurredTooEarly { .. })
            };
            prop_assert!(made.as_ref().is_err_and(is_of_order));
            return Ok(());
        }
        let events = made.unwrap();
        prop_assert_eq!(&reread(&events), &events);
        let case = case::replay(&events).unwrap();
        prop_assert_eq!(case.version, i64::try_from(events.len()).unwrap());
        let expected = match (&history.end, &history.given) {
            (Some(End::Closed { .. }), _) => CaseStage::Closed,
            (Some(End::Cancelled { .. }), _) => CaseStage::Cancelled,
            (None, Some(_)) => CaseStage::Handling,
            (None, None) if history.filed_at.is_some() => CaseStage::Filed,
            (None, None) => CaseStage::Accepted,
        };
        prop_assert_eq!(case.stage, expected);
        // What has ended leaves nothing to do; what has not leaves one thing.
        let open = case.tasks.iter().filter(|task| task.is_open()).count();
        prop_assert_eq!(open, usize::from(expected == CaseStage::Handling));
        // Nobody of ours did it, but for bringing it in.
        let (marker, before) = events.split_last().unwrap();
        prop_assert!(before.iter().all(|event| event.by.is_none() && event.occurred_at <= START));
        prop_assert_eq!(marker.fact.kind(), "case_brought_in");
        prop_assert_eq!(case.extra.links.brought_in.as_ref().unwrap().at, START);
        // No desk of ours is held to what another system did; who handled is held to a deadline that was given.
        let obligations = of_case(&events, &process);
        let handled = obligations.iter().filter(|each| each.kind == ObligationKind::Handle).count();
        let asked = match (&history.given, &history.end) {
            (Some(given), Some(End::Closed { .. })) => given.due_at.is_some(),
            (Some(_), None) => true,
            _ => false,
        };
        prop_assert_eq!(handled, usize::from(asked));
        for each in &obligations {
            prop_assert!(each.person.is_none());
            let is_desk = matches!(each.kind, ObligationKind::File | ObligationKind::Dispatch | ObligationKind::Archive);
            prop_assert!(!is_desk || (each.at >= START && each.marks.0 == 0));
        }

        let ended = history.end.as_ref().map(End::stage);
        let told = ReportHistory::Accepted { case_id: Id(1), process: process.reference.clone(), ended };
        let events = bring_in::report(received(), ago(steps.opened), &told, &source, &circumstances).unwrap();
        prop_assert_eq!(&reread(&events), &events);
        let report = report::replay(&events).unwrap();
        let settled = if ended.is_some() { ReportStage::Settled } else { ReportStage::Accepted };
        prop_assert_eq!(report.stage, settled);
        prop_assert_eq!(report.settled_at, ended.map(|(at, _)| at));
    }
}
