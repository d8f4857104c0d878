//! Problem codes: each one stands in its room's list, and each listed one has a title in every language.
//!
//! A room lists its codes in `pub const PROBLEM_CODES: &[&str]` and `pub const FIELD_CODES: &[&str]`. A code in
//! the sources is a literal given to `Problem::new(kind, "code", …)` or `FieldError::new(field, "code", …)`, or, in a room that
//! lists codes at all, any literal in the body of a function `code`. Titles stand in `translations/<language>.toml` of the room.

use super::source::{
    arguments, bracketed, crate_of, is_test_file, line_of, literal, literals, without_comments,
    without_tests,
};
use super::{Finding, Tree};
use std::collections::{BTreeMap, BTreeSet};

const LANGUAGES: &[&str] = &["zh-CN", "en"];
/// Rooms whose codes every room may use.
const SHARED: &[&str] = &["base", "wire"];
const EXEMPT: &[&str] = &["bench", "xtask"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Problem,
    Field,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Problem, Self::Field];

    fn list(self) -> &'static str {
        match self {
            Self::Problem => "PROBLEM_CODES",
            Self::Field => "FIELD_CODES",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Field => "field",
        }
    }

    fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Problem => &["Problem::new(", "Self::new("],
            Self::Field => &["FieldError::new("],
        }
    }
}

/// The lists of all rooms: kind and room to its codes.
fn lists(tree: &Tree) -> BTreeMap<(Kind, &str), BTreeSet<&str>> {
    let mut lists: BTreeMap<(Kind, &str), BTreeSet<&str>> = BTreeMap::new();
    for (path, text) in tree.ending(".rs") {
        let Some(room) = crate_of(path).filter(|room| !EXEMPT.contains(room)) else {
            continue;
        };
        for kind in Kind::ALL {
            let Some(at) = text.find(&format!("pub const {}: &[&str] = &[", kind.list())) else {
                continue;
            };
            let open = text
                .get(at..)
                .and_then(|rest| rest.find("= &["))
                .map(|found| at + found + 3);
            let inside = open
                .and_then(|open| bracketed(text, open))
                .unwrap_or_default();
            lists
                .entry((kind, room))
                .or_default()
                .extend(literals(inside));
        }
    }
    lists
}

/// Every code in the sources stands in a list.
pub fn listed(tree: &Tree) -> Vec<Finding> {
    let lists = lists(tree);
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let Some(room) = crate_of(path) else { continue };
        if EXEMPT.contains(&room) || is_test_file(path) {
            continue;
        }
        let code = without_comments(without_tests(text));
        let stands_in = |kind: Kind, word: &str| {
            let places = SHARED.iter().chain([&room]);
            let mut found = places.filter_map(|place| lists.get(&(kind, *place)));
            found.any(|codes| codes.contains(word))
        };
        for (kind, at, word) in codes_in(&code) {
            if !stands_in(kind, word) {
                let message = format!("`{word}` does not stand in {} of `{room}`", kind.list());
                findings.push(Finding::new(path, line_of(&code, at), message));
            }
        }
        let lists_codes = Kind::ALL
            .iter()
            .any(|kind| lists.contains_key(&(*kind, room)));
        for (at, word) in words_of_code(&code) {
            let known = Kind::ALL.iter().any(|kind| stands_in(*kind, word));
            if lists_codes && !known {
                let message = format!("`{word}` stands in no list of codes of `{room}`");
                findings.push(Finding::new(path, line_of(&code, at), message));
            }
        }
    }
    findings
}

fn codes_in(code: &str) -> Vec<(Kind, usize, &str)> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        for call in kind.calls() {
            for (at, _) in code.match_indices(call) {
                let given = arguments(code, at + call.len() - 1);
                // `Self::new(` is many things; a problem's begins with its kind.
                let is_meant = *call != "Self::new("
                    || given
                        .first()
                        .is_some_and(|first| first.contains("FailureKind::"));
                if !is_meant {
                    continue;
                }
                if let Some(word) = given.get(1).and_then(|argument| literal(argument)) {
                    found.push((kind, at, word));
                }
            }
        }
    }
    found
}

/// The literals in the bodies of functions `code`.
fn words_of_code(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn code(") {
        let rest = code.get(at..).unwrap_or_default();
        let body = rest.find('{').and_then(|open| bracketed(code, at + open));
        let words = literals(body.unwrap_or_default()).into_iter();
        found.extend(words.map(|word| (at, word)));
    }
    found
}

/// Every listed code has a title in each language, and every title a code.
pub fn translated(tree: &Tree) -> Vec<Finding> {
    let lists = lists(tree);
    let mut findings = Vec::new();
    for language in LANGUAGES {
        let end = format!("/translations/{language}.toml");
        let mut titles: BTreeMap<(Kind, String), &str> = BTreeMap::new();
        for (path, text) in tree.ending(&end) {
            let table: toml::Table = match text.parse() {
                Ok(table) => table,
                Err(error) => {
                    findings.push(Finding::new(path, 0, format!("not TOML: {error}")));
                    continue;
                }
            };
            for kind in Kind::ALL {
                let rows = table.get(kind.table()).and_then(toml::Value::as_table);
                for (code, title) in rows.into_iter().flatten() {
                    if title.as_str().is_none_or(|title| title.trim().is_empty()) {
                        findings.push(Finding::new(
                            path,
                            0,
                            format!("`{code}` has an empty title"),
                        ));
                    }
                    titles.insert((kind, code.clone()), path);
                }
            }
        }
        for ((kind, room), codes) in &lists {
            for code in codes {
                if titles.remove(&(*kind, (*code).to_owned())).is_none()
                    && !listed_before(&lists, *kind, room, code)
                {
                    let message =
                        format!("`{code}` has no title in [{}] of {language}", kind.table());
                    findings.push(Finding::new(
                        &format!("crates/{room}/src/lib.rs"),
                        0,
                        message,
                    ));
                }
            }
        }
        for ((kind, code), path) in titles {
            let message = format!(
                "`{code}` in [{}] is the title of no listed code",
                kind.table()
            );
            findings.push(Finding::new(path, 0, message));
        }
    }
    findings
}

/// Whether a room that sorts before this one lists the same code, and so used up its title.
fn listed_before(
    lists: &BTreeMap<(Kind, &str), BTreeSet<&str>>,
    kind: Kind,
    room: &str,
    code: &str,
) -> bool {
    lists.iter().any(|((other_kind, other), codes)| {
        *other_kind == kind && *other < room && codes.contains(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: (&str, &str) = (
        "crates/casework/src/lib.rs",
        "//! x\npub const PROBLEM_CODES: &[&str] = &[\n    \"case_closed\",\n];\npub const FIELD_CODES: &[&str] = &[\"too_long\"];\n",
    );
    const CHINESE: (&str, &str) = (
        "crates/casework/translations/zh-CN.toml",
        "[problem]\ncase_closed = \"案件已结案\"\n[field]\ntoo_long = \"过长\"\n",
    );
    const ENGLISH: (&str, &str) = (
        "crates/casework/translations/en.toml",
        "[problem]\ncase_closed = \"The case is closed\"\n[field]\ntoo_long = \"Too long\"\n",
    );

    fn unlisted(text: &str) -> usize {
        listed(&Tree::of(&[LIST, ("crates/casework/src/service.rs", text)])).len()
    }

    #[test]
    fn listed_codes_pass() {
        assert_eq!(
            unlisted("Problem::new(kind(a, b), \"case_closed\", \"It is, well, closed.\")"),
            0
        );
        assert_eq!(
            unlisted("FieldError::new(format!(\"tasks[{}].x\", i), \"too_long\", \"…\")"),
            0
        );
        assert_eq!(
            unlisted("fn code(&self) -> &'static str { match self { A => \"case_closed\" } }"),
            0
        );
        assert_eq!(unlisted("Problem::new(kind, code, detail)"), 0);
        assert_eq!(unlisted("Self::new(1, \"not_a_code\")"), 0);
    }

    #[test]
    fn codes_outside_the_list_are_found() {
        assert_eq!(
            unlisted("Problem::new(\n    kind,\n    \"case_lost\",\n    \"x\",\n)"),
            1
        );
        assert_eq!(
            unlisted("Self::new(FailureKind::Busy, \"case_lost\", \"x\")"),
            1
        );
        assert_eq!(unlisted("FieldError::new(\"a\", \"too_red\", \"…\")"), 1);
        assert_eq!(
            unlisted("fn code(&self) -> &'static str { match self { A => \"case_lost\" } }"),
            1
        );
    }

    #[test]
    fn a_code_without_a_title_in_some_language_is_found() {
        assert_eq!(translated(&Tree::of(&[LIST, CHINESE, ENGLISH])), []);
        assert_eq!(translated(&Tree::of(&[LIST, CHINESE])).len(), 2);
        let half = (
            "crates/casework/translations/en.toml",
            "[problem]\ncase_closed = \"\"\n",
        );
        assert_eq!(translated(&Tree::of(&[LIST, CHINESE, half])).len(), 2);
    }

    #[test]
    fn a_title_of_no_code_is_found() {
        let stale = (
            "crates/server/translations/en.toml",
            "[problem]\ncase_gone = \"Gone\"\n",
        );
        assert_eq!(
            translated(&Tree::of(&[LIST, CHINESE, ENGLISH, stale])).len(),
            1
        );
    }

    #[test]
    fn two_rooms_may_share_a_code_and_its_title() {
        let other = (
            "crates/portal/src/lib.rs",
            "pub const PROBLEM_CODES: &[&str] = &[\"case_closed\"];",
        );
        assert_eq!(translated(&Tree::of(&[LIST, CHINESE, ENGLISH, other])), []);
    }
}
