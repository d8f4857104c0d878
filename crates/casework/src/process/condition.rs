//! Conditions of actions: one CEL expression over the case, e.g. `case.level != "normal" || case.rework_count == 0`.
//!
//! What may stand in one is a small part of the language, so that each is bounded and its type is known before anybody acts by it:
//! the variables of [`VARIABLES`], literals, lists of literals, `! && || == != < <= > >= + - in ?:` and `startsWith`, `endsWith`,
//! `contains`, `size`. No macros, no maps, no division. A condition is compiled once for each version of a process.

use crate::lifecycle::Circumstances;
use crate::model::{Case, CaseStage, Level};
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use cel::{Context, IdedExpr, Program, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The longest condition, in characters.
pub const CHARACTERS_MAX: usize = 500;
/// How deep brackets may stand in one another, and how many `?` there may be.
const DEPTH_MAX: usize = 12;

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Text => "string",
        })
    }
}

/// What a condition may speak of: its name, its type and what it is.
pub const VARIABLES: &[(&str, Kind, &str)] = &[
    ("case.level", Kind::Text, "`normal`, `urgent` or `critical`"),
    ("case.stage", Kind::Text, "the stage before the action"),
    ("case.source", Kind::Text, "the code of its source"),
    (
        "case.category_id",
        Kind::Text,
        "the id of its category; empty without one",
    ),
    (
        "case.area_path",
        Kind::Text,
        "the path of its area; empty without one",
    ),
    (
        "case.has_place",
        Kind::Bool,
        "whether it has a point or an area",
    ),
    (
        "case.minutes_open",
        Kind::Int,
        "minutes since it was accepted",
    ),
    (
        "case.is_overdue",
        Kind::Bool,
        "whether the clock of its stage has run out",
    ),
    (
        "case.rework_count",
        Kind::Int,
        "how often an inspection failed",
    ),
    (
        "case.return_count",
        Kind::Int,
        "how often it came back to dispatch",
    ),
    (
        "case.redo_count",
        Kind::Int,
        "how often a reporter had it done again",
    ),
    ("case.urged_count", Kind::Int, "how often it was urged"),
    (
        "case.handler_count",
        Kind::Int,
        "handling tasks that were not returned or revoked",
    ),
    (
        "case.is_verified",
        Kind::Bool,
        "whether the last verification found it true",
    ),
    ("case.is_important", Kind::Bool, "whether it is marked"),
    (
        "case.is_supervised",
        Kind::Bool,
        "whether a supervision is in force",
    ),
    (
        "case.is_suspended",
        Kind::Bool,
        "whether a task of it stands still",
    ),
    (
        "case.is_self_handled",
        Kind::Bool,
        "whether who found it handled it",
    ),
    (
        "actor.role",
        Kind::Text,
        "the role acted in; empty for the platform itself",
    ),
];

/// A condition that makes sense.
#[derive(Clone)]
pub struct Condition {
    text: String,
    program: Arc<Program>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?})", self.text)
    }
}

impl Eq for Condition {}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Condition {
    /// Compiles a condition; or why it makes no sense.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("a condition says something".to_owned());
        }
        if text.chars().count() > CHARACTERS_MAX {
            return Err(format!(
                "a condition has at most {CHARACTERS_MAX} characters"
            ));
        }
        check_depth(text)?;
        let program = Program::compile(text).map_err(|errors| {
            let first = errors.errors.first();
            first.map_or_else(|| "it does not parse".to_owned(), ToString::to_string)
        })?;
        match kind_of(program.expression())? {
            Kind::Bool => Ok(Self {
                text: text.to_owned(),
                program: Arc::new(program),
            }),
            other => Err(format!("a condition is a bool, this is a {other}")),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds. A sum that leaves the range of numbers holds nothing.
    pub fn holds(&self, case: &Case, circumstances: &Circumstances<'_>) -> bool {
        let mut context = Context::default();
        let (of_case, of_actor) = values(case, circumstances);
        context.add_variable_from_value("case", of_case);
        context.add_variable_from_value("actor", of_actor);
        matches!(self.program.execute(&context), Ok(Value::Bool(true)))
    }
}

fn values(
    case: &Case,
    circumstances: &Circumstances<'_>,
) -> (HashMap<String, Value>, HashMap<String, Value>) {
    let at = circumstances.occurred_at;
    let overlays = &case.extra.overlays;
    let handling = &case.extra.handling;
    let text = |text: &str| Value::String(Arc::new(text.to_owned()));
    let count = |count: usize| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    let live = case.handle_tasks().filter(|task| !task.is_withdrawn());
    let path = case.area_path.as_ref();
    let category = case.category_id.map(|id| id.to_string());
    let mut of_case = HashMap::new();
    for (name, value) in [
        ("level", text(case.level.as_str())),
        ("stage", text(stage_shown(case).as_str())),
        ("source", text(&case.source)),
        ("category_id", text(category.as_deref().unwrap_or_default())),
        ("area_path", text(path.map_or("", |path| path.as_str()))),
        (
            "has_place",
            Value::Bool(case.point.is_some() || path.is_some()),
        ),
        (
            "minutes_open",
            Value::Int((at.0 - case.accepted_at.0) / 60_000_000),
        ),
        (
            "is_overdue",
            Value::Bool(case.clock.is_some_and(|clock| clock.is_overdue(at))),
        ),
        ("rework_count", Value::Int(case.rework_count)),
        ("return_count", Value::Int(handling.return_count)),
        ("redo_count", Value::Int(case.extra.links.redo_count)),
        ("urged_count", Value::Int(overlays.urged_count)),
        ("handler_count", count(live.count())),
        ("is_verified", Value::Bool(handling.verified == Some(true))),
        ("is_important", Value::Bool(overlays.important)),
        ("is_supervised", Value::Bool(overlays.is_supervised())),
        ("is_suspended", Value::Bool(case.is_suspended())),
        ("is_self_handled", Value::Bool(handling.self_handled)),
    ] {
        of_case.insert(name.to_owned(), value);
    }
    let role = circumstances.actor.map_or("", |actor| actor.role.as_str());
    let of_actor = HashMap::from([("role".to_owned(), text(role))]);
    (of_case, of_actor)
}

/// A case that nobody leads is dispatched again, whatever its stage is called.
fn stage_shown(case: &Case) -> CaseStage {
    if case.awaits_dispatch() {
        CaseStage::Filed
    } else {
        case.stage
    }
}

/// Before anything recursive looks at it.
fn check_depth(text: &str) -> Result<(), String> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for character in text.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let questions = text.chars().filter(|character| *character == '?').count();
    if deepest > DEPTH_MAX || questions > DEPTH_MAX {
        return Err(format!("brackets and `?` go at most {DEPTH_MAX} deep"));
    }
    Ok(())
}

fn kind_of(expression: &IdedExpr) -> Result<Kind, String> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Ok(Kind::Bool),
        Expr::Literal(LiteralValue::Int(_)) => Ok(Kind::Int),
        Expr::Literal(LiteralValue::String(_)) => Ok(Kind::Text),
        Expr::Literal(_) => Err("numbers are whole, texts are texts".to_owned()),
        Expr::Select(select) => {
            let Expr::Ident(root) = &select.operand.expr else {
                return Err("only `case.…` and `actor.…` have parts".to_owned());
            };
            if select.test {
                return Err("`has` is not for conditions: everything is there".to_owned());
            }
            let name = format!("{root}.{}", select.field);
            VARIABLES
                .iter()
                .find(|(known, ..)| *known == name)
                .map(|(_, kind, _)| *kind)
                .ok_or_else(|| format!("there is no `{name}`"))
        }
        Expr::Ident(name) => Err(format!("there is no `{name}`")),
        Expr::Call(call) => kind_of_call(call),
        Expr::List(_) => Err("a list stands only to the right of `in`".to_owned()),
        Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
            Err("macros, maps and structures are not for conditions".to_owned())
        }
    }
}

/// Refuses a comparison with a word that the variable never is: it would hold never, or always, and nobody would notice.
fn check_words(one: &IdedExpr, other: &IdedExpr) -> Result<(), String> {
    let (Expr::Select(select), Expr::Literal(LiteralValue::String(word))) =
        (&one.expr, &other.expr)
    else {
        return Ok(());
    };
    let word: &str = word.inner();
    let is_one = match select.field.as_str() {
        "level" => Level::parse(word).is_some(),
        "stage" => CaseStage::parse(word).is_some(),
        _ => true,
    };
    if is_one {
        Ok(())
    } else {
        Err(format!("`case.{}` is never '{word}'", select.field))
    }
}

fn kind_of_call(call: &CallExpr) -> Result<Kind, String> {
    if call.func_name == op::IN {
        return kind_of_in(call);
    }
    let mut kinds = Vec::with_capacity(3);
    for argument in call.target.as_deref().into_iter().chain(&call.args) {
        kinds.push(kind_of(argument)?);
    }
    if matches!(call.func_name.as_str(), op::EQUALS | op::NOT_EQUALS)
        && let [left, right] = call.args.as_slice()
    {
        check_words(left, right)?;
        check_words(right, left)?;
    }
    let found = match (call.func_name.as_str(), kinds.as_slice()) {
        (op::LOGICAL_AND | op::LOGICAL_OR, [Kind::Bool, Kind::Bool])
        | (op::LOGICAL_NOT, [Kind::Bool])
        | ("startsWith" | "endsWith" | "contains", [Kind::Text, Kind::Text])
        | (
            op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS,
            [Kind::Int, Kind::Int] | [Kind::Text, Kind::Text],
        ) => Some(Kind::Bool),
        (op::EQUALS | op::NOT_EQUALS, [left, right]) if left == right => Some(Kind::Bool),
        (op::ADD | op::SUBSTRACT, [Kind::Int, Kind::Int]) | (op::NEGATE, [Kind::Int]) => {
            Some(Kind::Int)
        }
        ("size", [Kind::Text]) => Some(Kind::Int),
        (op::CONDITIONAL, [Kind::Bool, yes, no]) if yes == no => Some(*yes),
        _ => None,
    };
    found.ok_or_else(|| {
        let given: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        let name = call.func_name.trim_matches(['_', '@']);
        format!("`{name}` is not for ({})", given.join(", "))
    })
}

/// `x in [a, b]`, all of one type.
fn kind_of_in(call: &CallExpr) -> Result<Kind, String> {
    let [one, list] = call.args.as_slice() else {
        return Err("`in` stands between two things".to_owned());
    };
    let Expr::List(list) = &list.expr else {
        return Err("to the right of `in` stands a list".to_owned());
    };
    let kind = kind_of(one)?;
    for element in &list.elements {
        let Expr::Literal(_) = &element.expr else {
            return Err("a list holds literals".to_owned());
        };
        let other = kind_of(element)?;
        if other != kind {
            return Err(format!("a {kind} is not in a list of {other}s"));
        }
        check_words(one, element)?;
    }
    Ok(Kind::Bool)
}
