//! Conditions of actions: which ones make sense, and what they allow.

use crate::world::*;
use base::path::TreePath;
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::course::CourseFact;
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::overlays::OverlayCommand;
use casework::lifecycle::{Circumstances, Fact};
use casework::model::{Actor, CaseStage, Level};
use casework::process::condition::{CHARACTERS_MAX, Condition, Kind, VARIABLES};
use casework::process::{Process, ProcessError};
use proptest::prelude::*;

fn process_with(action: &str, condition: &str) -> Result<Process, ProcessError> {
    let built_in = include_str!("../../processes/city-management.toml");
    let head = format!("[actions.{action}]\n");
    assert!(built_in.contains(&head), "{action}");
    let condition = condition.replace('"', "\\\"");
    let document = built_in.replace(&head, &format!("{head}condition = \"{condition}\"\n"));
    Process::load(&document, |_| true)
}

fn of<'a>(world: &World, actor: &'a Actor, process: &'a Process) -> Circumstances<'a> {
    Circumstances {
        recorded_at: world.now,
        occurred_at: world.now,
        actor: Some(actor),
        process,
        reckoner: &TenHours,
        rule: None,
        category_has_rules: true,
        suggested: None,
    }
}

#[test]
fn a_condition_that_makes_no_sense_is_refused_with_its_place_and_why() {
    for (condition, reason) in [
        ("", "says something"),
        ("case.level ==", "ERROR"),
        ("case.level", "a condition is a bool, this is a string"),
        (
            "case.rework_count + 1",
            "a condition is a bool, this is a int",
        ),
        ("case.colour == 'red'", "there is no `case.colour`"),
        ("level == 'normal'", "there is no `level`"),
        ("case.level == 1", "`==` is not for (string, int)"),
        ("case.level && true", "`&&` is not for (string, bool)"),
        ("case.level < 3", "`<` is not for (string, int)"),
        ("!case.rework_count", "`!` is not for (int)"),
        ("case.rework_count / 2 == 1", "`/` is not for (int, int)"),
        ("case.rework_count > 1.5", "numbers are whole"),
        ("case.level in ['normal', 1]", "not in a list of ints"),
        ("case.level in case.source", "stands a list"),
        ("case.level == 'urgnet'", "`case.level` is never 'urgnet'"),
        ("'' != case.stage", "`case.stage` is never ''"),
        ("case.stage in ['filed', 'open']", "is never 'open'"),
        ("['a'].all(x, x == 'a')", "macros"),
        ("[1, 2].exists(x, x > case.rework_count)", "macros"),
        ("has(case.level)", "not for conditions"),
        ("{'a': true}['a']", "macros, maps"),
        (
            "case.level.matches('(a+)+$')",
            "`matches` is not for (string, string)",
        ),
        ("true ? case.level : 1 == 1", "`?_:` is not for"),
        ("((((((((((((((true))))))))))))))", "12 deep"),
        ("b'abc' == b'abc'", "texts are texts"),
    ] {
        let error = Condition::parse(condition).unwrap_err();
        assert!(error.contains(reason), "{condition}: {error}");
    }
    let long = format!("'{}' == ''", "x".repeat(500));
    assert!(
        Condition::parse(&long)
            .unwrap_err()
            .contains("500 characters")
    );

    let error = process_with("case_close", "case.colour == 'red'").unwrap_err();
    assert_eq!(error.0.len(), 1);
    assert_eq!(error.0[0].place, "actions.case_close.condition");
    let error = process_with("report_accept", "case.level == 'normal'").unwrap_err();
    assert_eq!(error.0[0].place, "actions.report_accept.condition");
}

/// Pieces of which conditions are made, and of which none should be.
const PIECES: &[&str] = &[
    "case",
    ".",
    "level",
    "rework_count",
    "actor",
    "role",
    "is_important",
    "'normal'",
    "'",
    "\"",
    "1",
    "-9223372036854775808",
    "1u",
    "0x",
    "1e999",
    "true",
    "null",
    "b'",
    "r'",
    "\\",
    "\\u12",
    "\\377",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    " ",
    "!",
    "-",
    "+",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    " in ",
    "size",
    "contains",
    ".all(x, ",
    "has",
    "/",
    "%",
    "//",
    "`",
    "@",
    "城",
    "\u{0}",
    "\n",
];

/// Conditions that make sense, of any shape.
fn any_condition() -> impl Strategy<Value = String> {
    let of_kind = |wanted: Kind| {
        let named = VARIABLES.iter().filter(move |(_, kind, _)| *kind == wanted);
        named
            .map(|(name, ..)| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let number = prop_oneof![
        prop::sample::select(of_kind(Kind::Int)),
        (-3_i64..4).prop_map(|number| number.to_string()),
    ];
    let number =
        (number.clone(), number).prop_map(|(one, other)| format!("(-({one}) + {other} - {one})"));
    let text = [
        "case.source",
        "case.area_path",
        "actor.role",
        "'hotline'",
        "\"\"",
    ];
    let text = prop::sample::select(text.to_vec());
    let leaf = prop_oneof![
        prop::sample::select(of_kind(Kind::Bool)),
        (number.clone(), number).prop_map(|(one, other)| format!("{one} <= {other}")),
        (text.clone(), text.clone()).prop_map(|(one, other)| format!("{one} != {other}")),
        (text.clone(), text).prop_map(|(one, other)| format!("{one}.endsWith({other})")),
        Just("case.level in ['normal', 'urgent']".to_owned()),
        Just("size(actor.role) > case.rework_count".to_owned()),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) && {other}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} || ({other})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(when, yes, no)| format!("(({when}) ? ({yes}) : ({no}))")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_somebody_writes_is_a_condition_or_a_fault(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
    ) {
        let text = pieces.concat();
        match Condition::parse(&text) {
            Ok(condition) => prop_assert_eq!(condition.text(), text),
            Err(reason) => prop_assert!(!reason.is_empty(), "{text}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_passes_the_checks_either_holds_or_does_not(text in any_condition()) {
        prop_assume!(text.chars().count() <= CHARACTERS_MAX - 3);
        let world = World::until(CaseStage::Inspecting);
        let (actor, process) = (actor(0, "inspector"), process());
        let circumstances = of(&world, &actor, &process);
        let holds = |text: &str| match Condition::parse(text) {
            Ok(condition) => Ok(condition.holds(&world.case, &circumstances)),
            Err(reason) => Err(TestCaseError::fail(format!("{text}: {reason}"))),
        };
        prop_assert_ne!(holds(&text)?, holds(&format!("!({text})"))?, "{}", text);
    }
}

#[test]
fn a_condition_as_long_as_may_be_is_read_to_its_end() {
    for (piece, last, is_one) in [
        ("!", "true", true),
        ("1+", "1 < 0", true),
        ("true&&", "true", true),
        ("false||", "true", true),
        ("- ", "1 < 0", true),
        ("'", "", false),
        (".", "", false),
    ] {
        let text = format!(
            "{}{last}",
            piece.repeat((CHARACTERS_MAX - last.len()) / piece.len())
        );
        assert_eq!(Condition::parse(&text).is_ok(), is_one, "{text}");
    }
}

#[test]
fn every_variable_may_be_spoken_of_has_its_type_and_is_explained() {
    let page = include_str!("../../../../docs/PROCESSES.md");
    for (name, kind, what) in VARIABLES {
        let line = format!("| `{name}` | {kind} | {what} |");
        assert!(page.contains(&line), "{line}");
        let condition = match kind {
            Kind::Bool => (*name).to_owned(),
            Kind::Int => format!("{name} >= 0 && {name} - 1 < {name}"),
            Kind::Text => format!("{name}.startsWith('') && size({name}) >= 0"),
        };
        assert!(Condition::parse(&condition).is_ok(), "{condition}: {what}");
    }
}

#[test]
fn what_holds_of_a_case_is_what_it_says() {
    let mut world = World::until(CaseStage::Inspecting);
    world.wait(90);
    let mut case = world.case.clone();
    case.rework_count = 2;
    case.level = Level::Urgent;
    let actor = actor(0, "inspector");
    let process = process();
    let circumstances = of(&world, &actor, &process);
    let path = TreePath::root(7).unwrap().to_string();
    let holds = [
        "case.level == 'urgent' && actor.role == 'inspector'".to_owned(),
        "case.stage == 'inspecting'".to_owned(),
        "case.source == 'hotline' && case.category_id == '70'".to_owned(),
        format!("case.area_path == '{path}' && case.has_place"),
        "case.rework_count == 2 && case.handler_count == 2".to_owned(),
        "case.minutes_open >= 90".to_owned(),
        "case.level in ['urgent', 'critical'] ? case.rework_count > 1 : false".to_owned(),
        "!case.is_suspended && !case.is_supervised && !case.is_important".to_owned(),
        "case.rework_count + 1 > 2 || case.source.contains('x')".to_owned(),
    ];
    for condition in holds {
        let parsed = Condition::parse(&condition).unwrap();
        assert!(parsed.holds(&case, &circumstances), "{condition}");
        let not = Condition::parse(&format!("!({condition})")).unwrap();
        assert!(!not.holds(&case, &circumstances), "{condition}");
    }
    // What cannot be worked out holds nothing.
    let beyond = "case.rework_count + 9223372036854775807 > 0";
    assert!(
        !Condition::parse(beyond)
            .unwrap()
            .holds(&case, &circumstances)
    );
}

#[test]
fn an_action_is_refused_until_its_condition_holds_and_that_it_held_is_on_record() {
    let mut world = World::until(CaseStage::Closing);
    world.process =
        process_with("case_close", "case.is_important || case.level != 'normal'").unwrap();
    let before = world.case.clone();
    let refusal = world.close().unwrap_err();
    assert_eq!(refusal.code(), "condition_not_met");
    assert!(
        refusal
            .to_string()
            .contains("case_close only if case.is_important || case.level")
    );
    assert_eq!(world.case, before);
    let mark = OverlayCommand::Mark { important: true };
    let leader = actor(0, "shift_leader");
    world.act(&leader, &CaseCommand::Overlay(mark)).unwrap();
    world.close().unwrap();
    assert_eq!(world.case.stage, CaseStage::Closed);
    let [.., met, closed] = world.timeline.as_slice() else {
        panic!("{:?}", world.timeline);
    };
    assert_eq!(closed.fact.kind(), "case_closed");
    let CaseFact::Course(CourseFact::ConditionMet {
        operation,
        condition,
    }) = &met.fact
    else {
        panic!("{met:?}");
    };
    assert_eq!(operation, "case_close");
    assert_eq!(condition, "case.is_important || case.level != 'normal'");
}
